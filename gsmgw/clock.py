"""Clocks: the system's, and a virtual one for tests."""

from __future__ import annotations

import asyncio
import ctypes
import heapq
import itertools
import time
import uuid
from collections.abc import Callable
from pathlib import Path

#: A larger difference between system clock and elapsed time means that the clock was set.
STEP_MS = 2000
#: Time after boot that a board without a clock battery gets to synchronise its clock.
_ASKING_S = 600.0
#: The result of ``adjtimex(2)`` while the clock is not synchronised.
_TIME_ERROR = 5


class SystemClock:
    """The system's clocks. A change of the wall clock takes effect only in :meth:`adjust`."""

    def __init__(self) -> None:
        self._base_ms = self._machine_ms() - self._passed_ms()

    def wall_ms(self) -> int:
        """UTC in milliseconds since 1970. It follows the machine's clock, but not where that was set, until
        :meth:`adjust`.
        """
        machine_ms, steady_ms = self._machine_ms(), self._base_ms + self._passed_ms()
        return machine_ms if abs(machine_ms - steady_ms) <= STEP_MS else steady_ms

    def adjust(self) -> int:
        """Adopt the system clock. Return by how many milliseconds it was set; 0 if it was not."""
        machine_ms, steady_ms = self._machine_ms(), self._base_ms + self._passed_ms()
        self._base_ms += machine_ms - steady_ms
        return machine_ms - steady_ms if abs(machine_ms - steady_ms) > STEP_MS else 0

    def boot_id(self) -> str:
        """Return the kernel's boot ID, or an empty string (random(4))."""
        try:
            return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        except OSError:
            return ""

    def is_set(self) -> bool:
        """False on a board without a clock battery that has booted recently and is not synchronised."""
        return (
            time.clock_gettime(time.CLOCK_BOOTTIME) > _ASKING_S
            or not Path("/proc/device-tree").exists()
            or any(Path("/sys/class/rtc").glob("rtc*"))
            or _kernel_knows_the_time()
        )

    def monotonic(self) -> float:
        """Return monotonic seconds, including the time that the machine was suspended."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    @staticmethod
    def _machine_ms() -> int:
        return time.time_ns() // 1_000_000

    @staticmethod
    def _passed_ms() -> int:
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000

    async def sleep(self, seconds: float) -> None:
        """Wait for a number of monotonic seconds."""
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
        """Call a function on the running event loop after a number of seconds."""
        return asyncio.get_running_loop().call_later(seconds, callback)


def _kernel_knows_the_time() -> bool:
    """Return True if the clock is synchronised, for example by systemd-timesyncd or chrony: ``adjtimex(2)``."""
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(1024))  # struct timex, all zeros: only ask
    except (OSError, AttributeError):
        return True  # not available: assume that it is synchronised
    return bool(state != _TIME_ERROR)


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


#: The shortest delay in virtual time: one that adds nothing to the time would end where it began, for ever.
_RESOLUTION_S = 1e-6


class VirtualClock:
    """A clock that stands still until :meth:`advance` moves it; sleepers wake in order of their time."""

    def __init__(self, wall_ms: int = 1_700_000_000_000, settling_turns: int = 20) -> None:
        """Stand still at a time. After a sleeper wakes, the event loop runs that many turns before time goes on."""
        self._wall_ms = wall_ms
        self._settling_turns = settling_turns
        self._boot_id = f"virtual {uuid.uuid4()}"
        self._set_by_ms = 0
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
        """Set the machine's clock forward or back without any time passing; it shows after :meth:`adjust`."""
        self._set_by_ms += round(seconds * 1000)

    def adjust(self) -> int:
        """See :meth:`SystemClock.adjust`."""
        set_by_ms, self._set_by_ms = self._set_by_ms, 0
        self._wall_ms += set_by_ms
        return set_by_ms

    def boot_id(self) -> str:
        """See :meth:`SystemClock.boot_id`: another one for each clock."""
        return self._boot_id

    def is_set(self) -> bool:
        """See :meth:`SystemClock.is_set`."""
        return True

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been advanced that far."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.call_later(seconds, lambda: _wake(future))
        await future

    def call_later(self, seconds: float, callback: Callable[[], object]) -> _VirtualTimer:
        """Call back once the clock has been advanced that far; any delay makes some time pass."""
        timer = _VirtualTimer(callback)
        delay_s = max(seconds, _RESOLUTION_S) if seconds > 0 else 0.0
        heapq.heappush(self._sleepers, (self._now + delay_s, next(self._count), timer))
        return timer

    async def advance(self, seconds: float) -> None:
        """Let that much time pass, waking each sleeper at its moment and letting it run."""
        end = self._now + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, timer = heapq.heappop(self._sleepers)
            self._pass(at - self._now)
            timer.fire()
            await self._settle()
        self._pass(end - self._now)

    async def _settle(self) -> None:
        for _ in range(self._settling_turns):
            await asyncio.sleep(0)

    def _pass(self, seconds: float) -> None:
        self._now += seconds
        self._wall_ms += round(seconds * 1000)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
