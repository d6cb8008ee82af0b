"""Limits over rolling windows, of a SIM or a pool. Pure: the times are handed in, UTC milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gsmgw.outbound.limits.capacity import Allowance
from gsmgw.rates import RollingCount

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of what may leave. ``windows``: length in seconds -> how many in it.

    ``by_message`` counts messages instead of segments. ``urgent_reserve`` of each window is kept for urgent ones.
    ``recipients_per_day`` bounds different recipients in 24 hours. ``min_gap_s`` and a random part of ``gap_jitter_s``
    lie between two segments.
    """

    windows: Mapping[int, int] = field(default_factory=dict)
    by_message: bool = False
    urgent_reserve: int = 0
    recipients_per_day: int | None = None
    min_gap_s: float = 0.0
    gap_jitter_s: float = 0.0

    @property
    def any(self) -> bool:
        """True if there is any limit."""
        return bool(self.windows or self.recipients_per_day or self.min_gap_s or self.gap_jitter_s)

    @property
    def longest_ms(self) -> int:
        """How far back usage matters."""
        longest = max(self.windows, default=0) * 1000
        return max(longest, DAY_MS) if self.recipients_per_day else longest


@dataclass(frozen=True, slots=True)
class Use:
    """A segment that left: when, to whom, whether it was the first of its message."""

    at_ms: int
    to: str
    first: bool = True


class RateLimiter:
    """Counts what left against the limits."""

    def __init__(self, limits: Limits, used: Iterable[Use] = ()) -> None:
        self.limits = limits
        self._windows = sorted(limits.windows.items())
        self._counted = RollingCount(max(limits.windows, default=0) * 1000)
        self._recipients: dict[str, int] = {}
        self._gap_until_ms = 0
        for use in used:
            self._count(use)

    def _count(self, use: Use) -> None:
        if self._windows and (use.first or not self.limits.by_message):
            self._counted.add(use.at_ms)
        if self.limits.recipients_per_day:
            self._recipients.pop(use.to, None)
            self._recipients[use.to] = use.at_ms  # in the order of their latest use

    def note(self, use: Use, chance: float = 0.0) -> None:
        """A segment leaves. ``chance`` (0 to 1) is the random part of the gap behind it."""
        if self.limits.any:
            self._count(use)
            gap_s = self.limits.min_gap_s + chance * self.limits.gap_jitter_s
            self._gap_until_ms = use.at_ms + round(gap_s * 1000)

    def shift(self, by_ms: int) -> None:
        """The clock was set: what was counted happened when it did."""
        self._counted.shift(by_ms)
        self._recipients = {to: at_ms + by_ms for to, at_ms in self._recipients.items()}
        self._gap_until_ms += by_ms

    def next_allowed_ms(self, now_ms: int, *, urgent: bool = False) -> int:
        """The earliest moment at which another segment may leave: ``now_ms`` or later."""
        allowed = max(now_ms, self._gap_until_ms)
        for seconds, limit in self._windows:
            usable = limit if urgent else max(1, limit - self.limits.urgent_reserve)
            allowed = max(allowed, round(self._counted.free_at(now_ms, seconds * 1000, usable)))
        return allowed

    def allowances(self, owner: str, now_ms: int) -> tuple[Allowance, ...]:
        """Return what the limits leave for messages that are not urgent."""
        found = []
        for seconds, limit in self._windows:
            usable = max(1, limit - self.limits.urgent_reserve)
            left = max(0, usable - self._counted.count(now_ms, seconds * 1000))
            found.append(Allowance(owner, seconds, usable, left, self.limits.by_message))
        if (people := self.limits.recipients_per_day) is not None:
            used = sum(at_ms > now_ms - DAY_MS for at_ms in self._recipients.values())
            left = max(0, people - used)
            found.append(Allowance(owner, DAY_MS // 1000, people, left, by_message=True, by_recipient=True))
        return tuple(found)

    def recipient_allowed_ms(self, to: str, now_ms: int) -> int:
        """The earliest moment at which that recipient may be written to."""
        limit = self.limits.recipients_per_day
        if limit is None:
            return now_ms
        for known, at_ms in list(self._recipients.items()):
            if at_ms > now_ms - DAY_MS:
                break
            del self._recipients[known]
        if to in self._recipients or len(self._recipients) < limit:
            return now_ms
        return next(iter(self._recipients.values())) + DAY_MS
