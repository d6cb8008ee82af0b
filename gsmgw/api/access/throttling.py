"""Limits on how often a client may do something."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from gsmgw.rates import RollingCount, TokenBucket

#: Keys that are remembered at most; those that were not seen for longest are forgotten.
MAX_KEYS: Final = 10_000


K = TypeVar("K")


class _Keys(Generic[K]):
    """A limiter for each key; those that were not used for longest are forgotten."""

    def __init__(self, make: Callable[[], K]) -> None:
        self._make = make
        self._known: OrderedDict[str, K] = OrderedDict()

    def get(self, key: str) -> K | None:
        """Return the limiter of a key that is known."""
        return self._known.get(key)

    def use(self, key: str) -> K:
        """Return the limiter of a key, which is in use now."""
        found = self._known.pop(key, None)
        self._known[key] = found = self._make() if found is None else found
        while len(self._known) > MAX_KEYS:
            self._known.popitem(last=False)
        return found


class FailureLimit:
    """At most ``per_minute`` failures of a key in any 60 seconds."""

    def __init__(self, per_minute: int) -> None:
        self._limit = per_minute
        self._seen = _Keys(lambda: RollingCount(60))

    def wait_s(self, key: str) -> int | None:
        """Return the seconds until the next failure is allowed; None if it is allowed now."""
        known, now = self._seen.get(key), time.monotonic()
        wait_s = 0.0 if known is None else known.free_at(now, 60, self._limit) - now
        return round(wait_s) + 1 if wait_s > 0 else None

    def note(self, key: str) -> None:
        """Count a failure."""
        self._seen.use(key).add(time.monotonic())


class RequestLimit:
    """A token bucket for each key that holds the requests of a minute."""

    def __init__(self, per_minute: int) -> None:
        self._buckets = _Keys(lambda: TokenBucket(per_minute, per_minute / 60, time.monotonic()))

    def take(self, key: str) -> int | None:
        """Count a request. Return None if it is allowed, else the seconds until the next one is."""
        bucket, now = self._buckets.use(key), time.monotonic()
        return None if bucket.take_whole(now) else int(bucket.wait(now)) + 1


class GrowingPause:
    """A few failures of a key are free; then each is followed by a pause, twice as long as the one before."""

    FREE: Final = 5
    FIRST_S: Final = 60.0
    LONGEST_S: Final = 900.0
    #: Without a failure for that long, a key begins anew.
    FORGOTTEN_S: Final = 3600.0

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._seen: _Keys[list[float]] = _Keys(list)

    def wait_s(self, key: str) -> int | None:
        """Return the seconds until the next try is allowed; None if it is allowed now."""
        failures = self._seen.get(key)
        if failures is None or len(failures) < self.FREE:
            return None
        left_s = failures[-1] + self._pause_s(len(failures)) - self._monotonic()
        return int(left_s) + 1 if left_s > 0 else None

    def note(self, key: str) -> None:
        """Count a failure."""
        failures, now = self._seen.use(key), self._monotonic()
        if failures and now - failures[-1] > self.FORGOTTEN_S:
            failures.clear()
        failures.append(now)
        del failures[: -self.FREE - 8]  # the pause has its full length then

    def take_back(self, key: str) -> None:
        """Take back the latest failure: the try had success."""
        failures = self._seen.get(key)
        if failures:
            failures.pop()

    def clear(self, key: str) -> None:
        """Forget the failures of a key."""
        self._seen.use(key).clear()

    def _pause_s(self, failures: int) -> float:
        return min(self.LONGEST_S, self.FIRST_S * 2.0 ** (failures - self.FREE))
