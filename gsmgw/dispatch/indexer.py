"""Keeps the full-text index up to date, in small portions behind the work that matters."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from gsmgw.dispatch.cursor_runner import Follower
from gsmgw.dispatch.feed import EventFeed
from gsmgw.errors import StoreError
from gsmgw.model import Event
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, search

log = logging.getLogger(__name__)

#: How long events are collected before they are indexed together, seconds.
SETTLE_S = 5.0
#: Events in one transaction: bounds how long others wait for it, some milliseconds.
PORTION = 200
#: How long a search waits for the index, seconds; newer messages are then missing in its answer.
PATIENCE_S = 2.0


class Indexer(Follower):
    """Indexes the texts of new messages."""

    def __init__(self, store: Store, clock: Clock, feed: EventFeed) -> None:
        super().__init__(search.CURSOR, store, clock, feed, first=0, settle_s=SETTLE_S, portion=PORTION)

    def apply(self, tx: Tx, events: Sequence[Event]) -> None:
        """Index the messages of some events."""
        search.index_messages(tx, events)

    async def catch_up(self) -> None:
        """Index what is there now, so that a search finds it; waits at most :data:`PATIENCE_S`."""
        wanted = self._feed.last_id
        try:
            async with asyncio.timeout(PATIENCE_S):
                while self.position < wanted and await self.step():
                    pass
        except (TimeoutError, StoreError) as exc:
            log.warning("search: the newest messages are not in the index yet: %s", exc or "it is behind")
