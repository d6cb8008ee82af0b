"""The two ways in which the gateway limits how often something happens. Pure: times are handed in.

Times may be in any unit that counts forward, as long as it is one unit throughout.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable


class RollingCount:
    """Counts what happened in the window that ends now: at most that many in any span of that length."""

    def __init__(self, longest: float, earlier: Iterable[tuple[float, int]] = (), merge: float = 0.0) -> None:
        """``longest`` is the longest span that is asked about. Counts less than ``merge`` apart are kept as one."""
        self._longest = longest
        self._merge = merge
        self._entries: deque[tuple[float, int]] = deque(earlier)
        self._total = sum(count for _, count in self._entries)

    def __bool__(self) -> bool:
        return bool(self._entries)

    def add(self, now: float, count: int = 1) -> None:
        """Count something that happens now."""
        if self._entries and now - self._entries[-1][0] < self._merge:
            at, number = self._entries.pop()
            self._entries.append((at, number + count))
        else:
            self._entries.append((now, count))
        self._total += count

    def take_back(self, count: int) -> None:
        """Uncount the latest, which did not happen after all."""
        while count > 0 and self._entries:
            at, number = self._entries.pop()
            taken = min(count, number)
            if number > taken:
                self._entries.append((at, number - taken))
            self._total -= taken
            count -= taken

    def free_at(self, now: float, span: float, limit: int, count: int = 1) -> float:
        """Return when ``count`` more fit into any ``span`` of at most ``limit``: ``now``, or later.

        More than the limit never fit: the answer is then the end of the whole span.
        """
        self._forget(now)
        if self._total + count <= limit:
            return now
        room = limit - count
        for at, number in reversed(self._entries):
            if at <= now - span:
                break
            room -= number
            if room < 0:
                return at + span
        return now + span if count > limit else now

    def count(self, now: float, span: float) -> int:
        """Return how many there were in the span that ends now."""
        return sum(number for at, number in self._entries if at > now - span)

    def shift(self, by: float) -> None:
        """The clock was set: what was counted happened when it did."""
        self._entries = deque((at + by, number) for at, number in self._entries)

    def _forget(self, now: float) -> None:
        while self._entries and self._entries[0][0] <= now - self._longest:
            self._total -= self._entries.popleft()[1]


class TokenBucket:
    """Allows bursts up to a capacity, and a rate in the long run."""

    __slots__ = ("_at", "_capacity", "_left", "_rate")

    def __init__(self, capacity: float, rate: float, now: float, share: float = 1.0) -> None:
        """``rate`` is what is added in one unit of time; a ``share`` of the capacity is there at the beginning."""
        self._capacity = capacity
        self._rate = rate
        self._left = capacity * share
        self._at = now

    def take(self, now: float, count: float = 1.0) -> bool:
        """Take what is there; False, and the bucket is empty, when that is less than ``count``."""
        left = self._refilled(now) - count
        self._left = min(self._capacity, max(0.0, left))  # a negative count gives back
        return left >= 0

    def take_whole(self, now: float, count: float = 1.0) -> bool:
        """Take ``count`` and return True, or take nothing and return False if less is left."""
        left = self._refilled(now)
        if left < count:
            return False
        self._left = left - count
        return True

    def wait(self, now: float, count: float = 1.0) -> float:
        """Return the time until ``count`` is there."""
        return max(0.0, (count - self._refilled(now)) / self._rate)

    def add(self, now: float, count: float) -> None:
        """Put something into the bucket."""
        self._left = min(self._capacity, self._refilled(now) + count)

    def _refilled(self, now: float) -> float:
        passed, self._at = now - self._at, now
        if passed > 0:
            self._left = min(self._capacity, self._left + self._rate * passed)
        return self._left
