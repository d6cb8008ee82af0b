"""The start of a link: wake the modem, identify it, unlock the SIM, apply the settings, find the network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gsmgw import documentation
from gsmgw.at.commands import AT
from gsmgw.errors import ModemError
from gsmgw.model import ProfileReason
from gsmgw.model.events import ModemUnknownModel, SimChanged
from gsmgw.modem.commands import device, sim
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.commands.device import Identity
from gsmgw.modem.link.link_context import LinkContext
from gsmgw.modem.port.errors import CommandTimeout, NotAModem
from gsmgw.modem.profiles import GENERIC, Profile, matching_pattern
from gsmgw.modem.settings import Settings
from gsmgw.modem.sim.registration import RegistrationState
from gsmgw.modem.sim.unlock import SimUnlocker

#: How often a silent modem is asked AT, one second each, before the port is opened again.
WAKE_TRIES = 10
_UNKNOWN_MODEL = (
    "no profile for this model, using the standard commands. If something does not work, make a transcript that is "
    "safe to share: gsmgw modem {name} tap --masked --output FILE (see {guide})"
)


class Startup:
    """The start of one link; ``ended`` is set when the link ends meanwhile, ``on_answer`` is called at the first OK."""

    def __init__(
        self,
        context: LinkContext,
        at: AtClient,
        settings: Settings,
        registration: RegistrationState,
        unlocker: SimUnlocker,
        ended: asyncio.Future[Exception],
        on_answer: Callable[[], None],
    ) -> None:
        self._context = context
        self._reporter = context.reporter
        self._at = at
        self._settings = settings
        self._registration = registration
        self._unlocker = unlocker
        self._ended = ended
        self._on_answer = on_answer

    async def prepare_modem(self) -> None:
        """Make the modem ready to receive and to send, but for the network. Raises what ends the link."""
        await self._wake()
        self._on_answer()
        await device.set_basics(self._at)
        identity = await self._identify()
        await device.set_full_functionality(self._at)
        await self._unlocker.unlock(self._check_end)
        self._check_end()
        await device.set_basics(self._at)  # where the SIM had to be unlocked first
        if not identity.manufacturer and self._at.profile is GENERIC:
            identity = await self._identify()
        if self._at.profile is GENERIC and self._context.report_unknown_model:
            hint = _UNKNOWN_MODEL.format(name=self._reporter.name, guide=documentation.page("guides/add-a-modem.md"))
            self._reporter.event(ModemUnknownModel(identity=identity.text.strip(), hint=hint))
        await self._identify_sim()
        await self._settings.apply()
        self._check_end()

    async def register(self) -> None:
        """Find out the registration. From then on an echo tells of a reset."""
        await self._registration.enable_urcs()
        await self._registration.refresh()
        self._check_end()
        self._settings.expect_no_echo()

    @property
    def reads_while_sending(self) -> bool:
        """True if a second port may be used for reading while a message is being sent."""
        configured = self._context.config.reads_while_sending
        return self._at.profile.reads_while_sending if configured is None else configured

    def check_is_modem(self) -> None:
        """Raise :class:`NotAModem` when nothing in the responses so far could only come from a modem."""
        if not self._at.channel.proofs:
            raise NotAModem

    async def _wake(self) -> None:
        """Wait until the modem answers AT."""
        for _ in range(WAKE_TRIES):
            try:
                await self._at.channel.wake(1)
                return
            except CommandTimeout:
                self._check_end()
                self._context.node.check()
        raise CommandTimeout(AT)

    def _check_end(self) -> None:
        if self._ended.done():
            cause = self._ended.result()
            raise cause if isinstance(cause, ModemError) else ModemError(str(cause))

    async def _identify(self) -> Identity:
        """Identify the modem, report what it is, and apply its profile."""
        identity = await device.identify(self._at)
        profile = self._at.profile = self._context.choose_profile(identity.text)
        self._reporter.update(
            manufacturer=identity.manufacturer or None,
            model=identity.model or None,
            revision=identity.revision or None,
            imei=identity.imei or self._reporter.status.imei,
            profile=profile.name,
            **self._why(profile, identity.text),
        )
        await device.apply_profile(self._at, self._context.interface)
        return identity

    def _why(self, profile: Profile, identity: str) -> dict[str, object]:
        """Return why a modem has its profile, as fields of its status."""
        if self._context.config.profile is not None:
            return {"profile_reason": ProfileReason.CONFIGURED, "profile_pattern": None}
        pattern = matching_pattern(profile, identity)
        reason = ProfileReason.STANDARD if pattern is None else ProfileReason.MATCHED
        return {"profile_reason": reason, "profile_pattern": pattern}

    async def _identify_sim(self) -> None:
        """Read ICCID and IMSI; report when the SIM was changed."""
        iccid, imsi = await sim.iccid_and_imsi(self._at)
        before = self._reporter.status.iccid
        self._reporter.update(iccid=iccid, imsi=imsi)
        if before is not None and iccid is not None and iccid != before:
            self._reporter.event(SimChanged(before=before, now=iccid))
