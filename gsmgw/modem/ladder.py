"""Which step is taken next to bring a modem back: each costs more than the one before, and each has a budget."""

from __future__ import annotations

from collections import deque
from enum import StrEnum

from gsmgw.ports import Clock


class Rung(StrEnum):
    """The steps, in order. Re-synchronising (ESC, AT) and reopening the port happen all the time and are no rungs."""

    SETTINGS = "settings"  #: all that the modem is told at its start is told again
    RADIO = "radio"  #: AT+CFUN off and on: the SIM and the registration start anew
    RESET = "reset"  #: the modem restarts itself: AT+CFUN=1,1 or the vendor's command
    USB = "usb"  #: its USB device is taken away from the drivers and given back
    POWER = "power"  #: the power of its USB port is cut: uhubctl, or the configured command
    QUARANTINE = "quarantine"  #: given up for a while, and a person is told


_ORDER = tuple(Rung)
#: How often each step may be taken within an hour. A modem that is reset every few minutes is of no use to anybody,
#: and a SIM that registers too often is barred by its network.
BUDGET_PER_HOUR = {Rung.SETTINGS: 20, Rung.RADIO: 6, Rung.RESET: 4, Rung.USB: 3, Rung.POWER: 3}
_HOUR_S = 3600.0
#: Quarantine lasts that long, growing while nothing helps; then the modem is tried again.
QUARANTINE_PAUSES_S = (60.0, 300.0, 900.0)


class Ladder:
    """Where one modem stands."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next = 0
        self._taken: dict[Rung, deque[float]] = {rung: deque() for rung in Rung}
        self._quarantines = 0

    def well(self) -> None:
        """It works: start from the lowest rung next time."""
        self._next = 0
        self._quarantines = 0

    def climb(self, lowest: Rung = Rung.SETTINGS, *, able: frozenset[Rung] = frozenset(Rung)) -> Rung:
        """The step to take now: the next that is possible and not used up, from ``lowest`` on."""
        now = self._clock.monotonic()
        for at in range(max(self._next, _ORDER.index(lowest)), len(_ORDER)):
            rung = _ORDER[at]
            taken = self._taken[rung]
            while taken and now - taken[0] >= _HOUR_S:
                taken.popleft()
            if rung is Rung.QUARANTINE or (rung in able and len(taken) < BUDGET_PER_HOUR[rung]):
                taken.append(now)
                self._next = at if rung is Rung.QUARANTINE else at + 1
                return rung
        return Rung.QUARANTINE

    def quarantine_s(self) -> float:
        """How long to leave it alone this time."""
        pause = QUARANTINE_PAUSES_S[min(self._quarantines, len(QUARANTINE_PAUSES_S) - 1)]
        self._quarantines += 1
        self._next = 0
        return pause


class FailureCounter:
    """Finds the modem out that answers AT but sends nothing. Lives as long as the modem: no reopening forgives."""

    #: Codes that mean the modem itself, not the network or the recipient (TS 27.005 3.2.5, TS 27.007 9.2).
    OWN_CMS = frozenset({300, 302, 303, 320, 500})
    OWN_CME = frozenset({0, 3, 4, 100})
    #: How many failures in a row make it suspect: of its own, silence among them, and of any kind.
    OWN_LIMIT = 3
    ANY_LIMIT = 8

    def __init__(self) -> None:
        self._own = 0
        self._any = 0
        #: How many texts have failed since the last that the network took.
        self.in_a_row = 0

    def success(self) -> None:
        """A message was taken by the network."""
        self._own = self._any = self.in_a_row = 0

    def failure(self, cms: int | None, cme: int | None) -> bool:
        """A message failed for a reason that is not its own; whether the modem is suspect now."""
        self.in_a_row += 1
        self._any += 1
        if cms in self.OWN_CMS or cme in self.OWN_CME or (cms is None and cme is None):
            self._own += 1
        if self._own < self.OWN_LIMIT and self._any < self.ANY_LIMIT:
            return False
        # From here on each further failure makes it suspect again, until a success.
        self._own, self._any = self.OWN_LIMIT - 1, self.ANY_LIMIT - 2
        return True
