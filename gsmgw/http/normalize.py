"""Normalizes requests before anything looks at them: one form of the target, and HEAD as GET without a body."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gsmgw.http.problems import Problem
from gsmgw.wire.problems import ProblemCode

_HEAD = "gsmgw.head"


class Normalized:
    """Wraps an application, so that everything in it sees the same path and method."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            if (problem := _smuggled(scope)) is not None:
                await problem.response()(scope, receive, send)
                return
            if not scope["path"].startswith("/"):
                found = _path_of_absolute(scope["raw_path"])
                if found is None:
                    problem = Problem(ProblemCode.HTTP_ERROR, "the request target must be a path that begins with /")
                    await problem.response()(scope, receive, send)
                    return
                scope = {**scope, "raw_path": found, "path": unquote(found.decode("ascii"))}
            if scope["method"] == "HEAD":
                # The server omits the body by itself, because its own scope still has HEAD.
                scope, send = {**scope, "method": "GET", _HEAD: True}, _head_of(send)
        await self._app(scope, receive, send)


def _smuggled(scope: Scope) -> Problem | None:
    """Return the problem of a request whose length is given in two ways: a proxy may have used the other one.

    RFC 9112 6.1: such a connection is closed.
    """
    names = {name for name, _ in scope["headers"]}
    if b"transfer-encoding" not in names:
        return None
    if b"content-length" in names:
        detail = "the request has both Content-Length and Transfer-Encoding"
    elif scope["http_version"] == "1.0":
        detail = "Transfer-Encoding is not allowed in HTTP/1.0"
    else:
        return None
    return Problem(ProblemCode.HTTP_ERROR, detail, headers={"Connection": "close"})


def is_head(scope: Scope) -> bool:
    """Return True if only the headers of the response are sent."""
    return _HEAD in scope


def _path_of_absolute(target: bytes) -> bytes | None:
    """Return the path of a target in absolute form, which every server must accept (RFC 9112 3.2.2)."""
    scheme, mark, rest = target.partition(b"://")
    if not mark or scheme.lower() not in (b"http", b"https"):
        return None
    _, slash, path = rest.partition(b"/")
    return slash + path or b"/"


def _head_of(send: Send) -> Send:
    """Send the headers of a response and end it there, because a stream may never end."""
    ended = False

    async def head(message: Message) -> None:
        nonlocal ended
        if message["type"] == "http.response.start":
            await send(message)
            ended = True
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        elif not ended:
            await send(message)

    return head
