"""Where message identifiers come from."""

from __future__ import annotations

import secrets
from threading import Lock

_COUNTER_BITS = 20


def first_id(wall_ms: int) -> int:
    """All identifiers given out in that millisecond or later are larger, all given out before are smaller."""
    return wall_ms << _COUNTER_BITS


class IdSource:
    """Gives out identifiers that sort by time and never repeat, whatever the clock does.

    An identifier is the UTC millisecond (43 bits) before a 20-bit counter that starts at random in each
    millisecond. A clock that goes back, or a millisecond that is used up, counts on from the last one.
    """

    def __init__(self, last: int = 0) -> None:
        self._last = last
        self._lock = Lock()  # the event loop numbers what it accepts, the writer thread what was received

    @property
    def last(self) -> int:
        """The last one given out."""
        return self._last

    def next(self, wall_ms: int) -> int:
        """A new identifier, larger than all before it."""
        floor = first_id(wall_ms)
        with self._lock:
            if floor > self._last:
                self._last = floor | secrets.randbits(_COUNTER_BITS - 4)
            else:
                self._last += 1
            return self._last
