"""Recovery of a modem by commands: the settings again, the radio off and on, a restart."""

from __future__ import annotations

import logging

from gsmgw.at.responses import PinState
from gsmgw.errors import ModemError
from gsmgw.model import RecoveryStep
from gsmgw.model.events import ModemRecovery
from gsmgw.modem.commands import device, sim
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.health.failure_counter import FailureCounter
from gsmgw.modem.health.link_state import LinkState
from gsmgw.modem.health.recovery import RecoveryPlan, StepNeeded
from gsmgw.modem.port.errors import ModemReset
from gsmgw.modem.port.port_lock import PortPriority
from gsmgw.modem.receiving.indication_watch import IndicationWatch
from gsmgw.modem.receiving.stored import StoredReceiver
from gsmgw.modem.settings import Settings
from gsmgw.modem.sim.registration import RegistrationState
from gsmgw.modem.status import StatusReporter

log = logging.getLogger(__name__)

#: The steps that are commands to the modem.
_COMMAND_STEPS = frozenset({RecoveryStep.SETTINGS, RecoveryStep.RADIO, RecoveryStep.RESET})
#: The settings are applied again that long after the last line of a starting modem, seconds.
BOOT_SETTLE_S = 0.5


class Healing:
    """Brings the modem of one link back; ``available`` are the steps that this modem and its port allow."""

    def __init__(
        self,
        at: AtClient,
        reporter: StatusReporter,
        state: LinkState,
        settings: Settings,
        registration: RegistrationState,
        receiver: StoredReceiver,
        watch: IndicationWatch,
        *,
        plan: RecoveryPlan,
        failures: FailureCounter,
        available: frozenset[RecoveryStep],
    ) -> None:
        self._at = at
        self._reporter = reporter
        self._state = state
        self._settings = settings
        self._registration = registration
        self._receiver = receiver
        self._watch = watch
        self._plan = plan
        self._failures = failures
        self._available = available

    async def check(self, *, suspect: bool) -> None:
        """Check the modem after a refusal that blames it; take the next step if it is suspect or looks well.

        Raises what ends the link.
        """
        trouble = self._state.trouble
        log.info("%s: checking the modem reason=%s", self._reporter.name, trouble)
        await self.check_sim()
        await self._registration.refresh()
        if self._registration.registered or suspect:
            await self._next_step(trouble, suspect=suspect)
        self._state.trouble = ""  # until here no message was handed to it
        self._state.update()

    async def check_sim(self) -> None:
        """Raise what ends the link when the SIM is not ready any more: after a restart it may ask for its PIN."""
        state = await sim.pin_state(self._at)
        if state is not PinState.READY:
            raise ModemError(f"the SIM is not ready any more: {state}")

    async def _next_step(self, trouble: str, *, suspect: bool) -> None:
        available = self._available if self._failures.is_certain else self._available & _COMMAND_STEPS
        step = self._plan.next_step(available=available) if suspect else RecoveryStep.SETTINGS
        if step in available:
            await self.take_step(step, trouble)
        else:  # only recipients that it never reached failed: it goes on with others
            log.warning("%s: stays in use, the recipients may be the cause reason=%s", self._reporter.name, trouble)

    async def take_step(self, step: RecoveryStep, trouble: str) -> None:
        """Take a recovery step. Raises what ends the link, where the step does."""
        if step not in _COMMAND_STEPS:
            raise StepNeeded(step, trouble)
        self._reporter.event(ModemRecovery(step=step, reason=trouble))
        if step is RecoveryStep.SETTINGS:
            await self.reapply_settings()
        elif step is RecoveryStep.RADIO:
            async with self._at.channel.exclusive(PortPriority.CONTROL):  # nothing is transmitted when the link ends
                await device.restart_radio(self._at)
                raise ModemReset(f"{trouble}; its radio was switched off and on")
        else:
            async with self._at.channel.exclusive(PortPriority.CONTROL):
                await device.restart(self._at)
                raise ModemReset(f"{trouble}; it was restarted")

    async def reapply_settings(self) -> None:
        """Apply all settings again: the modem may have lost them."""
        self._state.settings_lost = False
        await self._at.clock.sleep(BOOT_SETTLE_S)
        log.info("%s: applying the settings again", self._reporter.name)
        await self.check_sim()
        await self._settings.reapply()
        self._watch.settings_reapplied()
        await self._registration.enable_urcs()
        await self._registration.refresh()
        self._receiver.want_sweep()
        self._settings.expect_no_echo()
        self._state.update()
