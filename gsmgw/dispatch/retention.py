"""Retention: delete old messages and events in small portions."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from gsmgw.config import RetentionSection
from gsmgw.errors import StoreError
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, retention

log = logging.getLogger(__name__)

#: Rows per transaction: limits the delay for other writers to some milliseconds.
PORTION = 100
#: Pages of 4 KiB to release per transaction.
PAGES = 100
#: Pause between two portions, and between two rounds; seconds.
REST_S = 0.2
ROUND_S = 3600.0
DAY_MS = 86_400_000
#: Longer than the week in which a concatenation reference must not be reused, and than clients repeat a request.
REFERENCES_DAYS = 30
REPORTS_DAYS = 30


@dataclass(frozen=True, slots=True)
class _Portion:
    """A position in a table that is not ordered by age."""

    drop: Callable[[Tx, int, str, int], str | None]
    before_ms: int
    after: str

    def __call__(self, tx: Tx) -> str | None:
        return self.drop(tx, self.before_ms, self.after, PORTION)


class Retention:
    """Deletes old rows and releases their space."""

    def __init__(self, store: Store, clock: Clock, settings: RetentionSection) -> None:
        self._store = store
        self._clock = clock
        self._settings = settings

    def reconfigure(self, settings: RetentionSection) -> None:
        """Use other settings from the next round on."""
        self._settings = settings

    async def run(self) -> None:
        """Run a round every hour until cancelled."""
        while True:
            await self._clock.sleep(ROUND_S)
            try:
                dropped = await self.round()
                if dropped:
                    log.info("retention: deleted old rows count=%d", dropped)
            except StoreError as exc:
                log.log(exc.level, "retention: deleting old messages failed: %s", exc)

    async def round(self) -> int:
        """Delete all rows that are too old, and return their number."""
        settings, total = self._settings, 0
        if settings.messages_days is not None:
            for drop in (retention.drop_messages, retention.drop_parts):
                total += await self._portions(drop, settings.messages_days)
            await self._walk(retention.drop_answers, settings.messages_days)
        if settings.events_days is not None:
            total += await self._portions(retention.drop_events, settings.events_days)
        total += await self._portions(retention.drop_reports, REPORTS_DAYS)
        await self._walk(retention.drop_references, REFERENCES_DAYS)
        while await self._store.write(lambda tx: retention.shrink(tx, PAGES)):
            await self._clock.sleep(REST_S)
        return total

    def _before_ms(self, days: int) -> int:
        return self._clock.wall_ms() - days * DAY_MS

    async def _portions(self, drop: Callable[[Tx, int, int], int], days: int) -> int:
        before_ms, total = self._before_ms(days), 0
        while dropped := await self._store.write(lambda tx: drop(tx, before_ms, PORTION)):
            total += dropped
            if dropped < PORTION:
                break
            await self._clock.sleep(REST_S)
        return total

    async def _walk(self, drop: Callable[[Tx, int, str, int], str | None], days: int) -> None:
        before_ms = self._before_ms(days)
        after: str | None = ""
        while after is not None:
            after = await self._store.write(_Portion(drop, before_ms, after))
            await self._clock.sleep(REST_S)
