"""The context of a link: what it gets from the modem it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from gsmgw.config import ModemSection
from gsmgw.model import RecoveryStep
from gsmgw.modem.health.failure_counter import FailureCounter
from gsmgw.modem.health.recovery import RecoveryPlan
from gsmgw.modem.port.babble_guard import BabbleGuard
from gsmgw.modem.port.port_node import PortNode
from gsmgw.modem.profiles import Profile
from gsmgw.modem.receiving.report_watch import ReportWatch
from gsmgw.modem.sending.result_timeout import ResultTimeout
from gsmgw.modem.sim.pin import AcceptedPins, PinGuard
from gsmgw.modem.status import StatusReporter
from gsmgw.ports import Clock, Opener


class ModemMemory:
    """The knowledge about a modem that is kept from link to link."""

    def __init__(self, clock: Clock) -> None:
        self.recovery = RecoveryPlan(clock)
        self.failures = FailureCounter(clock)
        self.report_watch = ReportWatch(clock)
        self.result_timeout = ResultTimeout()
        self.babble_guard = BabbleGuard(clock)
        self.accepted_pins = AcceptedPins()
        #: The abilities that this modem was found to lack.
        self.unable: set[str] = set()


@dataclass(frozen=True, slots=True)
class LinkContext:
    """The context of one link."""

    config: ModemSection
    reporter: StatusReporter
    clock: Clock
    memory: ModemMemory
    pin_guard: PinGuard
    choose_profile: Callable[[str], Profile]
    opener: Opener
    node: PortNode
    #: The recovery steps that this modem and its port allow.
    available_steps: frozenset[RecoveryStep]
    #: True if nobody was told yet that the modem's model is unknown, where it is.
    report_unknown_model: bool = False
    #: The USB interface number of the port; None where it is unknown.
    interface: int | None = None
    #: True if messages wait for this modem that no modem has refused: their fate tells more than a recovery step.
    others_wait: Callable[[], bool] = field(default=lambda: False)
    #: A second port that is listened to, where there is one.
    second_opener: Opener | None = None
