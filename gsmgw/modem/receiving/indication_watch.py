"""Whether the modem still tells what it receives, from what lies in its memories and was never announced.

An indication that is lost once is an accident; what a person has to know is that they stay away. So the first text
found unannounced has the settings repeated, unless they just were, and when the next one is not announced either, the
memories are polled until an indication comes again.
"""

from __future__ import annotations

from collections.abc import Callable

from gsmgw.ports import Clock, Timer

#: An indication that is under way while the memories are listed comes within that time.
LATE_S = 5.0


class IndicationWatch:
    """What one link hears. ``on_deaf`` is called with the number of texts that nobody announced."""

    def __init__(self, clock: Clock, on_deaf: Callable[[int], None], on_heard: Callable[[], None]) -> None:
        self._clock = clock
        self._on_deaf = on_deaf
        self._on_heard = on_heard
        self._unannounced: set[tuple[str, int]] = set()
        self._due: Timer | None = None
        #: When each place was announced last, the latest at the end.
        self._announced: dict[tuple[str, int], float] = {}
        #: How often in a row texts were found that no indication had told of.
        self.missed = 0

    def announced(self, place: tuple[str, int]) -> None:
        """An indication came, for a place or for none that can be read."""
        now = self._clock.monotonic()
        announced = self._announced
        announced.pop(place, None)
        announced[place] = now
        while now - announced[oldest := next(iter(announced))] >= LATE_S:
            del announced[oldest]
        self._unannounced.discard(place)
        if not self._unannounced:
            self._stop()
        was, self.missed = self.missed, 0
        if was:
            self._on_heard()

    def found(self, places: set[tuple[str, int]]) -> None:
        """A look through the memories that no indication had asked for found new texts there."""
        now = self._clock.monotonic()
        self._unannounced |= {place for place in places if now - self._announced.get(place, float("-inf")) >= LATE_S}
        if self._unannounced and self._due is None:
            self._due = self._clock.call_later(LATE_S, self._decide)

    def renewed(self) -> None:
        """The settings were repeated, whatever for: what was found before is dealt with by that."""
        if self._unannounced:
            self.missed += 1
            self._unannounced.clear()
        self._stop()

    def _decide(self) -> None:
        self._due = None
        count = len(self._unannounced)
        self._unannounced.clear()
        if count:
            self.missed += 1
            self._on_deaf(count)

    def _stop(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def close(self) -> None:
        """The link ends."""
        self._unannounced.clear()
        self._stop()
