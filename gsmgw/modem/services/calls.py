"""Incoming calls: noted with their number, and hung up where that is wanted. Nobody will ever answer them."""

from __future__ import annotations

from collections.abc import Callable

from gsmgw.at.responses import parse_caller
from gsmgw.model.events import CallMissed
from gsmgw.modem.status import StatusReporter
from gsmgw.ports import Clock, Timer

#: A call that has not rung for that long is over. Phones ring every 4 to 6 s.
_OVER_S = 8.0
#: The number comes right behind the first RING, if at all.
_NUMBER_S = 2.0


class Calls:
    """Turns RING, +CRING and +CLIP into one ``call.missed`` for each call."""

    def __init__(self, reporter: StatusReporter, clock: Clock, hang_up: Callable[[], None]) -> None:
        self._reporter = reporter
        self._clock = clock
        self._hang_up = hang_up
        self._ringing = False
        self._told = False
        self._number: str | None = None
        self._over: Timer | None = None
        self._rang_at = 0.0
        self._number_due: Timer | None = None

    def news(self, line: str) -> None:
        """A line about a call came."""
        if line.startswith(("RING", "+CRING", "+CLIP")):
            self._ring()
            if line.startswith("+CLIP"):
                self._number = parse_caller(line)
                self._tell()
        elif self._ringing:  # NO CARRIER and the like: the caller gave up
            self._tell()
            self.close()

    def _ring(self) -> None:
        if not self._ringing:
            self._ringing = True
            self._told = False
            self._number = None
            self._number_due = self._clock.call_later(_NUMBER_S, self._tell)
        self._rang_at = self._clock.monotonic()
        if self._over is None:
            self._over = self._clock.call_later(_OVER_S, self._look)

    def _look(self) -> None:
        """The call is over when it has not rung for long enough."""
        left = self._rang_at + _OVER_S - self._clock.monotonic()
        if left > 0:
            self._over = self._clock.call_later(left, self._look)
        else:
            self.close()

    def _tell(self) -> None:
        if self._ringing and not self._told:
            self._told = True
            self._reporter.event(CallMissed(number=self._number))
            self._hang_up()

    def close(self) -> None:
        """No call is ringing any more."""
        self._ringing = False
        for timer in (self._over, self._number_due):
            if timer is not None:
                timer.cancel()
        self._over = self._number_due = None
