"""Logs requests at the level debug."""

from __future__ import annotations

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gsmgw.http.identity import principal_of

log = logging.getLogger(__name__)


class RequestLog:
    """Wraps an application: each request is a line with its status and duration, without its query."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or not log.isEnabledFor(logging.DEBUG):
            await self._app(scope, receive, send)
            return
        began_s, status = time.monotonic(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            took_ms = (time.monotonic() - began_s) * 1000
            who = principal_of(scope).who
            log.debug("api: %s %s status=%d ms=%.1f who=%s", scope["method"], scope["path"], status, took_ms, who)
