"""Waits for a wakeup or a time-out, by a clock that tests can control."""

from __future__ import annotations

import asyncio

from gsmgw.ports import Clock


class Wakeup:
    """A wakeup for one waiter. One that is set while nobody waits is remembered."""

    __slots__ = ("_clock", "_set", "_waiter")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._set = False
        self._waiter: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Wake the waiter."""
        self._set = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait until it is set, and clear it; return False when the time passed first."""
        if not self._set:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiter = waiter
            timer = None if seconds is None else self._clock.call_later(seconds, self._wake)
            try:
                await waiter
            finally:
                self._waiter = None
                if timer is not None:
                    timer.cancel()
        was, self._set = self._set, False
        return was
