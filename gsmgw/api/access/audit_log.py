"""Noting who did what: every call that manages something, with its outcome, before it is answered."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from typing import Any

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gsmgw.errors import StoreError
from gsmgw.http.identity import principal_of
from gsmgw.ports import Clock
from gsmgw.store import Store, audit

log = logging.getLogger(__name__)

_DETAIL = "gsmgw.audit"
#: Sending and asking are no managing; their record is the message itself.
_PLAIN = frozenset({"/v1/messages", "/v1/messages/batch", "/v1/messages/preview", "/v1/messages/batch/preview"})
#: Outcomes that a stranger can cause as often as he likes: they would wash the log out.
_UNNOTED = frozenset({401, 404, 405, 413, 429})
#: A path is an address, not a place to keep a book.
_PATH_CHARS = 200


def audit_detail(request: Request, **detail: object) -> None:
    """Add to what is noted of this request. Never a secret."""
    request.scope.setdefault(_DETAIL, {}).update(detail)


def is_managing(method: str, path: str) -> bool:
    """Whether a call changes something but the queue, or listens in."""
    if method in ("GET", "HEAD", "OPTIONS"):
        return path.endswith("/tap")
    return path.startswith("/v1/") and path not in _PLAIN


class Audit:
    """Wraps an application; what it answered to a managing call is on disk before the answer leaves."""

    def __init__(self, app: ASGIApp, store: Store, clock: Clock) -> None:
        self._app = app
        self._store = store
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or not is_managing(scope["method"], scope["path"]):
            await self._app(scope, receive, send)
            return

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self.note(scope, message["status"])
            await send(message)

        await self._app(scope, receive, noting)

    async def note(self, scope: MutableMapping[str, Any], status: int) -> None:
        """Note a call with its outcome."""
        if status in _UNNOTED:
            return
        principal = principal_of(scope)
        entry = audit.Entry(
            self._clock.wall_ms(),
            principal.who,
            principal.origin,
            scope["method"],
            scope["path"][:_PATH_CHARS],
            status,
            scope.get(_DETAIL, {}),
            minor=status >= 400 or not principal.allows("manage"),
        )
        log.info("%s (%s): %s %s: %s", entry.who, entry.origin, entry.method, entry.path, status)
        try:
            await self._store.write(lambda tx: audit.note(tx, entry))
        except StoreError as exc:
            log.log(exc.level, "an entry of the audit log could not be kept: %s", exc)
