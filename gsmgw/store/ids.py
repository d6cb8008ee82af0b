"""Generation of message IDs."""

from __future__ import annotations

import random
from threading import Lock

_COUNTER_BITS = 20


def first_id(wall_ms: int) -> int:
    """Return the boundary ID of a millisecond: earlier IDs are smaller, later ones are larger."""
    return wall_ms << _COUNTER_BITS


class IdSource:
    """Generates IDs that sort by time and never repeat, even if the clock is set back.

    An identifier is the UTC millisecond (43 bits) before a 20-bit counter that starts at random in each
    millisecond. A clock that goes back, or a millisecond that is used up, counts on from the last one.
    """

    def __init__(self, last: int = 0) -> None:
        self._last = last
        self._random = (
            random.Random()
        )  # seeded by the system once: an ID is not a secret, and is needed twice a message
        self._lock = Lock()  # the event loop numbers what it accepts, the writer thread what was received

    @property
    def last(self) -> int:
        """The latest ID."""
        return self._last

    def next(self, wall_ms: int) -> int:
        """Return a new ID, larger than all earlier ones."""
        floor = first_id(wall_ms)
        with self._lock:
            if floor > self._last:
                self._last = floor | self._random.getrandbits(_COUNTER_BITS - 4)
            else:
                self._last += 1
            return self._last
