"""The SQLite database. The only layer that uses SQL."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gsmgw.errors import StoreError
from gsmgw.model import Event
from gsmgw.model.events import StoreRowUnreadable
from gsmgw.store import lifecycle, queue_reads
from gsmgw.store.engine import Engine
from gsmgw.store.files import make_sure_of
from gsmgw.store.idempotency import KeyConflict
from gsmgw.store.ids import IdSource
from gsmgw.store.integrity import check_after_interruption
from gsmgw.store.outbox import Blocked, Gone
from gsmgw.store.pending_writes import PendingWrites
from gsmgw.store.tx import Rejected, Tx
from gsmgw.store.upgrade import migrate

log = logging.getLogger(__name__)

__all__ = ["Blocked", "Gone", "KeyConflict", "PendingWrites", "Rejected", "Store", "Tx"]


class Store(Engine):
    """The database of one gateway, and its generator of message IDs."""

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
        store.ids = IdSource(await store.read(queue_reads.last_id))
        return store

    def report_unreadable(self, table: str, key: Any, why: str) -> None:
        """Record it as an event. An outbound message that can never be sent ends."""
        now_ms = time.time_ns() // 1_000_000

        def record(tx: Tx) -> None:
            tx.event(now_ms, StoreRowUnreadable(table=table, row=str(key), error=why))
            if table == "messages":
                lifecycle.fail_unreadable(tx, now_ms, key)

        self.write(record).add_done_callback(_log_failure)


def _log_failure(written: asyncio.Future[None]) -> None:
    if not written.cancelled() and (failure := written.exception()) is not None:
        log.error("store: an unreadable row could not be recorded error=%s", failure)
