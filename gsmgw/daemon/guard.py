"""Watches that the database is the one that it was, at the start and while the gateway runs."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from gsmgw.dispatch import EventFeed
from gsmgw.errors import StoreError
from gsmgw.model.events import DatabaseLost
from gsmgw.ports import Clock
from gsmgw.store import Store, high_water_mark

log = logging.getLogger(__name__)

#: How often the mark is moved and the files are looked at, seconds.
LOOK_S = 10.0


class DatabaseGuard:
    """Keeps the mark of a database, and knows what was lost."""

    def __init__(self, database: Path, clock: Clock, feed: EventFeed) -> None:
        self._database, self._clock, self._feed = database, clock, feed
        self._mark = high_water_mark.Mark(database)
        self._noted = 0
        self._file: int | None = None
        #: The loss before this start, in a sentence.
        self.loss: str | None = None
        #: Why what is written now is not kept, in a sentence.
        self.trouble: str | None = None

    async def examine(self, store: Store) -> None:
        """Compare an opened database with its mark; a loss goes to the log and becomes an event."""
        self._noted = await asyncio.to_thread(self._mark.read)
        found = await store.read(high_water_mark.last_event_ever)
        if found < self._noted:
            loss = high_water_mark.Loss(self._noted, found)
            self.loss = loss.sentence
            log.error("database: %s", loss.sentence)
            now_ms = self._clock.wall_ms()
            await store.write(lambda tx: high_water_mark.record(tx, now_ms, loss))
        self._file = self._identity()

    async def run(self, store: Store) -> None:
        """Move the mark and look at the files until cancelled."""
        while True:
            await self._clock.sleep(LOOK_S)
            await self.look(store)

    async def look(self, store: Store) -> None:
        """Do so once."""
        await asyncio.to_thread(self.note)
        if self.trouble is None and self._identity() != self._file:
            self.trouble = (
                f"{self._database} or its write-ahead log was deleted or replaced while the gateway runs: what it "
                "accepts now is not kept. Copy what you need by gsmgw export, then: sudo systemctl restart gsmgw"
            )
            log.error("database: %s", self.trouble)
            now_ms, trouble = self._clock.wall_ms(), self.trouble
            try:
                await store.write(lambda tx: tx.event(now_ms, DatabaseLost(detail=trouble)))
            except StoreError as exc:
                log.error("database: the loss could not be noted: %s", exc)

    def note(self, *, flush: bool = False) -> None:
        """Move the mark where events came since."""
        last = self._feed.last_id
        if last <= self._noted and not flush:
            return
        try:
            self._mark.note(max(last, self._noted), flush=flush)
            self._noted = max(last, self._noted)
        except OSError as exc:
            log.warning("database: the mark beside it could not be written: %s", exc.strerror)

    def _identity(self) -> int | None:
        """Return the number of the database's file; None where it or its log is missing."""
        try:
            self._database.with_name(self._database.name + "-wal").stat()
            return self._database.stat().st_ino
        except OSError:
            return None
