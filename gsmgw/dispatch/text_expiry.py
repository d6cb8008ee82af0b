"""Erases texts whose time is over."""

from __future__ import annotations

import logging

from gsmgw.errors import StoreError
from gsmgw.ports import Clock
from gsmgw.store import Store, text_expiry

log = logging.getLogger(__name__)

#: Pause between two rounds, and between two portions; seconds.
ROUND_S = 30.0
REST_S = 0.2
#: Messages per transaction.
PORTION = 100


class TextExpiry:
    """Looks for texts that are due, twice a minute."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Run a round every :data:`ROUND_S` until cancelled."""
        while True:
            await self._clock.sleep(ROUND_S)
            try:
                if erased := await self.round():
                    log.info("retention: erased texts count=%d", erased)
            except StoreError as exc:
                log.log(exc.level, "retention: erasing texts failed: %s", exc)

    async def round(self) -> int:
        """Erase all texts that are due, and return their number."""
        total = 0
        while erased := await self._store.write(lambda tx: text_expiry.erase_due(tx, self._clock.wall_ms(), PORTION)):
            total += erased
            if erased < PORTION:
                break
            await self._clock.sleep(REST_S)
        return total
