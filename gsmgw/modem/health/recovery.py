"""The recovery plan of a modem: which step comes next. Each step costs more than the one before, and is limited."""

from __future__ import annotations

from collections import deque

from gsmgw.errors import ModemError
from gsmgw.model import RecoveryStep
from gsmgw.ports import Clock

_ORDER = tuple(RecoveryStep)
#: The most times that each step is taken within an hour: a modem that resets every few minutes is useless, and a SIM
#: that registers too often is barred by its network.
LIMIT_PER_HOUR = {
    RecoveryStep.SETTINGS: 20,
    RecoveryStep.RADIO: 6,
    RecoveryStep.RESET: 4,
    RecoveryStep.USB: 3,
    RecoveryStep.POWER: 3,
}
_HOUR_S = 3600.0
#: The length of a quarantine, growing while nothing helps; then the modem is tried again.
QUARANTINE_PAUSES_S = (60.0, 300.0, 900.0)


class RecoveryPlan:
    """The steps that were taken for one modem. Lives as long as the modem."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next = 0
        self._taken: dict[RecoveryStep, deque[float]] = {step: deque() for step in RecoveryStep}
        self._quarantines = 0

    def succeeded(self) -> None:
        """Note that the modem works: the next recovery begins with the first step."""
        self._next = 0
        self._quarantines = 0

    def next_step(
        self,
        lowest: RecoveryStep = RecoveryStep.SETTINGS,
        *,
        available: frozenset[RecoveryStep] = frozenset(RecoveryStep),
    ) -> RecoveryStep:
        """Return the step to take now: the next from ``lowest`` on that is available and not used up."""
        now = self._clock.monotonic()
        for at in range(max(self._next, _ORDER.index(lowest)), len(_ORDER)):
            step = _ORDER[at]
            taken = self._taken[step]
            while taken and now - taken[0] >= _HOUR_S:
                taken.popleft()
            if step is RecoveryStep.QUARANTINE or (step in available and len(taken) < LIMIT_PER_HOUR[step]):
                taken.append(now)
                self._next = at if step is RecoveryStep.QUARANTINE else at + 1
                return step
        return RecoveryStep.QUARANTINE

    def quarantine_s(self) -> float:
        """Return how long the quarantine lasts that begins now."""
        pause = QUARANTINE_PAUSES_S[min(self._quarantines, len(QUARANTINE_PAUSES_S) - 1)]
        self._quarantines += 1
        self._next = 0
        return pause


class StepNeeded(ModemError):
    """The link ends so that its modem can take a step that is not a command."""

    def __init__(self, step: RecoveryStep, trouble: str) -> None:
        self.step = step
        super().__init__(trouble)
