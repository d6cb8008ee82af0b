"""What a modem says unasked, handed to whom it concerns. All of it happens on the event loop, and nothing waits."""

from __future__ import annotations

import logging
from collections.abc import Callable

from gsmgw.at.dialogue import Stale, Urc
from gsmgw.at.responses import parse_pin_state, parse_reference, parse_ussd
from gsmgw.at.urcs import UrcKind
from gsmgw.errors import ModemError
from gsmgw.model import ModemState
from gsmgw.model.events import StorageFull, SubmitLateConfirmation, UssdReceived
from gsmgw.modem.health.monitor import HealthMonitor
from gsmgw.modem.port.errors import ModemReset
from gsmgw.modem.receiving.receiver import Receiver
from gsmgw.modem.sending.sender import Sender
from gsmgw.modem.services.calls import Calls
from gsmgw.modem.services.ussd import Ussd, decode_answer
from gsmgw.modem.sim.registration import RegistrationState
from gsmgw.modem.status import StatusReporter
from gsmgw.modem.wakeup import Wakeup

log = logging.getLogger(__name__)

#: Late answers that bring a reference: a message was accepted after all.
_ACCEPTED = ("+CMGS:", "+CMSS:")


#: So much of a line is shown to people.
_SHOWN_CHARS = 80
#: What comes from the network, and not from the modem alone.
_RECEIVED = (UrcKind.MESSAGE, UrcKind.REPORT, UrcKind.STORED)


class UrcDispatch:
    """One link's reaction to each kind of URC. ``end`` ends the link, ``on_heard`` is told of what is received."""

    def __init__(
        self,
        reporter: StatusReporter,
        registration: RegistrationState,
        receiver: Receiver,
        sender: Sender,
        calls: Calls,
        ussd: Ussd,
        sim_changed: Wakeup,
        health: HealthMonitor,
        end: Callable[[Exception], None],
        on_heard: Callable[[], None],
    ) -> None:
        self._on_heard = on_heard
        self._reporter = reporter
        self._registration_state = registration
        self._receiver = receiver
        self._sender = sender
        self._ussd = ussd
        self._sim_changed = sim_changed
        self._health = health
        self._end = end
        self._handlers: dict[UrcKind, Callable[[Urc], None]] = {
            UrcKind.MESSAGE: receiver.direct,
            UrcKind.REPORT: receiver.direct,
            UrcKind.STORED: receiver.stored,
            UrcKind.REGISTRATION: self._registration,
            UrcKind.FULL: self._full,
            UrcKind.RESET: self._reset,
            UrcKind.BOOT: self._boot,
            UrcKind.SIM: self._sim,
            UrcKind.CALL: lambda urc: calls.news(urc.line),
            UrcKind.USSD: self._answer_of_network,
        }

    def take(self, urc: Urc) -> None:
        """A line nobody asked for."""
        if urc.kind in _RECEIVED:
            self._on_heard()
        handler = self._handlers.get(urc.kind)
        if handler is not None:
            handler(urc)
        else:
            log.debug("%s: %s %s", self._reporter.name, urc.kind.value, urc.line)

    def take_stale(self, stale: Stale) -> None:
        """A line of an answer that was given up."""
        if stale.line.startswith(_ACCEPTED):
            reference = parse_reference(stale.line)
            if reference is not None and self._sender.late(reference):
                self._reporter.event(SubmitLateConfirmation(reference=reference))

    def _registration(self, urc: Urc) -> None:
        if self._registration_state.note_urc(urc):
            self._health.registration_changed()

    def _full(self, urc: Urc) -> None:
        self._reporter.event(StorageFull(line=urc.line[:_SHOWN_CHARS]))
        self._receiver.want_sweep()

    def _reset(self, urc: Urc) -> None:
        self._end(ModemReset(f"the modem restarted by itself ({urc.line[:_SHOWN_CHARS]})"))

    def _boot(self, urc: Urc) -> None:
        if self._health.serving:
            self._health.settings_lost()

    def _sim(self, urc: Urc) -> None:
        self._sim_changed.set()
        if self._health.serving and self._health.farewell is None and parse_pin_state(urc.line) != "READY":
            cause = ModemError(f"the SIM is not ready any more ({urc.line[:_SHOWN_CHARS]})")
            self._health.leave(cause)
            self._reporter.enter(ModemState.RECOVERING, f"{cause.title}; it is looked at again")

    def _answer_of_network(self, urc: Urc) -> None:
        if not self._ussd.news(urc.line):
            news = parse_ussd(urc.line)
            if news is not None and news.text is not None:
                self._reporter.event(UssdReceived(text=decode_answer(news.text, news.dcs)))
