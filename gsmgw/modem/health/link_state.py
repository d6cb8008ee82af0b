"""The state of a modem in service, from what is known about its link."""

from __future__ import annotations

from gsmgw.errors import ModemError
from gsmgw.model import ModemState
from gsmgw.modem.receiving.reading import UNREADABLE_RETRY_S
from gsmgw.modem.settings import Settings
from gsmgw.modem.sim.registration import RegistrationState
from gsmgw.modem.status import StatusReporter

#: How often the memories are polled where received messages are not announced, seconds.
POLL_EVERY_S = 10.0
_POLLED = f"this modem does not announce received messages; polling storage every {POLL_EVERY_S:.0f} s"
_INDICATIONS_LOST = f"new-message notifications stopped; polling storage every {POLL_EVERY_S:.0f} s"
_SEND_ONLY = "send-only: this modem cannot receive"


class LinkState:
    """The facts that decide about the state of a modem while its link is in service."""

    def __init__(self, reporter: StatusReporter, registration: RegistrationState, settings: Settings) -> None:
        self._reporter = reporter
        self._registration = registration
        self._settings = settings
        #: True if the link is past its start.
        self.serving = False
        #: True if the modem ever was ready on this link.
        self.was_ready = False
        #: Why the link is to end as soon as no message is being transmitted.
        self.leaving: ModemError | None = None
        #: The failure after which the modem is checked before it is used again; empty where there is none.
        self.trouble = ""
        #: True if the modem may have lost its settings, so that they are applied again.
        self.settings_lost = False
        #: The time until refused settings are applied again, seconds; None where none was refused.
        self.retry_s: float | None = None
        #: How many messages in the memories cannot be read, and why.
        self.unreadable = 0
        self.unreadable_reason = ""
        #: True if indications stay away although the settings were applied again.
        self.indications_lost = False

    @property
    def must_poll(self) -> bool:
        """True if the memories must be polled for received messages."""
        return self.indications_lost or self._settings.must_poll

    def update(self) -> None:
        """Report the state that follows from what is known."""
        if not self.serving or self.trouble or self.leaving is not None:
            return
        registration = self._registration
        self._reporter.update(registration=registration.best)
        if not registration.registered:
            reason = "the network refuses this SIM" if registration.denied else "no network found yet"
            self._reporter.enter(
                ModemState.SEARCHING, f"{reason} ({registration.best}); messages wait until the modem is registered"
            )
            return
        self.was_ready = True
        limits = [*self._reception_limits(), *self._unreadable_limits()]
        if limits:
            self._reporter.enter(ModemState.DEGRADED, "; ".join(limits))
        else:
            self._reporter.enter(ModemState.READY, "ready")

    def _reception_limits(self) -> list[str]:
        if not self.must_poll:
            return []
        can_receive = self._reporter.status.storage
        found = [_INDICATIONS_LOST if self.indications_lost else _POLLED if can_receive else _SEND_ONLY]
        if self.retry_s is not None and (refused := self._settings.refused):
            found.append(f"{', '.join(refused)} refused, trying again in {self.retry_s:.0f} s")
        return found

    def _unreadable_limits(self) -> list[str]:
        if not self.unreadable:
            return []
        what = "a received message" if self.unreadable == 1 else f"{self.unreadable} received messages"
        again_s = f"{UNREADABLE_RETRY_S:.0f}"
        return [f"{what} cannot be read from the storage ({self.unreadable_reason}), trying again every {again_s} s"]

    def leave(self, cause: ModemError) -> bool:
        """Have the link end once no message is being transmitted; return False when it is ending already."""
        if self.leaving is not None:
            return False
        self.leaving = cause
        return True
