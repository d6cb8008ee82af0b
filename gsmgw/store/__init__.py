"""Everything durable, in one SQLite database. The only layer that speaks SQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from gsmgw.errors import StoreError
from gsmgw.model import Event
from gsmgw.store import (
    audit,
    callbacks,
    copies,
    evidence,
    hooks,
    inbox,
    lanes,
    mark,
    messages,
    names,
    outbox,
    reports,
    requests,
    retention,
    search,
    timers,
    tokens,
    webhooks,
)
from gsmgw.store.engine import Engine
from gsmgw.store.files import make_sure_of
from gsmgw.store.ids import IdSource
from gsmgw.store.integrity import check_after_interruption
from gsmgw.store.outbox import Gone
from gsmgw.store.pending import PendingWrites
from gsmgw.store.requests import KeyConflict
from gsmgw.store.tx import Rejected, Tx
from gsmgw.store.upgrade import migrate

__all__ = [
    "Gone",
    "KeyConflict",
    "PendingWrites",
    "Rejected",
    "Store",
    "Tx",
    "audit",
    "callbacks",
    "copies",
    "evidence",
    "hooks",
    "inbox",
    "lanes",
    "mark",
    "messages",
    "names",
    "outbox",
    "reports",
    "requests",
    "retention",
    "search",
    "timers",
    "tokens",
    "webhooks",
]


class Store(Engine):
    """The database of one gateway, with the source of message identifiers."""

    ids: IdSource

    @classmethod
    async def open(cls, path: Path, on_events: Callable[[Sequence[Event]], None] | None = None) -> Store:
        """Open or create the database and bring it to the newest form; :class:`StoreError` says what is wrong."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            make_sure_of(path)  # SQLite gives its log the mode of the database
        except OSError as exc:
            raise StoreError(f"{path} cannot be created: {exc.strerror}") from None
        await asyncio.to_thread(check_after_interruption, path)
        await asyncio.to_thread(migrate, path)
        store = cls(path, on_events)
        store.ids = IdSource(await store.read(lanes.last_id))
        return store
