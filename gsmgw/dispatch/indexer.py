"""Keeps the full-text index up to date, in small portions behind the work that matters."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from gsmgw.dispatch.feed import EventFeed
from gsmgw.errors import StoreError
from gsmgw.model import Event
from gsmgw.ports import Clock
from gsmgw.store import Store, search

log = logging.getLogger(__name__)

#: After something happened, before it is indexed: what comes together is indexed together.
REST_S = 5.0
#: Events in one transaction: bounds how long others wait for it, some milliseconds.
PORTION = 200
#: How long a search waits for the index; what is newer is then missing in its answer.
PATIENCE_S = 2.0


class Indexer:
    """Indexes the texts of new messages."""

    def __init__(self, store: Store, clock: Clock, feed: EventFeed) -> None:
        self._store = store
        self._clock = clock
        self._feed = feed
        self._wake = asyncio.Event()
        self._wake.set()
        feed.listen(self._news)

    async def run(self) -> None:
        """Index until cancelled."""
        self._wake.set()
        while True:
            await self._wake.wait()
            await self._clock.sleep(REST_S)
            self._wake.clear()
            try:
                while await self._store.write(lambda tx: search.index_events(tx, PORTION)):
                    pass
            except StoreError as exc:
                log.log(exc.level, "the index for searching rests: %s", exc)
                self._wake.set()

    async def catch_up(self) -> None:
        """Index what is there now, so that a search finds it; not longer than a search may wait."""
        wanted = self._feed.last_id
        try:
            async with asyncio.timeout(PATIENCE_S):
                while await self._store.read(search.cursor) < wanted:
                    if not await self._store.write(lambda tx: search.index_events(tx, PORTION)):
                        return
        except (TimeoutError, StoreError) as exc:
            log.warning("a search does not see the newest texts: %s", exc or "the index is behind")

    def _news(self, events: Sequence[Event]) -> None:
        self._wake.set()
