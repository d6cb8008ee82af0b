"""The loop that campaigns and drips share: do what is due, then wait for the next moment or for a change."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod

from gsmgw.errors import StoreError
from gsmgw.ports import Clock

log = logging.getLogger(__name__)

#: A database that does not answer is asked again after that time.
REST_S = 5.0


class Stepper(ABC):
    """Runs :meth:`step` again and again. ``name`` is for the log."""

    def __init__(self, name: str, clock: Clock) -> None:
        self._name = name
        self._clock = clock
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Do what is due now."""
        self._wake.set()

    @abstractmethod
    async def step(self) -> float | None:
        """Do what is due. Return the seconds until the next step; None: wait for a change."""

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            self._wake.clear()
            try:
                pause_s = await self.step()
            except StoreError as exc:
                log.log(exc.level, "%s: paused, retrying in %.0f s: %s", self._name, REST_S, exc)
                pause_s = REST_S
            await self._wait(pause_s)

    async def _wait(self, pause_s: float | None) -> None:
        timer = None if pause_s is None else self._clock.call_later(pause_s, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            if timer is not None:
                timer.cancel()
