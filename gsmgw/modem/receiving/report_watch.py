"""Whether anything comes in from the network, from the status reports that were asked for and stay away.

Some LTE modems receive nothing any more, without a sign, until they are restarted (open5gs issue 609). One report that
is missing says nothing, for the recipient's phone may be off; none at all, for many texts and a long time, where
reports had come before, does.
"""

from __future__ import annotations

from gsmgw.ports import Clock

#: So many texts without a report, over so long a time, and nothing else received meanwhile.
TEXTS = 20
SILENT_S = 1800.0
#: How long it is left alone after it was restarted for that.
AGAIN_S = 6 * 3600.0
#: TS 23.040 9.2.3.5: TP-SRR in the first octet of a submission.
_REPORT_WANTED = 0x20


class ReportWatch:
    """What one modem has yet to hear. Lives as long as the modem."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._hears = False
        self._since = 0.0
        self._resting_until = float("-inf")
        #: How many texts have been sent that want a report, since anything came in.
        self.unanswered = 0

    def heard(self) -> None:
        """Something came in from the network."""
        self._hears = True
        self.unanswered = 0

    def sent(self, tpdu: bytes) -> None:
        """The network took a submission."""
        if self._hears and tpdu[0] & _REPORT_WANTED:
            if self.unanswered == 0:
                self._since = self._clock.monotonic()
            self.unanswered += 1

    @property
    def reports_missing(self) -> bool:
        """Whether the modem is to be restarted for what did not come."""
        now = self._clock.monotonic()
        return self.unanswered >= TEXTS and now - self._since >= SILENT_S and now >= self._resting_until

    def restarted(self) -> None:
        """That was tried: reports have to come again before they are missed again."""
        self._hears = False
        self.unanswered = 0
        self._resting_until = self._clock.monotonic() + AGAIN_S
