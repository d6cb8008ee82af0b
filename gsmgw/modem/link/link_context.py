"""What a link is given by its modem, and what it may ask of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gsmgw.config import ModemSection
from gsmgw.errors import ModemError
from gsmgw.modem.health.recovery import FailureCounter, RecoveryPlan, RecoveryStep
from gsmgw.modem.port.babble_guard import BabbleGuard
from gsmgw.modem.profiles import Profile
from gsmgw.modem.receiving.report_watch import ReportWatch
from gsmgw.modem.sending.result_timeout import ResultTimeout
from gsmgw.modem.sim.pin import PinGuard
from gsmgw.modem.status import StatusReporter
from gsmgw.ports import Clock, Opener


@dataclass(frozen=True, slots=True)
class LinkContext:
    """What a link is given by the modem it belongs to."""

    config: ModemSection
    reporter: StatusReporter
    clock: Clock
    guard: PinGuard
    opener: Opener
    #: Identifies the node of the port; None for one that has none, or is gone.
    node: Callable[[], object]
    choose_profile: Callable[[str], Profile]
    recovery: RecoveryPlan
    failures: FailureCounter
    report_watch: ReportWatch
    patience: ResultTimeout
    babble_guard: BabbleGuard
    #: The steps that can be taken with this port besides those of the modem itself.
    able: frozenset[RecoveryStep]
    #: What this very modem was found unable to do; kept from link to link.
    unable: set[str]
    #: Whether nobody was told yet that the modem's family is not known, where it is not.
    stranger: bool = False
    interface: int | None = None
    #: Whether texts wait for the modem that no modem has refused: what becomes of them tells more than a step would.
    others_wait: Callable[[], bool] = lambda: False
    #: A second port that is listened to, where there is one.
    second_opener: Opener | None = None


class StepNeeded(ModemError):
    """The link ends so that its modem can take a step that is not the modem's own."""

    def __init__(self, step: RecoveryStep, trouble: str) -> None:
        self.step = step
        super().__init__(trouble)
