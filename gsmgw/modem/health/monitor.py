"""Care for a modem in service: keep the port in step, refresh its figures, find silent faults, bring it back."""

from __future__ import annotations

import logging
import math

from gsmgw.at.events import Urc
from gsmgw.at.responses import MemoryUse, PinState, parse_pin_state
from gsmgw.errors import ModemError
from gsmgw.model import ModemState, RecoveryStep
from gsmgw.model.events import ModemIndicationsLost, ModemSettingsLost
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.commands.device import GSM_ALPHABET
from gsmgw.modem.health.healing import Healing
from gsmgw.modem.health.link_state import POLL_EVERY_S, LinkState
from gsmgw.modem.health.telemetry import Telemetry
from gsmgw.modem.link_bus import AcknowledgementRefused, IndicationsLost, IndicationsResumed, UnreadableChanged
from gsmgw.modem.port.errors import NotAModem
from gsmgw.modem.port.port_lock import PortPriority
from gsmgw.modem.port.port_node import PortNode
from gsmgw.modem.receiving.report_watch import ReportWatch
from gsmgw.modem.receiving.stored import StoredReceiver
from gsmgw.modem.sending.sender import Sender
from gsmgw.modem.settings import Settings
from gsmgw.modem.sim.registration import RegistrationState
from gsmgw.modem.status import StatusReporter
from gsmgw.modem.wakeup import Wakeup

log = logging.getLogger(__name__)

#: How often a modem is asked for its registration and signal, seconds.
HEALTH_EVERY_S = 30.0
#: One that is busy sending is asked that often, seconds.
REFRESH_AT_LEAST_EVERY_S = 300.0
#: Its settings are read back that often all the same: without them it takes PDUs for text, or announces nothing.
READ_BACK_AT_LEAST_EVERY_S = 60.0
#: Pauses between queries while no network is found: the URC may not come.
SEARCH_PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)
#: However often a modem reports a change of its registration, all domains are not queried more often than that.
QUERY_PAUSE_S = 1.0
#: Pauses before settings that were refused are applied again.
REFUSED_PAUSES_S = (5.0, 15.0, 60.0, 300.0, 900.0)
#: The same where another setting was accepted, or the modem works without: then it stays so.
BETTER_PAUSES_S = (60.0, 300.0, 900.0)
#: How often the node of the port is checked, for one that was replaced without a hang-up.
NODE_EVERY_S = 1.0
#: How often the memories are swept in case an indication was lost.
SWEEP_EVERY_S = 300.0
#: How long after a time-out the SIM's record of its last reference is final, whatever the modem still did.
RECORD_SETTLES_S = 31.0
#: How often on each link the SIM's record is read right after a message was confirmed.
RECORD_READINGS = 2
#: How much of a line is shown in a status.
_SHOWN_CHARS = 80


