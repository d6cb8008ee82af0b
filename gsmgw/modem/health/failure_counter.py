"""True if failures to send are the modem's fault or the recipients'."""

from __future__ import annotations

from gsmgw.errors import Cause
from gsmgw.ports import Clock


class FailureCounter:
    """Tells a modem that sends nothing from recipients that cannot be reached. Lives as long as the modem.

    A time-out is the modem's fault. A refusal may be the recipient's: where messages wait that no modem has refused,
    those will tell. A recipient that was refused before another one's message was accepted counts as the cause.
    """

    #: How many failures in a row make the modem suspect: its own (time-outs among them), and of any kind.
    OWN_LIMIT = 3
    ANY_LIMIT = 8
    #: And how many refusals while messages wait that no modem has refused.
    FAR_LIMIT = 40
    #: How many recipients are remembered of each kind.
    REMEMBERED = 1000
    #: A modem that sent a message within that time is not suspected for a few recipients that it never reached.
    JUST_SENT_S = 60.0

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock
        self._sent_s = float("-inf")
        self._own = 0
        self._any = 0
        self._silent = False
        self._refused: set[bytes] = set()
        self._good: dict[bytes, None] = {}
        self._bad: dict[bytes, None] = {}
        #: How many messages have failed since the last one that the network accepted.
        self.in_a_row = 0

    def success(self, to: bytes = b"") -> None:
        """Note that the network accepted a message."""
        self._remember(self._bad, self._refused - {to})
        self._bad.pop(to, None)
        self._remember(self._good, {to})
        self._refused.clear()
        self._sent_s = self._now_s()
        self.received()
        self.in_a_row = 0

    def received(self) -> None:
        """Note that something came from the network: the modem does not keep messages back."""
        self._own = self._any = 0
        self._silent = False

    def failure(self, cause: Cause | None, to: bytes = b"", *, others_wait: bool = False) -> bool:
        """Note a failed message, with its cause where the modem answered; return whether the modem is suspect now."""
        self.in_a_row += 1
        if cause is not None:
            if to in self._bad:
                return False
            self._refused.add(to)
            just_sent = self._now_s() - self._sent_s < self.JUST_SENT_S
            if just_sent and to not in self._good and len(self._refused) < self.ANY_LIMIT:
                return False
        self._any += 1
        self._own += cause is None or cause.is_modems
        self._silent |= cause is None
        if self._own < self.OWN_LIMIT and self._any < self.ANY_LIMIT:
            return False
        if others_wait and cause is not None and self._any < self.FAR_LIMIT:
            return False
        # From now on each further failure makes it suspect again, until a success.
        self._own, self._any = self.OWN_LIMIT - 1, self.ANY_LIMIT - 2
        return True

    def _now_s(self) -> float:
        return float("inf") if self._clock is None else self._clock.monotonic()

    @property
    def is_certain(self) -> bool:
        """True if the modem is the cause, and not recipients that it never reached."""
        return self._silent or any(to in self._good for to in self._refused)

    def _remember(self, kind: dict[bytes, None], recipients: set[bytes]) -> None:
        for to in recipients:
            kind.pop(to, None)
            kind[to] = None
        while len(kind) > self.REMEMBERED:
            del kind[next(iter(kind))]
