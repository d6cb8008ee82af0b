"""The audit log: every call that manages something is saved with its outcome before it is answered."""

from __future__ import annotations

import logging
import re
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
#: Calls that send or preview; the message itself is their record.
_SUBMITTING = frozenset({"/v1/messages", "/v1/messages/batch", "/v1/messages/preview", "/v1/messages/batch/preview"})
#: Changes that people make all day; each is an event with its author.
_WITH_EVENTS = "/v1/conversations/"
#: Things that programs manage through bridges, behind the path of a bridge.
_OF_BRIDGES = re.compile(r"/webhooks(/|$)")
#: Outcomes that anybody can cause as often as they like; they would fill the log.
_NOT_LOGGED = frozenset({401, 404, 405, 413, 429})
#: Paths with a number that is not to be kept.
_PRIVATE = re.compile(r"^(/v1/privacy/)[^/]*(/.*)$")
#: Characters of a path that are saved.
_PATH_CHARS = 200


def audit_detail(request: Request, **detail: object) -> None:
    """Add details to the entry of this request. Never a secret."""
    request.scope.setdefault(_DETAIL, {}).update(detail)


def is_managing(method: str, path: str) -> bool:
    """Return True for a call that changes anything but the queue, or taps a modem."""
    if method in ("GET", "HEAD", "OPTIONS"):
        return path.endswith("/tap")
    if not path.startswith("/v1/"):
        return _OF_BRIDGES.search(path) is not None
    return path not in _SUBMITTING and not path.startswith(_WITH_EVENTS)


class Audit:
    """Wraps an application: the outcome of a managing call is saved before the response is sent."""

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
        """Save a call with its outcome."""
        if status in _NOT_LOGGED:
            return
        principal = principal_of(scope)
        path = scope["path"]
        entry = audit.Entry(
            self._clock.wall_ms(),
            principal.who,
            principal.origin,
            scope["method"],
            _PRIVATE.sub(r"\1…\2", path)[:_PATH_CHARS],
            status,
            scope.get(_DETAIL, {}),
            minor=status >= 400 or not principal.allows("manage"),
        )
        log.info("audit: %s %s status=%s who=%s from=%s", entry.method, entry.path, status, entry.who, entry.origin)
        try:
            await self._store.write(lambda tx: audit.note(tx, entry))
        except StoreError as exc:
            log.log(exc.level, "audit: entry not saved error=%s", exc)
