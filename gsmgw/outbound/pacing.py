"""Limits of a SIM over rolling windows. Pure: the times are handed in."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping


class Pacer:
    """Counts the segments that left through one SIM against the limits of its windows."""

    def __init__(self, windows: Mapping[int, int], used_ms: Iterable[int] = ()) -> None:
        """``windows``: length in seconds -> segments allowed in it. ``used_ms``: what left before, UTC ms."""
        self._windows = sorted(windows.items())
        self._longest_ms = max(windows, default=0) * 1000
        self._used: deque[int] = deque(sorted(used_ms))

    @property
    def limited(self) -> bool:
        """Whether there is any limit at all."""
        return bool(self._windows)

    @property
    def longest_ms(self) -> int:
        """How far back the usage matters."""
        return self._longest_ms

    def note(self, now_ms: int) -> None:
        """A segment leaves now."""
        if self._windows:
            self._used.append(now_ms)

    def next_allowed_ms(self, now_ms: int) -> int:
        """The earliest moment at which a segment may leave: ``now_ms`` or later."""
        if not self._windows:
            return now_ms
        while self._used and self._used[0] <= now_ms - self._longest_ms:
            self._used.popleft()
        allowed = now_ms
        for seconds, limit in self._windows:
            if len(self._used) >= limit:
                allowed = max(allowed, self._used[-limit] + seconds * 1000)
        return allowed
