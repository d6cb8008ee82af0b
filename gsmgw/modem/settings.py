"""The settings of a modem: what it is told at its start, what came of it, whether it still knows."""

from __future__ import annotations

from gsmgw.at import commands
from gsmgw.at.commands import Command
from gsmgw.at.fields import after_prefix
from gsmgw.config import ModemSection
from gsmgw.modem.commands import device, messages
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.commands.storage import MessageStorage, storage_use
from gsmgw.modem.port.port_lock import PortPriority
from gsmgw.modem.profiles import CNMI_DIRECT_SETTINGS
from gsmgw.modem.status import StatusReporter

#: Commands that read a setting, and how many fields of the response the gateway has set; the others may change.
_READ_BACK: tuple[tuple[Command, int], ...] = (
    (commands.MESSAGE_FORMAT, 1),
    (commands.INDICATIONS, 5),
    (commands.MESSAGE_SERVICE, 1),
)

#: The ability to acknowledge messages, in the set of what a modem cannot do.
ACKNOWLEDGE = "acknowledge"


def storing_reports(settings: tuple[str, ...]) -> tuple[str, ...]:
    """Return the AT+CNMI settings by which status reports are stored: <ds> 2 (TS 27.005 3.4.1)."""
    return tuple(setting for setting in settings if setting.split(",")[3:4] == ["2"])


class Settings:
    """Applies the settings of one link, and knows them: memories, routing of messages, echo.

    ``unable`` is the set of what this modem was found unable to do, kept from link to link.
    """

    def __init__(
        self, config: ModemSection, at: AtClient, storage: MessageStorage, reporter: StatusReporter, unable: set[str]
    ) -> None:
        self._config = config
        self._at = at
        self._storage = storage
        self._reporter = reporter
        self._unable = unable
        self._stores_reports = config.reports == "stored"
        self._echoes = 0
        self._memories_refused = False
        #: The settings as the modem read them back after they were applied, by command; only those that it tells.
        self._applied: dict[str, str] = {}
        #: The memories that may hold received messages.
        self.sweep_memories: tuple[str, ...] = ()
        #: The accepted AT+CNMI setting; None where all were refused.
        self.indications: str | None = None
        #: The character set of strings (AT+CSCS); empty where the modem does not tell it.
        self.charset = ""
        #: True if another AT+CNMI setting was accepted than the preferred one.
        self.downgraded = False
        #: True if messages that are routed directly must be acknowledged by AT+CNMA (AT+CSMS=1).
        self.acknowledges = False

    @property
    def must_poll(self) -> bool:
        """True if the modem does not announce received messages, so that its memories must be polled."""
        return self.indications is None or self.indications.split(",")[1] == "0"

    # -- applying -----------------------------------------------------------------------------------------------

    async def apply(self) -> None:
        """Set PDU mode, service centre, memories and indications. Raises :class:`gsmgw.errors.ModemError`."""
        at = self._at
        self.expect_no_echo()
        await messages.set_pdu_mode(at)
        # A modem that echoes in spite of ATE0 tells nothing by its echo.
        at.channel.echo_means_reset = at.channel.echoes == self._echoes
        await messages.wait_for_service(at)
        if self._config.smsc is not None:
            await messages.set_smsc(at, self._config.smsc)
        await self._select_memories()
        self.charset = await device.select_character_set(at)
        for command in (commands.CALLER_NUMBERS, commands.TAKE_NETWORK_TIME):
            await at.attempt(command)
        self.indications = await self._route_messages()
        self._applied = await self._read_back()

    async def reapply(self) -> None:
        """Apply the basic settings and all others again, to a modem that may have lost them."""
        await device.set_basics(self._at)
        await self.apply()

    async def _select_memories(self) -> None:
        storage, profile = self._storage, self._at.profile
        memories = await storage.memories()
        use = await storage.use()
        if profile.receive_into and profile.receive_into in memories:
            await storage.select_for_all(profile.receive_into)
        else:
            storage.take_selection(use)
            if self._memories_refused and use:  # a sweep may have selected another one meanwhile
                await storage.select(use[-1].memory)
        self._memories_refused = not use and bool(profile.cpms_forms)
        self.sweep_memories = tuple(memory for memory in profile.sweep if memory in memories)
        self._reporter.update(storage=storage_use(use))

    async def _route_messages(self) -> str | None:
        """Have messages routed directly and acknowledged where that is configured and possible, else stored and
        indicated; return the accepted AT+CNMI setting.
        """
        at = self._at
        if self._wants_direct and await messages.select_service(at, 1):
            setting = await messages.set_indications(at, CNMI_DIRECT_SETTINGS)
            if setting is not None:
                self.acknowledges = True
                self.downgraded = setting != CNMI_DIRECT_SETTINGS[0]
                return setting
        self.acknowledges = False
        await messages.select_service(at, 0)
        preferred = at.profile.cnmi
        if self._stores_reports:
            preferred = (*storing_reports(preferred), *preferred)
        setting = await messages.set_indications(at, preferred)
        self.downgraded = setting is not None and setting != preferred[0]
        return setting

    @property
    def _wants_direct(self) -> bool:
        return self._config.reception == "direct" and ACKNOWLEDGE not in self._unable

    def store_instead_of_direct(self) -> None:
        """Do not ask for direct routing any more: the modem cannot acknowledge."""
        self._unable.add(ACKNOWLEDGE)

    @property
    def refused(self) -> tuple[str, ...]:
        """The commands whose settings were refused, although a modem of this profile should accept them."""
        found = []
        if self.indications is None and self._at.profile.cnmi:
            found.append("AT+CNMI")
        if self._wants_direct and not self.acknowledges:
            found.append("AT+CSMS")
        if self._memories_refused:
            found.append("AT+CPMS")
        return tuple(found)

    async def store_while_away(self) -> None:
        """Have all received messages and status reports stored while nobody listens, where the modem can."""
        if not self._stores_reports:
            await messages.set_indications(self._at, storing_reports(self._at.profile.cnmi))

    # -- checking -----------------------------------------------------------------------------------------------

    async def lost(self) -> list[str]:
        """Return the commands whose settings read otherwise than after :meth:`apply`.

        They are compared with what the modem itself read back then: some read back otherwise than they were set.
        """
        differ = await self._differing()
        return [name for name in await self._differing() if name in differ] if differ else []  # a line may be damaged

    async def _differing(self) -> list[str]:
        now = await self._read_back()
        return [name for name, setting in self._applied.items() if now.get(name, setting) != setting]

    async def _read_back(self) -> dict[str, str]:
        found = {}
        for command, count in _READ_BACK:
            line = await self._at.attempt_line(command)
            if line is not None:
                fields = after_prefix(line).replace(" ", "").split(",")
                found[command.text.rstrip("?")] = ",".join(fields[:count])
        async with self._at.channel.exclusive(PortPriority.CONTROL):  # no other memory is selected meanwhile
            use, selected = await self._storage.use(), self._storage.selected
            if use and selected:
                found["AT+CPMS"] = "as selected" if use[0].memory == selected else use[0].memory
        return found

    # -- echo ---------------------------------------------------------------------------------------------------

    def expect_no_echo(self) -> None:
        """Take every echo from now on as a sign of a reset."""
        self._echoes = self._at.channel.echoes

    @property
    def echo_seen(self) -> bool:
        """True if the modem echoes again after ATE0: it restarted without a sign."""
        channel = self._at.channel
        return channel.echo_means_reset and channel.echoes > self._echoes
