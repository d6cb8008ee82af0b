"""Keeps the sums for statistics. Sums and cursor are written in one transaction, so each event counts once."""

from __future__ import annotations

from collections.abc import Sequence

from gsmgw.dispatch.cursor_runner import Follower
from gsmgw.dispatch.feed import EventFeed
from gsmgw.model import Event
from gsmgw.ports import Clock
from gsmgw.prices import Prices
from gsmgw.store import Store, Tx, rollups
from gsmgw.zones import country_of_number

#: Time to collect events before counting them together, seconds.
SETTLE_S = 5.0
#: Events in one transaction.
PORTION = 1000


class Rollups(Follower):
    """Counts events by hour, modem, campaign, tag and country."""

    def __init__(self, store: Store, clock: Clock, feed: EventFeed, prices: Prices) -> None:
        super().__init__(rollups.CURSOR, store, clock, feed, first=0, settle_s=SETTLE_S, portion=PORTION)
        self._prices = prices
        self._increments = rollups.Increments()

    def reconfigure(self, prices: Prices) -> None:
        """Use another price list for what is sent from now on."""
        self._prices = prices

    async def page(self) -> Sequence[Event]:
        """Return the next portion of events, and count it on a reader: the writer only adds."""
        events = await super().page()
        if not events:
            return events
        price_of = self._prices.of_segment
        self._increments = await self._store.read(lambda db: rollups.measure(db, events, country_of_number, price_of))
        return events

    def apply(self, tx: Tx, events: Sequence[Event]) -> None:
        """Add what the portion counts."""
        rollups.add(tx, self._increments)
