"""Reconnecting after a link has ended: the pause, the recovery step, the quarantine."""

from __future__ import annotations

from gsmgw.config import ModemSection
from gsmgw.errors import ModemError, PortError, PortUnavailable
from gsmgw.model import ModemState, RecoveryStep
from gsmgw.model.events import ModemBabbling, ModemQuarantined, ModemRecovery
from gsmgw.modem.health.recovery import RecoveryPlan, StepNeeded
from gsmgw.modem.link.link import Link
from gsmgw.modem.port.babble_guard import BabbleGuard, Babbling
from gsmgw.modem.port.errors import CommandTimeout, ModemReset
from gsmgw.modem.status import StatusReporter
from gsmgw.modem.wakeup import Wakeup
from gsmgw.transport import node_state, port_present
from gsmgw.transport.opening import SOCKET
from gsmgw.transport.usb import power_cycle, reauthorise, run_command, usb_path

#: Pauses before a present port is opened again, growing while that fails, seconds.
REOPEN_PAUSES_S = (0.05, 0.25, 0.5, 1.0)
#: Pauses before a port that cannot be opened is tried again, growing while that fails, seconds. A change of its mode,
#: owner or node is noticed meanwhile. A TCP connection has no node that tells, so that its pauses stay short.
UNAVAILABLE_PAUSES_S = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
TCP_PAUSE_S = 5.0
#: How often the node of such a port is looked at, seconds.
NODE_LOOK_S = 0.5
#: It is reported from that failure on: right after it is plugged in, a port has no permissions for a moment.
UNAVAILABLE_AFTER = 3
#: Pauses before a modem that refuses to be set up is tried again, growing while that fails, seconds.
SETUP_PAUSES_S = (0.5, 2.0, 5.0, 15.0, 30.0)
#: How many times a silent modem is asked, each for some ten seconds, before its USB device is reset.
SILENCES_BEFORE_STEP = 4

_STEPS = {
    RecoveryStep.USB: "resetting its USB device",
    RecoveryStep.POWER: "cycling its power",
}
_RECOVERY_FAILED = "recovery failed; check the modem and its power supply"


