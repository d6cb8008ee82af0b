"""Time: the system's, and a virtual one for tests."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable


class SystemClock:
    """The machine's clocks."""

    def wall_ms(self) -> int:
        """UTC in milliseconds since 1970. May jump: a Pi has no clock battery."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds of monotonic time."""
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
        """Call back on the running event loop after that many seconds."""
        return asyncio.get_running_loop().call_later(seconds, callback)


class _VirtualTimer:
    """A call that :meth:`VirtualClock.advance` makes at its time."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self._callback = None

    def fire(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class VirtualClock:
    """A clock that stands still until :meth:`advance` moves it; sleepers wake in order of their time."""

    def __init__(self, wall_ms: int = 1_700_000_000_000) -> None:
        self._wall_ms = wall_ms
        self._now = 0.0
        self._count = itertools.count()
        self._sleepers: list[tuple[float, int, _VirtualTimer]] = []

    def wall_ms(self) -> int:
        """UTC in milliseconds since 1970, as set."""
        return self._wall_ms

    def monotonic(self) -> float:
        """Seconds advanced so far."""
        return self._now

    def jump(self, seconds: float) -> None:
        """Set the wall clock forward or back without any time passing."""
        self._wall_ms += round(seconds * 1000)

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been advanced that far."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.call_later(seconds, lambda: _wake(future))
        await future

    def call_later(self, seconds: float, callback: Callable[[], object]) -> _VirtualTimer:
        """Call back once the clock has been advanced that far."""
        timer = _VirtualTimer(callback)
        heapq.heappush(self._sleepers, (self._now + max(0.0, seconds), next(self._count), timer))
        return timer

    async def advance(self, seconds: float) -> None:
        """Let that much time pass, waking each sleeper at its moment and letting it run."""
        end = self._now + seconds
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, timer = heapq.heappop(self._sleepers)
            self._pass(at - self._now)
            timer.fire()
            await _settle()
        self._pass(end - self._now)

    def _pass(self, seconds: float) -> None:
        self._now += seconds
        self._wall_ms += round(seconds * 1000)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)
