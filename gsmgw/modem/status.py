"""What is known about a modem, told to the sink whenever it changes."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from gsmgw.model import EventData, ModemState, ModemStatus
from gsmgw.modem.port.babble_guard import BabbleGuard, BabbleKind
from gsmgw.ports import EventSink

log = logging.getLogger(__name__)


class StatusReporter:
    """The one place that holds a modem's :class:`ModemStatus`. What it tells is within the modem's ``budget``."""

    def __init__(self, name: str, sink: EventSink, state: ModemState, detail: str, babble_guard: BabbleGuard) -> None:
        self.name = name
        self.sink = sink
        self.babble_guard = babble_guard
        self._status = ModemStatus(name, state, detail)

    @property
    def status(self) -> ModemStatus:
        """What is known now."""
        return self._status

    def update(self, **changes: Any) -> None:
        """Change fields of the status; the sink hears of it when anything is different."""
        status = replace(self._status, **changes)
        if status == self._status:
            return
        before, self._status = self._status, status
        if (status.state, status.detail) != (before.state, before.detail) and self.babble_guard.take(BabbleKind.EVENTS):
            log.info("%s: %s: %s", self.name, status.state.value, status.detail)
        self.sink.modem_changed(status)

    def enter(self, state: ModemState, detail: str) -> None:
        """Change the state, with the sentence that says why and what happens next."""
        self.update(state=state, detail=detail)

    def event(self, data: EventData) -> None:
        """Tell of something that happened, unless the modem has used up its budget of events."""
        if self.babble_guard.take(BabbleKind.EVENTS):
            self.tell(data)

    def tell(self, data: EventData) -> None:
        """Tell of something that was decided here, so that the modem cannot make it come often."""
        log.info("%s: %s %s", self.name, data.type, data.as_json())
        self.sink.modem_event(self.name, data)
