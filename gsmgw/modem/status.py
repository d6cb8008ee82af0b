"""The status of a modem, reported to the sink whenever it changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from gsmgw.model import BabbleKind, EventData, ModemState, ModemStatus
from gsmgw.modem.port.babble_guard import BabbleGuard
from gsmgw.ports import Clock, EventSink

log = logging.getLogger(__name__)


#: States in which a modem needs a person, or may soon.
_TROUBLE = (ModemState.UNAVAILABLE, ModemState.LOCKED, ModemState.DEGRADED, ModemState.QUARANTINED)
#: States that a modem leaves by itself.
_PASSING = (ModemState.PROBING, ModemState.SEARCHING, ModemState.RECOVERING)


def _level(before: ModemState, state: ModemState) -> int:
    """Return the level of a change: a warning when service is lost, or a person is needed.

    The way of a modem from absent to ready is one line; its steps have the level debug.
    """
    if state is before:
        return logging.DEBUG if state in _PASSING else logging.INFO
    lost = before.carries and not state.carries and state is not ModemState.DISABLED
    return logging.WARNING if lost or state in _TROUBLE else logging.INFO


class StatusReporter:
    """Holds the :class:`ModemStatus` of one modem and reports it, within the limits of its ``babble_guard``."""

    def __init__(self, name: str, sink: EventSink, state: ModemState, detail: str, babble_guard: BabbleGuard) -> None:
        self.name = name
        self.sink = sink
        self.babble_guard = babble_guard
        self._status = ModemStatus(name, state, detail)
        self._waiters: set[asyncio.Future[None]] = set()

    @property
    def status(self) -> ModemStatus:
        """The current status."""
        return self._status

    def update(self, **changes: Any) -> None:
        """Change fields of the status; it is reported when anything is different."""
        status = replace(self._status, **changes)
        if status == self._status:
            return
        before, self._status = self._status, status
        if (status.state, status.detail) != (before.state, before.detail) and self.babble_guard.take(BabbleKind.EVENTS):
            log.log(_level(before.state, status.state), "%s: %s: %s", self.name, status.state.value, status.detail)
        self.sink.modem_changed(status)
        self.announce()

    def announce(self) -> None:
        """Have :meth:`until` look again: something changed that the status does not show."""
        for waiter in self._waiters:
            _wake(waiter)

    async def until(self, reached: Callable[[], bool], within_s: float, clock: Clock) -> None:
        """Wait until ``reached`` is true, at most ``within_s`` seconds."""
        give_up_at = clock.monotonic() + within_s
        while not reached() and (left_s := give_up_at - clock.monotonic()) > 0:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            timer = clock.call_later(left_s, partial(_wake, waiter))
            try:
                await waiter
            finally:
                timer.cancel()
                self._waiters.discard(waiter)

    def enter(self, state: ModemState, detail: str) -> None:
        """Change the state; ``detail`` says why and what happens next."""
        self.update(state=state, detail=detail)

    def event(self, data: EventData) -> None:
        """Report an event, unless the modem has exceeded its limit of events."""
        if self.babble_guard.take(BabbleKind.EVENTS):
            self.event_always(data)

    def event_always(self, data: EventData) -> None:
        """Report an event that the gateway decided on, so that the modem cannot make it come often."""
        self.sink.modem_event(self.name, data)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
