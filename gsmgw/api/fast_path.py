"""Handles each request before FastAPI: limits for its body, and the calls that must be fast."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gsmgw.api.context import Context
from gsmgw.api.routes.events import EventStream, open_events
from gsmgw.api.submit import Call, SubmitResponse, key_of, submit_batch, submit_one
from gsmgw.http.body_limits import FILES, BodyLimit, check_json, limit_of
from gsmgw.http.identity import principal_of
from gsmgw.http.problems import Problem, of_exception
from gsmgw.wire.problems import ProblemCode

log = logging.getLogger(__name__)

#: The type that curl gives to JSON by itself.
_FORM = b"application/x-www-form-urlencoded"
_JSON = b"application/json"

Fast = Callable[[Context, Scope, bytes], Awaitable[ASGIApp]]


def _submitting(call: Call) -> Fast:
    async def submit(context: Context, scope: Scope, raw: bytes) -> SubmitResponse:
        key = key_of([value.decode("latin-1") for name, value in scope["headers"] if name == b"idempotency-key"])
        return await call(context, principal_of(scope), raw, key)

    return submit


async def _events(context: Context, scope: Scope, raw: bytes) -> EventStream:
    return await open_events(context, scope)


FAST: Mapping[tuple[str, str], Fast] = {
    ("POST", "/v1/messages"): _submitting(submit_one),
    ("POST", "/v1/messages/batch"): _submitting(submit_batch),
    ("GET", "/v1/events"): _events,
}


class _Gone(Exception):
    """The client closed the connection before its request was complete."""


class FastPath:
    """Checks each request before its body is read, and answers the fast calls."""

    def __init__(self, app: ASGIApp, context: Context, beside: tuple[str, ...] = ()) -> None:
        self._beside = beside
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        raw = None
        try:
            limit = limit_of(scope["path"])
            is_beside = scope["path"].startswith(self._beside)
            is_file = scope["path"] in FILES
            if _has_body(scope, limit, any_type=is_beside or is_file) and not is_file:
                raw = await _read(receive, limit)
                if not is_beside:
                    raw = check_json(raw, limit)
        except Problem as refusal:
            await refusal.response()(scope, receive, send)
            return
        except _Gone:
            return
        call = FAST.get((scope["method"], scope["path"]))
        if call is None:
            await self._app(scope, receive if raw is None else _again(raw, receive), send)
            return
        try:
            answer = await call(self._context, scope, raw or b"")
        except Exception as exc:
            problem = of_exception(exc)
            if problem.status >= 500:
                internal = problem.code == ProblemCode.INTERNAL_ERROR
                log.error("api: %s %s failed error=%s", scope["method"], scope["path"], exc, exc_info=internal)
            await problem.response()(scope, receive, send)
            return
        await answer(scope, receive, send)


def _has_body(scope: Scope, limit: BodyLimit, *, any_type: bool) -> bool:
    """Return True if the request has a body. A form is taken for JSON.

    Raises :class:`Problem` for a body that is too large (before it is in memory), compressed, or of another type.
    """
    content_type, coding, has_body = b"", b"", False
    for name, value in scope["headers"]:
        if name == b"content-length":
            if not value.isdigit() or int(value) > limit.max_bytes:
                raise limit.too_large()
            has_body = has_body or int(value) > 0
        elif name == b"transfer-encoding":
            has_body = True
        elif name == b"content-type":
            content_type = value.partition(b";")[0].strip().lower()
        elif name == b"content-encoding":
            coding = value.strip().lower()
    if not has_body:
        return False
    if coding not in (b"", b"identity"):
        named = coding.decode("latin-1")[:80]
        raise Problem(
            ProblemCode.UNSUPPORTED_MEDIA_TYPE,
            f"Content-Encoding: {named} is not supported; send the body uncompressed",
            headers={"Accept-Encoding": "identity"},  # RFC 9110 15.5.16
        )
    if any_type:
        return True
    if content_type in (_FORM, b""):
        others = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
        scope["headers"] = [*others, (b"content-type", _JSON)]
    elif content_type != _JSON and not content_type.endswith(b"+json"):
        named = content_type.decode("latin-1")[:80]
        raise Problem(
            ProblemCode.UNSUPPORTED_MEDIA_TYPE, f"Content-Type: {named} is not supported; use application/json"
        )
    return True


async def _read(receive: Receive, limit: BodyLimit) -> bytes:
    pieces: list[bytes] = []
    seen = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        piece = message.get("body", b"")
        seen += len(piece)
        if seen > limit.max_bytes:
            raise limit.too_large()
        if not message.get("more_body", False):
            return b"".join((*pieces, piece)) if pieces else piece
        pieces.append(piece)


def _again(raw: bytes, receive: Receive) -> Receive:
    """Return a receive function that gives a body that was read already, and then what comes after it."""
    waiting = [raw]

    async def again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return again
