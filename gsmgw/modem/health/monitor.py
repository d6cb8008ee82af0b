"""What is done for a modem in service besides its messages.

The port is kept in step, what is known kept fresh, what nobody tells found out, a modem in trouble brought back.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from gsmgw.errors import ModemError
from gsmgw.model import ModemState
from gsmgw.model.events import ModemIndicationsLost, ModemRecovery, ModemSettingsLost
from gsmgw.modem.health.recovery import RecoveryStep
from gsmgw.modem.health.telemetry import Telemetry
from gsmgw.modem.link.link_context import LinkContext, StepNeeded
from gsmgw.modem.port.driver import Driver
from gsmgw.modem.port.errors import ModemReset, NotAModem
from gsmgw.modem.port.port_lock import PortPriority
from gsmgw.modem.receiving.indication_watch import IndicationWatch
from gsmgw.modem.receiving.receiver import Receiver
from gsmgw.modem.settings import Settings
from gsmgw.modem.sim.registration import RegistrationState
from gsmgw.modem.wakeup import Wakeup

log = logging.getLogger(__name__)

#: A modem that said nothing for that long is asked for its registration and signal.
HEALTH_EVERY_S = 30.0
#: One that is busy sending is asked, too, but not as often.
REFRESH_AT_LEAST_EVERY_S = 300.0
#: Its settings are read back that often all the same: without them it is deaf, or takes PDUs for text.
READ_BACK_AT_LEAST_EVERY_S = 60.0
#: While no network is found: the URC may not come, so it is also asked for, in growing pauses.
SEARCH_PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)
#: However often a modem says that its registration changed, the other domains are not asked more often than that.
LOOK_PAUSE_S = 1.0
#: The node of the port is looked at, for one that was replaced without a hang-up.
NODE_EVERY_S = 1.0
#: The memories are swept, in case an indication was lost; and where no indications can be had.
SWEEP_EVERY_S = 300.0
POLL_EVERY_S = 10.0
_POLLED = f"works, but does not announce what it receives: its storage is read every {POLL_EVERY_S:.0f} s"
_DEAF = f"works, but announces what it receives no more: its storage is read every {POLL_EVERY_S:.0f} s until it does"
_SENDS_ONLY = "sends only: it neither announces what it receives nor lets its storage be read"
#: After a silence: how long until the SIM's record of its last reference is final, whatever the modem still did.
RECORD_SETTLES_S = 31.0
#: So often on each link the SIM's record is read right after a text was confirmed.
RECORD_LOOKS = 2
#: The steps of the ladder that are commands to the modem.
_OWN_STEPS = (RecoveryStep.SETTINGS, RecoveryStep.RADIO, RecoveryStep.RESET)
#: After the last line of a starting modem its settings are repeated.
BOOT_SETTLE_S = 0.5


class HealthMonitor:
    """The care for one link. What happens is noted by its methods, on the event loop; :meth:`run` acts on it."""

    def __init__(
        self,
        context: LinkContext,
        driver: Driver,
        registration: RegistrationState,
        telemetry: Telemetry,
        settings: Settings,
        receiver: Receiver,
        indication_watch: IndicationWatch,
        *,
        sending: Callable[[], bool],
        check_node: Callable[[], None],
    ) -> None:
        self._context = context
        self._reporter = context.reporter
        self._clock = context.clock
        self._driver = driver
        self._channel = driver.channel
        self._registration = registration
        self._telemetry = telemetry
        self._settings = settings
        self._receiver = receiver
        self._indication_watch = indication_watch
        self._sending = sending
        self._check_node = check_node
        self._wakeup = Wakeup(context.clock)
        self._booting = False
        self._trouble = ""
        self._looked_at = -math.inf
        self._doubt_at = math.inf
        self._looks = RECORD_LOOKS
        self._suspect = False
        self._hang_up_wanted = False
        self._registration_changed = False
        self._refreshed_at = self._read_back_at = float("-inf")
        #: Whether indications stay away although they were asked for anew.
        self._deaf = False
        #: Whether the link is past its start.
        self.serving = False
        #: Why the link is to end as soon as nothing is on the air.
        self.farewell: ModemError | None = None
        #: Whether the modem ever was ready on this link.
        self.was_ready = False

    # -- what happened ------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Something changed."""
        self._wakeup.set()

    def settings_lost(self) -> None:
        """The modem may have forgotten what it was told."""
        self._booting = True
        self._wakeup.set()

    def deaf(self, count: int) -> None:
        """Texts lay in storage that no indication had told of."""
        in_a_row = self._indication_watch.missed
        self._reporter.event(ModemIndicationsLost(unannounced=count, in_a_row=in_a_row))
        if in_a_row == 1:
            self._reporter.enter(
                ModemState.RECOVERING, "it did not announce what it received; its settings are repeated"
            )
            self.settings_lost()
        else:
            self._deaf = True
            self.judge()
            self._wakeup.set()

    def heard(self) -> None:
        """Indications come again."""
        if self._deaf:
            self._deaf = False
            self.judge()

    def in_doubt(self) -> None:
        """A text may or may not have gone: the SIM's record may tell."""
        self._doubt_at = self._clock.monotonic() + RECORD_SETTLES_S
        self._wakeup.set()

    def confirmed(self) -> None:
        """A text was confirmed. What the SIM's record says right after that shows whether it is kept up to date."""
        if self._looks and self._doubt_at == math.inf:
            self._looks -= 1
            self._doubt_at = self._clock.monotonic()
            self._wakeup.set()

    def distrust(self, trouble: str, *, suspect: bool) -> None:
        """A refusal blames the modem. One that is ``suspect`` is taken a step up the ladder if it looks well."""
        self._trouble, self._suspect = trouble, suspect
        self._reporter.enter(ModemState.RECOVERING, f"{trouble}; the modem is checked before it is used again")
        self._wakeup.set()

    def registration_changed(self) -> None:
        """A URC said so. What the other domains said before may be as old: they are read before it is given up."""
        self._registration_changed = True
        if self._registration.registered:
            self.judge()
        self._wakeup.set()

    def want_hang_up(self) -> None:
        """A call rings that nobody will answer."""
        if self._context.config.hang_up_calls:
            self._hang_up_wanted = True
            self._wakeup.set()

    def leave(self, cause: ModemError) -> None:
        """End the link once nothing is on the air."""
        if self.farewell is None:
            self.farewell = cause
            self._wakeup.set()

    # -- the loop -----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Worker. Raises what ends the link."""
        now = self._clock.monotonic()
        health_at, sweep_at, search_at, searches = now, now + SWEEP_EVERY_S, now, 0
        while True:
            await self._act()
            now = self._clock.monotonic()
            if not self._registration.registered and now >= search_at:
                await self._telemetry.look_for_network()
                self.judge()
                search_at = now + SEARCH_PAUSES_S[min(searches, len(SEARCH_PAUSES_S) - 1)]
                searches += 1
            elif self._registration.registered:
                searches = 0
            if now >= health_at:
                health_at = now + HEALTH_EVERY_S
                await self._look_after(now)
            if now >= sweep_at or (self._polls and sweep_at > now + POLL_EVERY_S):
                sweep_at = now + (POLL_EVERY_S if self._polls else SWEEP_EVERY_S)
                self._receiver.want_sweep(patrol=not self._polls)
            if now >= self._doubt_at:
                self._doubt_at = math.inf
                await self._telemetry.look_at_record()
            self._check_node()
            due_at = min(health_at, sweep_at, self._doubt_at)
            if not self._registration.registered:
                due_at = min(due_at, search_at)
            if self._registration_changed:
                due_at = min(due_at, self._looked_at + LOOK_PAUSE_S)
            if self._context.node() is not None:
                due_at = min(due_at, now + NODE_EVERY_S)
            await self._wakeup.wait(max(0.01, due_at - self._clock.monotonic()))

    @property
    def _polls(self) -> bool:
        return self._deaf or self._settings.polls

    async def _look_after(self, now: float) -> None:
        """Ask how it is; one that is sending shows its health by that, and is asked less often."""
        busy = self._sending()
        if not busy or now - self._refreshed_at >= REFRESH_AT_LEAST_EVERY_S:
            self._refreshed_at = now
            proofs = self._channel.proofs
            use = await self._telemetry.refresh()
            if self._channel.proofs == proofs:
                raise NotAModem
            if any(item.used >= item.total > 0 for item in use):
                self._receiver.want_sweep()
            elif any(self._receiver.holds_more(item.memory, item.used) for item in use):
                self._receiver.want_sweep(patrol=not self._polls)
            self.judge()
        report_watch = self._context.report_watch
        if report_watch.reports_missing and self._registration.registered:
            missing = report_watch.unanswered
            self._reporter.event(ModemIndicationsLost(reports_missing=missing))
            report_watch.restarted()
            await self._take_step(RecoveryStep.RESET, f"{missing} texts were sent and nothing came in")
        if not busy or now - self._read_back_at >= READ_BACK_AT_LEAST_EVERY_S:
            self._read_back_at = now
            if lost := await self._settings.lost():
                self._reporter.event(ModemSettingsLost(settings=lost))
                self._reporter.enter(
                    ModemState.RECOVERING,
                    f"it forgot {', '.join(lost)}; it is told its settings again before it is used",
                )
                await self._renew()

    async def _act(self) -> None:
        """Do what the notes ask for."""
        if self._channel.dirty:
            async with self._channel.turn(PortPriority.CONTROL):
                pass
        if self.farewell is not None:
            async with self._channel.turn(PortPriority.CONTROL):
                await self._settings.keep_for_later()
                raise self.farewell
        if self._hang_up_wanted:
            self._hang_up_wanted = False
            await self._driver.hang_up()
        if self._trouble:
            await self._heal()
        if self._booting or self._settings.forgotten:
            await self._renew()
        if self._registration_changed and self._clock.monotonic() >= self._looked_at + LOOK_PAUSE_S:
            self._registration_changed = False
            self._looked_at = self._clock.monotonic()
            await self._telemetry.look_for_network()
            self.judge()

    async def _renew(self) -> None:
        """Tell the modem everything again: it may have forgotten."""
        self._booting = False
        await self._clock.sleep(BOOT_SETTLE_S)
        log.info("%s: the settings are repeated", self._reporter.name)
        await self._driver.basics()
        await self._settings.make()
        self._indication_watch.renewed()
        self._registration.names = await self._driver.registration_reports()
        await self._telemetry.look_for_network()
        self._receiver.want_sweep()
        self._settings.note_echoes()
        self.judge()

    # -- bringing back ------------------------------------------------------------------------------------------

    async def _heal(self) -> None:
        """After a refusal that blames the modem: look at what it may be, and if it is nothing, climb the ladder."""
        trouble, suspect, self._suspect = self._trouble, self._suspect, False
        log.info("%s: %s; the modem is checked", self._reporter.name, trouble)
        state = await self._driver.pin_state()
        if state != "READY":
            raise ModemError(f"the SIM is not ready any more: {state}")
        await self._telemetry.look_for_network()
        if self._registration.registered or suspect:
            certain = self._context.failures.is_certain
            able = self._context.able if certain else self._context.able & frozenset(_OWN_STEPS)
            step = self._context.recovery.next_step(able=able) if suspect else RecoveryStep.SETTINGS
            if step in able:
                await self._take_step(step, trouble)
            else:  # nobody but recipients that it never reached: it goes on with others
                log.warning("%s: %s; the recipients may be the cause: it stays in use", self._reporter.name, trouble)
        self._trouble = ""  # until here no text was given to it
        self.judge()

    async def _take_step(self, step: RecoveryStep, trouble: str) -> None:
        if step not in _OWN_STEPS:
            raise StepNeeded(step, trouble)
        self._reporter.event(ModemRecovery(step=step.value, reason=trouble))
        if step is RecoveryStep.SETTINGS:
            await self._renew()
        elif step is RecoveryStep.RADIO:
            async with self._channel.turn(PortPriority.CONTROL):  # nothing is on the air when the link ends
                await self._driver.radio_cycle()
                raise ModemReset(f"{trouble}; its radio was switched off and on")
        else:
            async with self._channel.turn(PortPriority.CONTROL):
                await self._driver.reset()
                raise ModemReset(f"{trouble}; it was restarted")

    def judge(self) -> None:
        """The state that follows from what is known."""
        if not self.serving or self._trouble or self.farewell is not None:
            return
        self._reporter.update(registration=self._registration.word)
        if not self._registration.registered:
            reason = "the network refuses this SIM" if self._registration.denied else "no network is found yet"
            self._reporter.enter(
                ModemState.SEARCHING, f"{reason} ({self._registration.word}); texts wait until there is one"
            )
        elif self._polls:
            self.was_ready = True
            detail = _DEAF if self._deaf else _POLLED if self._reporter.status.storage else _SENDS_ONLY
            self._reporter.enter(ModemState.DEGRADED, detail)
        else:
            self.was_ready = True
            self._reporter.enter(ModemState.READY, "ready")
