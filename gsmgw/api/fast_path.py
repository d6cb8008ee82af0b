"""What each request passes before FastAPI sees it: the bounds of its body, and the calls that have to cost little."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gsmgw.api.context import Context
from gsmgw.api.routes.events import EventStream, open_events
from gsmgw.api.submit import Call, SubmitResponse, key_of, submit_batch, submit_one
from gsmgw.http.body_limits import Bound, bound_of, sound
from gsmgw.http.identity import principal_of
from gsmgw.http.problems import Problem, of_exception

log = logging.getLogger(__name__)

#: What curl says by itself of the JSON that it is given.
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
    """The client hung up before its request was whole."""


class FastPath:
    """Looks at each request before it is read, and answers the fast calls itself."""

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
            bound = bound_of(scope["path"])
            is_beside = scope["path"].startswith(self._beside)
            if _look_at_head(scope, bound, any_type=is_beside):
                raw = await _read(receive, bound)
                if not is_beside:
                    raw = sound(raw, bound)
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
                log.error("%s %s: %s", scope["method"], scope["path"], exc, exc_info=problem.code == "internal_error")
            await problem.response()(scope, receive, send)
            return
        await answer(scope, receive, send)


def _look_at_head(scope: Scope, bound: Bound, *, any_type: bool) -> bool:
    """Whether a body comes. :class:`Problem` for one that is too large (before it is in memory), packed, or no JSON; a
    form is taken for JSON.
    """
    content_type, coding, has_body = b"", b"", False
    for name, value in scope["headers"]:
        if name == b"content-length":
            if not value.isdigit() or int(value) > bound.octets:
                raise bound.too_large()
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
            "unsupported_media_type",
            f"Content-Encoding: {named} is not taken; send the body as it is",
            headers={"Accept-Encoding": "identity"},  # RFC 9110 15.5.16
        )
    if any_type:
        return True
    if content_type in (_FORM, b""):
        others = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
        scope["headers"] = [*others, (b"content-type", _JSON)]
    elif content_type != _JSON and not content_type.endswith(b"+json"):
        named = content_type.decode("latin-1")[:80]
        raise Problem("unsupported_media_type", f"Content-Type: {named} is not application/json")
    return True


async def _read(receive: Receive, bound: Bound) -> bytes:
    pieces: list[bytes] = []
    seen = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        piece = message.get("body", b"")
        seen += len(piece)
        if seen > bound.octets:
            raise bound.too_large()
        if not message.get("more_body", False):
            return b"".join((*pieces, piece)) if pieces else piece
        pieces.append(piece)


def _again(raw: bytes, receive: Receive) -> Receive:
    """A body that was read already, to be read by a route; then what comes after it."""
    waiting = [raw]

    async def again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return again
