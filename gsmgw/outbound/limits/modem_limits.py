"""The limits that hold for one modem: its SIM's own and those of its pools, remembered across restarts."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from gsmgw.outbound.limits.capacity import Allowance, ModemCapacity
from gsmgw.outbound.limits.rate_limit import Limits, RateLimiter, Use
from gsmgw.ports import Clock
from gsmgw.store import Store, queue_reads


class ModemLimits:
    """Says when a modem may send, and counts what it sends."""

    def __init__(self, store: Store, clock: Clock, limits: Limits, pools: Sequence[RateLimiter]) -> None:
        self._store = store
        self._clock = clock
        self._own = RateLimiter(limits)
        self._pools = pools
        self._sim: str | None = None

    def _pacers(self) -> Iterator[RateLimiter]:
        yield self._own
        yield from self._pools

    @property
    def is_limited(self) -> bool:
        """True if there is any limit."""
        return self._own.limits.any or bool(self._pools)

    def _next_allowed_ms(self, now_ms: int, *, urgent: bool) -> int:
        return max(pacer.next_allowed_ms(now_ms, urgent=urgent) for pacer in self._pacers())

    def paused_until_ms(self) -> int | None:
        """Until when the limits hold messages back; None when they do not."""
        now_ms = self._clock.wall_ms()
        allowed_ms = self._next_allowed_ms(now_ms, urgent=False)
        return allowed_ms if allowed_ms > now_ms else None

    async def pauses_s(self, sim: str) -> tuple[float, float]:
        """How long the limits hold back messages, and urgent ones. A SIM's usage is what the database knows of it."""
        if not self.is_limited:
            return 0.0, 0.0
        if self._sim != sim:
            since_ms = self._clock.wall_ms() - self._own.limits.longest_ms
            used = await self._store.read_for_queue(lambda db: queue_reads.usage_since(db, sim, since_ms))
            self._own = RateLimiter(self._own.limits, [Use(at_ms, to, seq == 1) for at_ms, to, seq in used])
            self._sim = sim
        now_ms = self._clock.wall_ms()
        pause_s = (self._next_allowed_ms(now_ms, urgent=False) - now_ms) / 1000
        return pause_s, (self._next_allowed_ms(now_ms, urgent=True) - now_ms) / 1000 if pause_s > 0 else 0.0

    def capacity(self, name: str, segment_s: float, shared: Sequence[Allowance]) -> ModemCapacity:
        """Return how much a modem can send that takes ``segment_s`` for a segment; ``shared`` is left of its pools."""
        limits = self._own.limits
        gap_s = limits.min_gap_s + limits.gap_jitter_s / 2
        own = self._own.allowances(name, self._clock.wall_ms())
        return ModemCapacity(name, max(segment_s, gap_s), own, tuple(shared))

    def change(self, limits: Limits) -> None:
        """Use other limits; what was sent before counts for them too."""
        self._own, self._sim = RateLimiter(limits), None

    def shift(self, by_ms: int) -> None:
        """The clock was set. The pools' pacers are shared: their owner shifts them."""
        self._own.shift(by_ms)

    def recipient_allowed_ms(self, to: str, now_ms: int) -> int:
        """The earliest moment at which that recipient may be written to."""
        return max(pacer.recipient_allowed_ms(to, now_ms) for pacer in self._pacers())

    def note(self, to: str, *, first: bool) -> None:
        """A segment leaves, the first of its message or not."""
        if self.is_limited:
            use, chance = Use(self._clock.wall_ms(), to, first), random.random()
            for pacer in self._pacers():
                pacer.note(use, chance)
