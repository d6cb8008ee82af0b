"""True if the network still reaches the modem, from status reports that were requested and stay away.

Some LTE modems silently receive nothing any more until they are restarted (open5gs issue 609). One missing report
proves nothing, because the recipient's phone may be off. No report at all, for many messages and a long time, where
reports had come before, does.
"""

from __future__ import annotations

from gsmgw.ports import Clock

#: How many messages without a report, over how long, with nothing else received meanwhile.
TEXTS = 20
SILENT_S = 1800.0
#: The least time between two restarts for that reason, seconds.
AGAIN_S = 6 * 3600.0
#: TS 23.040 9.2.3.5: TP-SRR in the first byte of a submission.
_REPORT_WANTED = 0x20


class ReportWatch:
    """The missing reports of one modem. Lives as long as the modem."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._receives = False
        self._since = 0.0
        self._paused_until = float("-inf")
        #: How many messages that want a report have been sent since anything was received.
        self.unanswered = 0

    def received(self) -> None:
        """Note that something came from the network."""
        self._receives = True
        self.unanswered = 0

    def sent(self, tpdu: bytes) -> None:
        """Note a submission that the network accepted."""
        if self._receives and tpdu[0] & _REPORT_WANTED:
            if self.unanswered == 0:
                self._since = self._clock.monotonic()
            self.unanswered += 1

    @property
    def reports_missing(self) -> bool:
        """True if the modem is to be restarted because no reports come."""
        now = self._clock.monotonic()
        return self.unanswered >= TEXTS and now - self._since >= SILENT_S and now >= self._paused_until

    def restarted(self) -> None:
        """Note the restart: reports must come again before they can be missing again."""
        self._receives = False
        self.unanswered = 0
        self._paused_until = self._clock.monotonic() + AGAIN_S
