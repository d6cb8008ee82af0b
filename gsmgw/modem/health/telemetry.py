"""Figures of a modem in service: registration, signal, operator, number, storage, temperature, voltage, clock."""

from __future__ import annotations

from gsmgw.at.responses import MemoryUse
from gsmgw.config import ModemSection
from gsmgw.model.events import ClockSkew
from gsmgw.modem.commands import device, network, sim
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.commands.storage import MessageStorage, storage_use
from gsmgw.modem.port.port_lock import PortPriority
from gsmgw.modem.sending.sender import Sender
from gsmgw.modem.services.network_text import decode_text
from gsmgw.modem.settings import Settings
from gsmgw.modem.sim.registration import TECHNOLOGY, RegistrationState
from gsmgw.modem.status import StatusReporter

#: The least difference to the network's clock that is reported, seconds; many networks send no seconds, some no zone.
CLOCK_TOLERANCE_S = 2 * 3600.0


class Telemetry:
    """Asks for the figures and reports them."""

    def __init__(
        self,
        config: ModemSection,
        at: AtClient,
        storage: MessageStorage,
        settings: Settings,
        reporter: StatusReporter,
        registration: RegistrationState,
        sender: Sender,
    ) -> None:
        self._config = config
        self._at = at
        self._storage = storage
        self._settings = settings
        self._reporter = reporter
        self._registration = registration
        self._sender = sender
        self._clocks_compared = False
        self._has_record = True

    async def read_last_reference(self) -> None:
        """Read which reference the SIM recorded last, where it can be read: it may tell the fate of a message."""
        if not self._has_record:
            return
        async with self._at.channel.exclusive(PortPriority.CONTROL):
            confirmed = self._sender.confirmed
            last = await sim.last_reference(self._at)
        self._has_record = last is not None
        if last is not None:
            self._reporter.sink.reference_read(self._reporter.name, self._reporter.status.sim, last, confirmed)

    async def refresh(self) -> list[MemoryUse]:
        """Ask for all figures and report them; return how full the memories are."""
        at = self._at
        if self._registration.names:
            await self._registration.refresh()
        dbm = await network.signal_dbm(at)
        name, act = await network.operator(at)
        operator = None if name is None else decode_text(name, charset=self._settings.charset)
        number = self._config.number or self._reporter.status.number or await sim.own_number(at)
        use = await self._storage.use()
        await self._compare_clocks()
        await self.read_last_reference()
        temperature_c, voltage_mv = await device.temperature_c(at), await device.voltage_mv(at)
        self._reporter.update(
            temperature_c=temperature_c,
            voltage_mv=voltage_mv,
            signal_dbm=dbm,
            operator=operator,
            technology=TECHNOLOGY.get(act) if act is not None else None,
            number=number,
            registration=self._registration.best,
            storage=storage_use(use),
        )
        return use

    async def _compare_clocks(self) -> None:
        """Report once when this machine's clock is far from the network's: a Pi without one may start in 1970."""
        if self._clocks_compared:
            return
        theirs = await device.clock_ms(self._at)
        if theirs is not None:
            self._clocks_compared = True
            ahead_s = (self._at.clock.wall_ms() - theirs) / 1000
            if abs(ahead_s) > CLOCK_TOLERANCE_S:
                self._reporter.event(ClockSkew(ahead_s=round(ahead_s)))