class HealthMonitor:
    """The care for one link. Its other methods note what happened; :meth:`run` acts on it."""

    def __init__(
        self,
        at: AtClient,
        reporter: StatusReporter,
        state: LinkState,
        healing: Healing,
        telemetry: Telemetry,
        registration: RegistrationState,
        settings: Settings,
        receiver: StoredReceiver,
        sender: Sender,
        *,
        report_watch: ReportWatch,
        node: PortNode,
    ) -> None:
        self._channel = at.channel
        self._clock = at.clock
        self._reporter = reporter
        self._state = state
        self._healing = healing
        self._telemetry = telemetry
        self._registration = registration
        self._settings = settings
        self._receiver = receiver
        self._sender = sender
        self._report_watch = report_watch
        self._node = node
        self._wakeup = Wakeup(at.clock)
        self._suspect = False
        self._registration_changed = False
        self._retry_at = math.inf
        self._retries = 0
        self._queried_at = -math.inf
        self._record_due_at = math.inf
        self._record_readings = RECORD_READINGS
        self._refreshed_at = self._read_back_at = -math.inf

    # -- notes, on the event loop -------------------------------------------------------------------------------

    def wake(self) -> None:
        """Look now: something has changed."""
        self._wakeup.set()

    def boot_urc(self, urc: Urc) -> None:
        """Take a URC that a starting modem sends."""
        if self._state.serving:
            self.settings_lost()

    def registration_urc(self, urc: Urc) -> None:
        """Take a URC of the registration. The other domains are queried before the modem counts as not registered."""
        if self._registration.note_urc(urc):
            self._registration_changed = True
            if self._registration.registered:
                self._state.update()
            self._wakeup.set()

    def sim_urc(self, urc: Urc) -> None:
        """Take a URC of the SIM: one that is not ready any more ends the link."""
        if self._state.serving and self._state.leaving is None and parse_pin_state(urc.line) is not PinState.READY:
            cause = ModemError(f"the SIM is not ready any more ({urc.line[:_SHOWN_CHARS]})")
            self.leave(cause)
            self._reporter.enter(ModemState.RECOVERING, f"{cause.title}; checking it again")

    def settings_lost(self) -> None:
        """Apply the settings again soon: the modem may have lost them."""
        self._state.settings_lost = True
        self._wakeup.set()

    def indications_lost(self, fact: IndicationsLost) -> None:
        """Messages lay in the memories that no indication had announced."""
        self._reporter.event(ModemIndicationsLost(unannounced=fact.count, in_a_row=fact.in_a_row))
        if fact.in_a_row == 1:
            self._reporter.enter(
                ModemState.RECOVERING, "a received message was not announced; applying the settings again"
            )
            self.settings_lost()
        else:
            self._state.indications_lost = True
            self._state.update()
            self._wakeup.set()

    def indications_resumed(self, fact: IndicationsResumed) -> None:
        """Indications come again."""
        if self._state.indications_lost:
            self._state.indications_lost = False
            self._state.update()

    def acknowledgement_refused(self, fact: AcknowledgementRefused) -> None:
        """Messages that are routed directly cannot be acknowledged: have them stored from now on."""
        self._settings.store_instead_of_direct()
        self.settings_lost()

    def unreadable_changed(self, fact: UnreadableChanged) -> None:
        """Messages in the memories cannot be read, or can be read again."""
        self._state.unreadable, self._state.unreadable_reason = fact.count, fact.reason
        self._state.update()

    def in_doubt(self) -> None:
        """The fate of a message is unknown: the SIM's record may tell."""
        self._record_due_at = self._clock.monotonic() + RECORD_SETTLES_S
        self._wakeup.set()

    def confirmed(self) -> None:
        """A message was confirmed. The SIM's record right after that shows whether the modem keeps it up to date."""
        if self._record_readings and self._record_due_at == math.inf:
            self._record_readings -= 1
            self._record_due_at = self._clock.monotonic()
            self._wakeup.set()

    def distrust(self, trouble: str, *, suspect: bool) -> None:
        """A refusal blames the modem. If it is ``suspect``, the next recovery step is taken even if it looks well."""
        self._state.trouble, self._suspect = trouble, suspect
        self._reporter.enter(ModemState.RECOVERING, f"{trouble}; checking the modem before it is used again")
        self._wakeup.set()

    def leave(self, cause: ModemError) -> None:
        """End the link once no message is being transmitted."""
        if self._state.leave(cause):
            self._wakeup.set()

    # -- the loop -----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Worker. Raises what ends the link."""
        self._schedule_retry()
        now = self._clock.monotonic()
        health_at, sweep_at, search_at, searches = now, now + SWEEP_EVERY_S, now, 0
        while True:
            await self._act()
            now = self._clock.monotonic()
            if not self._registration.registered and now >= search_at:
                await self._healing.check_sim()
                await self._registration.refresh()
                self._state.update()
                search_at = now + SEARCH_PAUSES_S[min(searches, len(SEARCH_PAUSES_S) - 1)]
                searches += 1
            elif self._registration.registered:
                searches = 0
            if now >= health_at:
                health_at = now + HEALTH_EVERY_S
                await self._check_health(now)
            if now >= self._retry_at:
                await self._retry_settings()
            elif bool(self._settings.refused) != (self._state.retry_s is not None):
                self._schedule_retry()
            polls = self._state.must_poll
            if now >= sweep_at or (polls and sweep_at > now + POLL_EVERY_S):
                sweep_at = now + (POLL_EVERY_S if polls else SWEEP_EVERY_S)
                self._receiver.want_sweep(patrol=not polls)
            if now >= self._record_due_at:
                self._record_due_at = math.inf
                await self._telemetry.read_last_reference()
            self._node.check()
            await self._wakeup.wait(self._pause_s(now, min(health_at, sweep_at), search_at))

    def _pause_s(self, now: float, due_at: float, search_at: float) -> float:
        """Return the time until something is due."""
        due_at = min(due_at, self._record_due_at, self._retry_at)
        if not self._registration.registered:
            due_at = min(due_at, search_at)
        if self._registration_changed:
            due_at = min(due_at, self._queried_at + QUERY_PAUSE_S)
        if self._node.exists:
            due_at = min(due_at, now + NODE_EVERY_S)
        return max(0.01, due_at - self._clock.monotonic())

    def _schedule_retry(self) -> None:
        """Have refused settings applied again, with growing pauses, and a few times where the modem works without."""
        state, settings = self._state, self._settings
        pause_s = None
        if settings.refused:
            pause_s = REFUSED_PAUSES_S[min(self._retries, len(REFUSED_PAUSES_S) - 1)]
        elif (settings.downgraded or settings.charset != GSM_ALPHABET) and self._retries < len(BETTER_PAUSES_S):
            pause_s = BETTER_PAUSES_S[self._retries]
        self._retry_at = math.inf if pause_s is None else self._clock.monotonic() + pause_s
        state.retry_s = pause_s if settings.refused else None
        state.update()

    async def _retry_settings(self) -> None:
        self._retries += 1
        log.info("%s: applying refused settings again settings=%s", self._reporter.name, self._settings.refused)
        await self._settings.apply()
        self._receiver.want_sweep()
        self._schedule_retry()

    async def _act(self) -> None:
        """Act on the notes."""
        if self._channel.dirty:
            async with self._channel.exclusive(PortPriority.CONTROL):
                pass
        if self._state.leaving is not None:
            async with self._channel.exclusive(PortPriority.CONTROL):
                await self._settings.store_while_away()
                raise self._state.leaving
        if self._state.trouble:
            suspect, self._suspect = self._suspect, False
            await self._healing.check(suspect=suspect)
        if self._state.settings_lost or self._settings.echo_seen:
            await self._healing.reapply_settings()
        if self._registration_changed and self._clock.monotonic() >= self._queried_at + QUERY_PAUSE_S:
            self._registration_changed = False
            self._queried_at = self._clock.monotonic()
            await self._registration.refresh()
            self._state.update()

    # -- health checks ------------------------------------------------------------------------------------------

    async def _check_health(self, now: float) -> None:
        """Check what nothing announces. A modem that is sending shows its health by that, and is asked less often."""
        busy = self._sender.active
        if not busy or now - self._refreshed_at >= REFRESH_AT_LEAST_EVERY_S:
            self._refreshed_at = now
            await self._refresh()
        await self._check_reports()
        if not busy or now - self._read_back_at >= READ_BACK_AT_LEAST_EVERY_S:
            self._read_back_at = now
            await self._check_settings()

    async def _refresh(self) -> None:
        """Refresh the figures. Raises :class:`NotAModem` when nothing in the responses could only come from a modem."""
        proofs = self._channel.proofs
        use = await self._telemetry.refresh()
        if self._channel.proofs == proofs:
            raise NotAModem
        self._check_memories(use)
        self._state.update()

    def _check_memories(self, use: list[MemoryUse]) -> None:
        if any(item.used >= item.total > 0 for item in use):
            self._receiver.want_sweep()
        elif any(self._receiver.holds_more(item.memory, item.used) for item in use):
            self._receiver.want_sweep(patrol=not self._state.must_poll)

    async def _check_reports(self) -> None:
        watch = self._report_watch
        if watch.reports_missing and self._registration.registered:
            missing = watch.unanswered
            self._reporter.event(ModemIndicationsLost(reports_missing=missing))
            watch.restarted()
            await self._healing.take_step(RecoveryStep.RESET, f"{missing} messages were sent and nothing was received")

    async def _check_settings(self) -> None:
        if lost := await self._settings.lost():
            self._reporter.event(ModemSettingsLost(settings=lost))
            self._reporter.enter(
                ModemState.RECOVERING, f"the modem lost its settings ({', '.join(lost)}); applying them again"
            )
            await self._healing.reapply_settings()
