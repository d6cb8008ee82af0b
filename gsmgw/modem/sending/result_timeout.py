"""How long one modem is waited for: from how long its final results took."""

from __future__ import annotations

from collections import deque

#: So many results are remembered.
_REMEMBERED = 50
#: Before so many have come, nothing is known of a modem.
_KNOWN = 5
#: How many times as long as the slowest of them a modem is waited for.
_MARGIN = 3.0
#: How many times as long as the shortest wait a modem is waited for of which nothing is known.
_UNKNOWN = 8.0


class ResultTimeout:
    """Lives as long as the modem."""

    def __init__(self) -> None:
        self._took_s: deque[float] = deque(maxlen=_REMEMBERED)
        self._missed = 0

    def missed(self) -> None:
        """A final result did not come in time: a modem of which nothing is known is waited for half as long."""
        self._missed += 1

    def note(self, seconds: float) -> None:
        """A final result came so long after its payload, in time or late."""
        self._took_s.append(seconds)
        self._missed = 0

    def wait_s(self, least_s: float, most_s: float) -> float:
        """Return how long the next result is waited for where the modem answers AT meanwhile."""
        wait_s = max(least_s, _MARGIN * max(self._took_s, default=0.0))
        if len(self._took_s) < _KNOWN:
            wait_s = max(wait_s, _UNKNOWN / 2**self._missed * least_s)
        return min(wait_s, max(least_s, most_s))
