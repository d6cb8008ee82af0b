"""How long the final result of a submission is waited for, from how long this modem needed before."""

from __future__ import annotations

from collections import deque

#: How many results are remembered.
_REMEMBERED = 50
#: The number of results from which on a modem counts as known.
_KNOWN = 5
#: The wait for a known modem: a multiple of its slowest result.
_MARGIN = 3.0
#: The wait for an unknown modem: a multiple of the shortest wait.
_UNKNOWN = 8.0


class ResultTimeout:
    """The response times of one modem. Lives as long as the modem."""

    def __init__(self) -> None:
        self._took_s: deque[float] = deque(maxlen=_REMEMBERED)
        self._missed = 0

    def missed(self) -> None:
        """Note a final result that did not come in time: the wait for an unknown modem is halved."""
        self._missed += 1

    def note(self, seconds: float) -> None:
        """Note the time from a payload to its final result, in time or late."""
        self._took_s.append(seconds)
        self._missed = 0

    def wait_s(self, least_s: float, most_s: float) -> float:
        """Return how long the next result is waited for where the modem answers AT meanwhile."""
        wait_s = max(least_s, _MARGIN * max(self._took_s, default=0.0))
        if len(self._took_s) < _KNOWN:
            wait_s = max(wait_s, _UNKNOWN / 2**self._missed * least_s)
        return min(wait_s, max(least_s, most_s))
