"""Limits on how often a client may do something."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import Final

#: Keys that are remembered at most; those that were not seen for longest are forgotten.
MAX_KEYS: Final = 10_000


class FailureLimit:
    """At most ``per_minute`` failures of a key in any 60 seconds."""

    def __init__(self, per_minute: int) -> None:
        self._limit = per_minute
        self._seen: OrderedDict[str, list[float]] = OrderedDict()

    def wait_s(self, key: str) -> int | None:
        """Return the seconds until the next failure is allowed; None if it is allowed now."""
        now = time.monotonic()
        recent = [moment for moment in self._seen.get(key, ()) if now - moment < 60]
        return round(60 - (now - recent[-self._limit])) + 1 if len(recent) >= self._limit else None

    def note(self, key: str) -> None:
        """Count a failure."""
        now = time.monotonic()
        recent = [moment for moment in self._seen.pop(key, ()) if now - moment < 60]
        self._seen[key] = [*recent, now]
        while len(self._seen) > MAX_KEYS:
            self._seen.popitem(last=False)


class RequestLimit:
    """A token bucket for each key that holds the requests of a minute."""

    def __init__(self, per_minute: int) -> None:
        self._limit = per_minute
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> int | None:
        """Count a request. Return None if it is allowed, else the seconds until the next one is."""
        now = time.monotonic()
        left, at = self._left.pop(key, (float(self._limit), now))
        left = min(float(self._limit), left + (now - at) * self._limit / 60)
        taken = left >= 1
        self._left[key] = (left - taken, now)
        while len(self._left) > MAX_KEYS:
            self._left.popitem(last=False)
        return None if taken else int((1 - left) * 60 / self._limit) + 1
