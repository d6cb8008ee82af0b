"""Which step is taken next to bring a modem back: each costs more than the one before, and each has a budget."""

from __future__ import annotations

from collections import deque
from enum import StrEnum

from gsmgw.errors import Cause
from gsmgw.ports import Clock


class RecoveryStep(StrEnum):
    """The steps, in order. Re-synchronising (ESC, AT) and reopening the port happen all the time and are no rungs."""

    SETTINGS = "settings"  #: all that the modem is told at its start is told again
    RADIO = "radio"  #: AT+CFUN off and on: the SIM and the registration start anew
    RESET = "reset"  #: the modem restarts itself: AT+CFUN=1,1 or the vendor's command
    USB = "usb"  #: its USB device is taken away from the drivers and given back
    POWER = "power"  #: the power of its USB port is cut: uhubctl, or the configured command
    QUARANTINE = "quarantine"  #: given up for a while, and a person is told


_ORDER = tuple(RecoveryStep)
#: How often each step may be taken within an hour. A modem that is reset every few minutes is of no use to anybody,
#: and a SIM that registers too often is barred by its network.
BUDGET_PER_HOUR = {
    RecoveryStep.SETTINGS: 20,
    RecoveryStep.RADIO: 6,
    RecoveryStep.RESET: 4,
    RecoveryStep.USB: 3,
    RecoveryStep.POWER: 3,
}
_HOUR_S = 3600.0
#: Quarantine lasts that long, growing while nothing helps; then the modem is tried again.
QUARANTINE_PAUSES_S = (60.0, 300.0, 900.0)


class RecoveryPlan:
    """Where one modem stands."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next = 0
        self._taken: dict[RecoveryStep, deque[float]] = {step: deque() for step in RecoveryStep}
        self._quarantines = 0

    def succeeded(self) -> None:
        """It works: start from the lowest rung next time."""
        self._next = 0
        self._quarantines = 0

    def next_step(
        self, lowest: RecoveryStep = RecoveryStep.SETTINGS, *, able: frozenset[RecoveryStep] = frozenset(RecoveryStep)
    ) -> RecoveryStep:
        """The step to take now: the next that is possible and not used up, from ``lowest`` on."""
        now = self._clock.monotonic()
        for at in range(max(self._next, _ORDER.index(lowest)), len(_ORDER)):
            step = _ORDER[at]
            taken = self._taken[step]
            while taken and now - taken[0] >= _HOUR_S:
                taken.popleft()
            if step is RecoveryStep.QUARANTINE or (step in able and len(taken) < BUDGET_PER_HOUR[step]):
                taken.append(now)
                self._next = at if step is RecoveryStep.QUARANTINE else at + 1
                return step
        return RecoveryStep.QUARANTINE

    def quarantine_s(self) -> float:
        """How long to leave it alone this time."""
        pause = QUARANTINE_PAUSES_S[min(self._quarantines, len(QUARANTINE_PAUSES_S) - 1)]
        self._quarantines += 1
        self._next = 0
        return pause


class FailureCounter:
    """Tells a modem that sends nothing from texts whose recipients cannot be reached. Lives as long as the modem.

    Silence speaks of the modem. A refusal may be the recipient's: where others wait that nobody has tried, they tell.
    What was refused before another recipient's text was taken is the recipient's from then on.
    """

    #: How many failures in a row make it suspect: of its own, silence among them, and of any kind.
    OWN_LIMIT = 3
    ANY_LIMIT = 8
    #: And how many refusals, where there are always others that nobody has tried.
    FAR_LIMIT = 40
    #: So many recipients are remembered of each kind.
    REMEMBERED = 1000
    #: A modem that has sent so short a time ago is not what a few recipients that it never reached are refused for.
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
        #: How many texts have failed since the last that the network took.
        self.in_a_row = 0

    def success(self, to: bytes = b"") -> None:
        """A message was taken by the network."""
        self._remember(self._bad, self._refused - {to})
        self._bad.pop(to, None)
        self._remember(self._good, {to})
        self._refused.clear()
        self._sent_s = self._now_s()
        self.received()
        self.in_a_row = 0

    def received(self) -> None:
        """Something came in from the network: the modem is not what keeps texts back."""
        self._own = self._any = 0
        self._silent = False

    def failure(self, cause: Cause | None, to: bytes = b"", *, others_wait: bool = False) -> bool:
        """A message failed, with that cause where the modem answered; whether the modem is suspect now."""
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
        # From here on each further failure makes it suspect again, until a success.
        self._own, self._any = self.OWN_LIMIT - 1, self.ANY_LIMIT - 2
        return True

    def _now_s(self) -> float:
        return float("inf") if self._clock is None else self._clock.monotonic()

    @property
    def is_certain(self) -> bool:
        """Whether the failures speak of the modem, and not of recipients that it never reached."""
        return self._silent or any(to in self._good for to in self._refused)

    def _remember(self, kind: dict[bytes, None], recipients: set[bytes]) -> None:
        for to in recipients:
            kind.pop(to, None)
            kind[to] = None
        while len(kind) > self.REMEMBERED:
            del kind[next(iter(kind))]
