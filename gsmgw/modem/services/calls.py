"""Incoming calls: reported with their number, and hung up where that is configured. No call is ever answered."""

from __future__ import annotations

from gsmgw.at.events import Urc
from gsmgw.at.responses import parse_caller
from gsmgw.model.events import CallMissed
from gsmgw.modem.commands import network
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.status import StatusReporter
from gsmgw.modem.wakeup import Wakeup
from gsmgw.ports import Timer

#: A call that has not rung for that long is over. Phones ring every 4 to 6 s.
_OVER_S = 8.0
#: The number comes right after the first RING, if at all.
_NUMBER_S = 2.0


class Calls:
    """Turns RING, +CRING and +CLIP into one ``call.missed`` for each call."""

    def __init__(self, at: AtClient, reporter: StatusReporter, *, hang_up: bool) -> None:
        self._at = at
        self._clock = at.clock
        self._reporter = reporter
        self._hangs_up = hang_up
        self._work = Wakeup(at.clock)
        self._ringing = False
        self._reported = False
        self._number: str | None = None
        self._over: Timer | None = None
        self._rang_at = 0.0
        self._number_due: Timer | None = None

    async def run(self) -> None:
        """Worker: hang up."""
        while True:
            await self._work.wait()
            await network.hang_up(self._at)

    def call_urc(self, urc: Urc) -> None:
        """Take a URC about a call."""
        line = urc.line
        if line.startswith(("RING", "+CRING", "+CLIP")):
            self._ring()
            if line.startswith("+CLIP"):
                self._number = parse_caller(line)
                self._report()
        elif self._ringing:  # NO CARRIER and the like: the caller gave up
            self._report()
            self.close()

    def _ring(self) -> None:
        if not self._ringing:
            self._ringing = True
            self._reported = False
            self._number = None
            self._number_due = self._clock.call_later(_NUMBER_S, self._report)
        self._rang_at = self._clock.monotonic()
        if self._over is None:
            self._over = self._clock.call_later(_OVER_S, self._check_over)

    def _check_over(self) -> None:
        """End the call when it has not rung for long enough."""
        left = self._rang_at + _OVER_S - self._clock.monotonic()
        if left > 0:
            self._over = self._clock.call_later(left, self._check_over)
        else:
            self.close()

    def _report(self) -> None:
        if self._ringing and not self._reported:
            self._reported = True
            self._reporter.event(CallMissed(number=self._number))
            if self._hangs_up:
                self._work.set()

    def close(self) -> None:
        """End the call, if one is ringing."""
        self._ringing = False
        for timer in (self._over, self._number_due):
            if timer is not None:
                timer.cancel()
        self._over = self._number_due = None