class Reconnection:
    """Decides how one modem is connected to again, and waits as long as that needs. Lives as long as the modem.

    ``wake`` ends a pause early.
    """

    def __init__(
        self, config: ModemSection, reporter: StatusReporter, plan: RecoveryPlan, guard: BabbleGuard, wake: Wakeup
    ) -> None:
        self._config = config
        self._reporter = reporter
        self._plan = plan
        self._babble_guard = guard
        self._wake = wake
        self._failures = 0
        self._silences = 0
        #: How many times in a row the port could not be used.
        self._unavailable = 0
        #: The USB path where the port was last seen: when it is silent, sysfs may not tell it any more.
        self._usb: str | None = None

    def connecting(self, port: str) -> None:
        """Note where the port is now."""
        self._usb = usb_path(port) or self._usb

    def absent(self, description: str) -> None:
        """Report that the modem is not plugged in."""
        self._failures = 0
        self._unavailable = 0
        self._reporter.update(
            state=ModemState.ABSENT, detail=f"{description} not found; will be used when it is plugged in", port=None
        )

    @property
    def available_steps(self) -> frozenset[RecoveryStep]:
        """The recovery steps that this modem and its port allow."""
        steps = {RecoveryStep.SETTINGS, RecoveryStep.RADIO, RecoveryStep.RESET, RecoveryStep.QUARANTINE}
        if self._usb is not None:
            steps |= {RecoveryStep.USB, RecoveryStep.POWER}
        if self._config.power_command:
            steps.add(RecoveryStep.POWER)
        return frozenset(steps)

    def ready(self) -> None:
        """Note that the modem was ready: what failed before does not count any more."""
        self._failures = 0
        self._silences = 0
        self._unavailable = 0

    async def after(self, link: Link, cause: Exception, port: str) -> None:
        """Report why the link ended, take the step that follows, and wait."""
        if link.suspicion and isinstance(cause, ModemReset):
            # It restarts whenever it is to send, as with a weak power supply: no command can help.
            await self._take_next_step(link.suspicion)
            return
        self._failures += 1
        title = cause.title if isinstance(cause, ModemError) else str(cause)
        if isinstance(cause, PortError) and not port_present(port):
            self.absent(f"port {port}")
        elif isinstance(cause, PortError) and (isinstance(cause, PortUnavailable) or not link.answered):
            await self._wait_for_port(cause, port)
        elif isinstance(cause, Babbling):
            await self._wait_out(cause)
        elif isinstance(cause, StepNeeded):
            await self._take_step(cause.step, title)
        elif isinstance(cause, CommandTimeout) and self._too_silent():
            await self._take_next_step(title)
        else:
            await self._pause(cause, title)

    async def _wait_for_port(self, cause: PortError, port: str) -> None:
        """Report that the port is there and cannot be used, once; wait until it may be different."""
        self._unavailable += 1
        if self._unavailable >= UNAVAILABLE_AFTER:
            cure = cause.cure if isinstance(cause, PortUnavailable) else "Check the modem and its cable."
            at_least_s = TCP_PAUSE_S if port.startswith(SOCKET) else UNAVAILABLE_PAUSES_S[-1]
            detail = f"{cause.title}. {cure} It is tried again at least every {at_least_s:.0f} s"
            self._reporter.enter(ModemState.UNAVAILABLE, detail)
        pause_s = UNAVAILABLE_PAUSES_S[min(self._unavailable, len(UNAVAILABLE_PAUSES_S)) - 1]
        if port.startswith(SOCKET):
            await self._wake.wait(min(pause_s, TCP_PAUSE_S))
            return
        seen = node_state(port)
        while pause_s > 0 and node_state(port) == seen:
            if await self._wake.wait(min(pause_s, NODE_LOOK_S)):
                return
            pause_s -= NODE_LOOK_S

    async def _pause(self, cause: Exception, title: str) -> None:
        pauses: tuple[float, ...] = REOPEN_PAUSES_S
        if isinstance(cause, PortError):
            self._reporter.enter(ModemState.RECOVERING, f"{title}; opening the port again")
        elif isinstance(cause, ModemReset):
            self._reporter.enter(ModemState.RECOVERING, f"{title}; applying the settings again")
        elif isinstance(cause, CommandTimeout):
            self._reporter.enter(ModemState.RECOVERING, f"{title}; trying again until the modem answers")
        else:
            pauses = SETUP_PAUSES_S
            self._reporter.enter(ModemState.RECOVERING, f"{title}; trying again")
        await self._wake.wait(pauses[min(self._failures, len(pauses)) - 1])

    def _too_silent(self) -> bool:
        self._silences += 1
        return self._silences > SILENCES_BEFORE_STEP

    async def _wait_out(self, cause: Babbling) -> None:
        """Leave a babbling modem alone for a while, with its port closed."""
        pause_s = self._plan.quarantine_s()
        self._reporter.enter(
            ModemState.QUARANTINED, f"{cause.title}; check the modem and its port. Next attempt in {pause_s:.0f} s"
        )
        self._reporter.event_always(
            ModemBabbling(limit=cause.kind, retry_s=pause_s, unasked=dict(self._babble_guard.counts))
        )
        await self._wake.wait(pause_s)
        self._babble_guard.renew()

    # -- recovery steps that are not commands to the modem ---------------------------------------------------------

    async def _take_next_step(self, reason: str) -> None:
        await self._take_step(self._plan.next_step(RecoveryStep.USB, available=self.available_steps), reason)

    async def _take_step(self, step: RecoveryStep, reason: str) -> None:
        if step is not RecoveryStep.QUARANTINE:
            self._reporter.enter(ModemState.RECOVERING, f"{reason}; {_STEPS[step]}")
            self._reporter.event(ModemRecovery(step=step, reason=reason))
            await self._run_step(step)
        elif self._silences:
            await self._keep_asking(reason)
        else:
            pause_s = self._plan.quarantine_s()
            self._reporter.enter(
                ModemState.QUARANTINED, f"{reason}; {_RECOVERY_FAILED}. Next attempt in {pause_s:.0f} s"
            )
            self._reporter.event_always(ModemQuarantined(reason=reason))
            await self._wake.wait(pause_s)

    async def _keep_asking(self, reason: str) -> None:
        """Keep asking a silent modem, which costs nothing, so that it is used as soon as it answers."""
        if self._reporter.status.state is not ModemState.QUARANTINED:
            self._reporter.enter(ModemState.QUARANTINED, f"{reason}; {_RECOVERY_FAILED}. Next attempt in 1 s")
            self._reporter.event_always(ModemQuarantined(reason=reason))
        await self._wake.wait(REOPEN_PAUSES_S[-1])

    async def _run_step(self, step: RecoveryStep) -> None:
        if step is RecoveryStep.POWER and self._config.power_command:
            await run_command(self._config.power_command)
        elif self._usb is not None:
            await (power_cycle(self._usb) if step is RecoveryStep.POWER else reauthorise(self._usb))
