"""All that a modem is told at its start, and forgets when it starts anew."""

from __future__ import annotations

from gsmgw.at import commands
from gsmgw.at.commands import Command
from gsmgw.at.fields import after_prefix
from gsmgw.config import ModemSection
from gsmgw.modem.port.driver import Driver
from gsmgw.modem.port.port_lock import PortPriority
from gsmgw.modem.profiles import CNMI_DIRECT_LADDER
from gsmgw.modem.receiving.receiver import Receiver
from gsmgw.modem.status import StatusReporter

#: What can be read back, and how many of the fields of the answer were set by us; the others change or say nothing.
_READ_BACK: tuple[tuple[Command, int], ...] = (
    (commands.MESSAGE_FORMAT, 1),
    (commands.INDICATIONS, 5),
    (commands.MESSAGE_SERVICE, 1),
)


def storing_reports(recovery: tuple[str, ...]) -> tuple[str, ...]:
    """Of a ladder of AT+CNMI settings those by which status reports are stored: ``ds`` 2 (TS 27.005 3.4.1)."""
    return tuple(setting for setting in recovery if setting.split(",")[3:4] == ["2"])


class Settings:
    """Makes the settings and remembers what came of them."""

    def __init__(self, config: ModemSection, driver: Driver, reporter: StatusReporter, receiver: Receiver) -> None:
        self._config = config
        self._driver = driver
        self._reporter = reporter
        self._receiver = receiver
        self._stores_reports = config.reports == "stored"
        self._echoes = 0
        #: What the modem says of its settings after they were made, by command; what it does not say is not in it.
        self._made: dict[str, str] = {}
        #: Whether received messages are not announced and must be looked for.
        self.polls = False

    async def make(self) -> None:
        """PDU mode, service centre, storage, indications. Raises :class:`gsmgw.errors.ModemError`."""
        driver = self._driver
        self.note_echoes()
        await driver.pdu_mode()
        # One that echoes in spite of ATE0 tells nothing by it.
        driver.channel.echo_tells = driver.channel.echoes == self._echoes
        await driver.service_ready()
        await driver.set_smsc(self._config.smsc)
        memories = await driver.storages()
        use = await driver.storage_use()
        if driver.profile.receive_into and driver.profile.receive_into in memories:
            await driver.store_into(driver.profile.receive_into)
            driver.second_memory = driver.memory
        else:
            driver.memory = use[0].memory if use else ""
            driver.second_memory = use[1].memory if len(use) > 1 else driver.memory
        self._receiver.memories = tuple(memory for memory in driver.profile.sweep if memory in memories)
        for command in (commands.character_set("GSM"), commands.CALLER_NUMBERS, commands.TAKE_NETWORK_TIME):
            await driver.attempt(command)
        setting = await self._routing()
        self.polls = setting is None or setting.split(",")[1] == "0"
        self._reporter.update(storage={item.memory: {"used": item.used, "total": item.total} for item in use})
        self._made = await self._read()

    async def lost(self) -> list[str]:
        """The commands whose settings read otherwise than after :meth:`make`: the modem forgot, and did not tell.

        It is held against what the modem itself said then, for some read back otherwise than they were set.
        """
        differ = await self._differing()
        return [name for name in await self._differing() if name in differ] if differ else []  # a line may be damaged

    async def _differing(self) -> list[str]:
        now = await self._read()
        return [name for name, setting in self._made.items() if now.get(name, setting) != setting]

    async def _read(self) -> dict[str, str]:
        found = {}
        for command, count in _READ_BACK:
            answer = await self._driver.attempt(command)
            if answer is not None and answer.lines:
                fields = after_prefix(answer.lines[0]).replace(" ", "").split(",")
                found[command.text.rstrip("?")] = ",".join(fields[:count])
        async with self._driver.channel.turn(PortPriority.CONTROL):  # nobody selects another memory meanwhile
            use = await self._driver.storage_use()
            if use and self._driver.memory:
                found["AT+CPMS"] = "as selected" if use[0].memory == self._driver.memory else use[0].memory
        return found

    async def _routing(self) -> str | None:
        """How received messages come: routed directly and acknowledged where that is wanted and possible, else stored
        and indicated. The AT+CNMI setting that was accepted.
        """
        driver = self._driver
        if self._config.reception == "direct" and await driver.message_service(1):
            setting = await driver.indications(CNMI_DIRECT_LADDER)
            if setting is not None:
                self._receiver.acknowledges = True
                return setting
        self._receiver.acknowledges = False
        await driver.message_service(0)
        recovery = driver.profile.cnmi
        return await driver.indications((*storing_reports(recovery), *recovery) if self._stores_reports else recovery)

    async def keep_for_later(self) -> None:
        """Nobody will listen for a while: what comes, status reports too, is to be stored, where the modem can."""
        if not self._stores_reports:
            await self._driver.indications(storing_reports(self._driver.profile.cnmi))

    def note_echoes(self) -> None:
        """From here on an echo is one too many."""
        self._echoes = self._driver.channel.echoes

    @property
    def forgotten(self) -> bool:
        """Whether the modem echoes again after ATE0: it started anew and said nothing."""
        channel = self._driver.channel
        return channel.echo_tells and channel.echoes > self._echoes
