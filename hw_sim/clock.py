"""Simulated time, real (scaled) or virtual, and the calendar of the network's time stamps."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol


class Timer(Protocol):
    """A scheduled call that can be cancelled."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Simulated time in seconds, and calls at a later time."""

    def now(self) -> float: ...

    def call_later(self, delay_s: float, action: Callable[..., object], *args: Any) -> Timer: ...


class LoopClock:
    """The event loop's clock, ``scale`` times as fast. A delay of 0 runs in the loop's next round."""

    def __init__(self, loop: asyncio.AbstractEventLoop, scale: float = 1.0) -> None:
        if scale <= 0:
            raise ValueError(f"time scale must be above 0, not {scale}")
        self._loop = loop
        self._scale = scale
        self._start = loop.time()

    def now(self) -> float:
        return (self._loop.time() - self._start) * self._scale

    def call_later(self, delay_s: float, action: Callable[..., object], *args: Any) -> Timer:
        if delay_s <= 0:
            return self._loop.call_soon(action, *args)
        return self._loop.call_later(delay_s / self._scale, action, *args)


class _Entry:
    __slots__ = ("action", "args", "at", "order")

    def __init__(self, at: float, order: int, action: Callable[..., object] | None, args: tuple[Any, ...]) -> None:
        self.at, self.order, self.action, self.args = at, order, action, args

    def __lt__(self, other: _Entry) -> bool:
        return (self.at, self.order) < (other.at, other.order)

    def cancel(self) -> None:
        self.action = None


class VirtualClock:
    """Time that moves only with ``advance``. The same calls always run in the same order at the same times."""

    def __init__(self) -> None:
        self._now = 0.0
        self._order = 0
        self._queue: list[_Entry] = []

    def now(self) -> float:
        return self._now

    def call_later(self, delay_s: float, action: Callable[..., object], *args: Any) -> Timer:
        self._order += 1
        entry = _Entry(self._now + max(0.0, delay_s), self._order, action, args)
        heapq.heappush(self._queue, entry)
        return entry

    @property
    def pending(self) -> int:
        """Number of scheduled calls."""
        return sum(entry.action is not None for entry in self._queue)

    def advance(self, seconds: float = 0.0) -> None:
        """Run all calls that are due within the next ``seconds``, in order; 0 runs those that are due now."""
        until = self._now + seconds
        while self._queue and self._queue[0].at <= until:
            entry = heapq.heappop(self._queue)
            self._now = max(self._now, entry.at)
            if entry.action is not None:
                entry.action(*entry.args)
        self._now = until


class Calendar:
    """The network's date and time.

    Without ``start`` it is the wall clock. With ``start`` it moves one second with each stamp, so that a run
    depends only on its inputs and its seed.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._logical = start

    def now(self) -> datetime:
        return self._logical or datetime.now(UTC)

    def stamp(self) -> datetime:
        """Return the time stamp of the next message, in UTC, whole seconds."""
        if self._logical is None:
            return datetime.fromtimestamp(int(time.time()), UTC)
        self._logical += timedelta(seconds=1)
        return self._logical
