"""What each request passes before FastAPI sees it: the bounds of its body, and the calls that have to cost little."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gsmgw.api.accepting import Answer, accept_batch, accept_one
from gsmgw.api.callers import Caller, caller_of
from gsmgw.api.context import Context
from gsmgw.api.events import EventStream, open_events
from gsmgw.api.guard import DOORS
from gsmgw.api.problems import Problem, of_exception

log = logging.getLogger(__name__)

#: 10 000 messages of a batch at some two kilobytes each.
BODY_LIMIT_OCTETS = 20 * 1024 * 1024
#: What curl says by itself of the JSON that it is given.
_FORM = b"application/x-www-form-urlencoded"
_JSON = b"application/json"

Fast = Callable[[Context, Scope, bytes], Awaitable[ASGIApp]]


def _accepting(call: Callable[[Context, Caller, bytes, str | None], Awaitable[Answer]]) -> Fast:
    async def accept(context: Context, scope: Scope, raw: bytes) -> Answer:
        key = next((value for name, value in scope["headers"] if name == b"idempotency-key"), None)
        return await call(context, caller_of(scope), raw, None if key is None else key.decode("latin-1"))

    return accept


async def _events(context: Context, scope: Scope, raw: bytes) -> EventStream:
    return await open_events(context, scope)


FAST: Mapping[tuple[str, str], Fast] = {
    ("POST", "/v1/messages"): _accepting(accept_one),
    ("POST", "/v1/messages/batch"): _accepting(accept_batch),
    ("GET", "/v1/events"): _events,
}


class _Gone(Exception):
    """The client hung up before its request was whole."""


class Front:
    """Looks at each request before it is read, and answers the fast calls itself."""

    def __init__(self, app: ASGIApp, context: Context, limit_octets: int = BODY_LIMIT_OCTETS) -> None:
        self._app = app
        self._context = context
        self._limit = limit_octets
        self._too_large = Problem("too_large", f"a body may have {limit_octets} octets at the most")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            self._look_at_head(scope)
        except Problem as refusal:
            await refusal.response()(scope, receive, send)
            return
        call = FAST.get((scope["method"], scope["path"]))
        if call is None:
            await self._app(scope, self._counted(receive), send)
            return
        try:
            answer = await call(self._context, scope, await self._read(receive))
        except _Gone:
            return
        except Exception as exc:
            problem = of_exception(exc)
            if problem.status >= 500:
                log.error("%s %s: %s", scope["method"], scope["path"], exc, exc_info=problem.code == "internal_error")
            await problem.response()(scope, receive, send)
            return
        await answer(scope, receive, send)

    def _look_at_head(self, scope: Scope) -> None:
        """Refuse what is too large before it is in memory, and what is no JSON; a form is taken for JSON."""
        content_type, has_body = b"", False
        for name, value in scope["headers"]:
            if name == b"content-length":
                if not value.isdigit() or int(value) > self._limit:
                    raise self._too_large
                has_body = has_body or value != b"0"
            elif name == b"transfer-encoding":
                has_body = True
            elif name == b"content-type":
                content_type = value.partition(b";")[0].strip().lower()
        if not has_body or scope["path"].startswith(DOORS):
            return
        if content_type in (_FORM, b""):
            others = [(name, value) for name, value in scope["headers"] if name != b"content-type"]
            scope["headers"] = [*others, (b"content-type", _JSON)]
        elif content_type != _JSON and not content_type.endswith(b"+json"):
            named = content_type.decode("latin-1")[:80]
            raise Problem("unsupported_media_type", f"Content-Type: {named} is not application/json")

    async def _read(self, receive: Receive) -> bytes:
        pieces: list[bytes] = []
        seen = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            piece = message.get("body", b"")
            seen += len(piece)
            if seen > self._limit:
                raise self._too_large
            if not message.get("more_body", False):
                return b"".join((*pieces, piece)) if pieces else piece
            pieces.append(piece)

    def _counted(self, receive: Receive) -> Receive:
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self._limit:
                    raise self._too_large
            return message

        return counted
