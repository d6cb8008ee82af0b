"""Bounds on what a client may send."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gsmgw.api.problems import Problem

#: 10 000 messages of a batch at some two kilobytes each.
BODY_LIMIT_OCTETS = 20 * 1024 * 1024
_CURL = (b"content-type", b"application/x-www-form-urlencoded")


class Border:
    """Looks at each request before it is read.

    One whose body is larger than the limit is answered with a problem, before it is in memory. A body that names
    the type curl gives by itself is taken for the JSON that it has to be.
    """

    def __init__(self, app: ASGIApp, limit_octets: int = BODY_LIMIT_OCTETS) -> None:
        self._app = app
        self._limit = limit_octets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["headers"] = [(n, b"application/json" if (n, v) == _CURL else v) for n, v in scope["headers"]]
        problem = Problem("too_large", f"a body may have {self._limit} octets at the most")
        for name, value in scope["headers"]:
            if name == b"content-length" and (not value.isdigit() or int(value) > self._limit):
                await problem.response()(scope, receive, send)
                return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self._limit:
                    raise problem
            return message

        await self._app(scope, counted, send)
