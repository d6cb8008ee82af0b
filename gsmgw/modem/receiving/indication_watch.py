"""True if the modem still announces received messages, from those in its memories that were never announced.

One lost indication is an accident; a person must know when they stay away. So the first message found unannounced has
the settings applied again. When the next one is not announced either, the memories are polled until an indication
comes again.
"""

from __future__ import annotations

from gsmgw.modem.link_bus import IndicationsLost, IndicationsResumed, LinkBus
from gsmgw.ports import Clock, Timer

#: An indication that is on its way while the memories are listed comes within that time, seconds.
LATE_S = 5.0


class IndicationWatch:
    """Compares indications with what lies in the memories, and publishes what follows on the bus of the link."""

    def __init__(self, clock: Clock, bus: LinkBus) -> None:
        self._clock = clock
        self._bus = bus
        self._unannounced: set[tuple[str, int]] = set()
        self._due: Timer | None = None
        #: When each place was announced last, the latest at the end.
        self._announced: dict[tuple[str, int], float] = {}
        #: How often in a row messages were found that no indication had announced.
        self._missed = 0

    def announced(self, place: tuple[str, int]) -> None:
        """Note an indication; the place may be one that cannot be read."""
        now = self._clock.monotonic()
        announced = self._announced
        announced.pop(place, None)
        announced[place] = now
        while now - announced[oldest := next(iter(announced))] >= LATE_S:
            del announced[oldest]
        self._unannounced.discard(place)
        if not self._unannounced:
            self._stop()
        was, self._missed = self._missed, 0
        if was:
            self._bus.publish(IndicationsResumed())

    def found(self, places: set[tuple[str, int]]) -> None:
        """Note new messages that were found by a sweep which no indication had asked for."""
        now = self._clock.monotonic()
        self._unannounced |= {place for place in places if now - self._announced.get(place, float("-inf")) >= LATE_S}
        if self._unannounced and self._due is None:
            self._due = self._clock.call_later(LATE_S, self._decide)

    def settings_reapplied(self) -> None:
        """Note that the settings were applied again, for any reason: that deals with what was found before."""
        if self._unannounced:
            self._missed += 1
            self._unannounced.clear()
        self._stop()

    def _decide(self) -> None:
        self._due = None
        count = len(self._unannounced)
        self._unannounced.clear()
        if count:
            self._missed += 1
            self._bus.publish(IndicationsLost(count, self._missed))

    def _stop(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def close(self) -> None:
        """End the watch with its link."""
        self._unannounced.clear()
        self._stop()
