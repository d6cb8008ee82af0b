"""What is worth knowing about a modem in service: registration, signal, operator, number, storage, clock."""

from __future__ import annotations

from collections.abc import Callable

from gsmgw.at.responses import MemoryUse
from gsmgw.config import ModemSection
from gsmgw.model.events import ClockSkew
from gsmgw.modem.port.driver import Driver
from gsmgw.modem.port.port_lock import PortPriority
from gsmgw.modem.sim.registration import TECHNOLOGY, RegistrationState
from gsmgw.modem.status import StatusReporter
from gsmgw.ports import Clock

#: A difference to the network's clock that is worth an event; many networks send no seconds, some no zone.
CLOCK_TOLERANCE_S = 2 * 3600.0


class Telemetry:
    """Asks, and writes it on the board."""

    def __init__(
        self,
        config: ModemSection,
        driver: Driver,
        reporter: StatusReporter,
        clock: Clock,
        registration: RegistrationState,
        confirmed: Callable[[], int | None],
    ) -> None:
        self._config = config
        self._driver = driver
        self._reporter = reporter
        self._clock = clock
        self._registration = registration
        self._confirmed = confirmed
        self._clocks_compared = False
        self._has_record = True

    async def look_at_record(self) -> None:
        """Read which reference the SIM gave last, where that can be read: it may tell what became of a text."""
        if not self._has_record:
            return
        async with self._driver.channel.turn(PortPriority.CONTROL):
            confirmed = self._confirmed()
            last = await self._driver.last_reference()
        self._has_record = last is not None
        if last is not None:
            self._reporter.sink.reference_read(self._reporter.name, self._reporter.status.sim, last, confirmed)

    async def look_for_network(self) -> None:
        """Ask for the registration in every domain that the modem knows."""
        for name in self._registration.names or ("CREG",):
            self._registration.note(name, await self._driver.registration(name))

    async def refresh(self) -> list[MemoryUse]:
        """Ask for everything, which is a sign of life too; what the memories in use hold."""
        driver = self._driver
        if self._registration.names:
            await self.look_for_network()
        dbm = await driver.signal_dbm()
        operator, act = await driver.operator()
        number = self._config.number or self._reporter.status.number or await driver.own_number()
        use = await driver.storage_use()
        await self._compare_clocks()
        await self.look_at_record()
        temperature_c, voltage_mv = await driver.temperature_c(), await driver.voltage_mv()
        self._reporter.update(
            temperature_c=temperature_c,
            voltage_mv=voltage_mv,
            signal_dbm=dbm,
            operator=operator,
            technology=TECHNOLOGY.get(act) if act is not None else None,
            number=number,
            registration=self._registration.word,
            storage={item.memory: {"used": item.used, "total": item.total} for item in use},
        )
        return use

    async def _compare_clocks(self) -> None:
        """Tell once when this machine's clock is far from the network's: a Pi without one may have started in 1970."""
        if self._clocks_compared:
            return
        theirs = await self._driver.network_time_ms()
        if theirs is not None:
            self._clocks_compared = True
            ahead_s = (self._clock.wall_ms() - theirs) / 1000
            if abs(ahead_s) > CLOCK_TOLERANCE_S:
                self._reporter.event(ClockSkew(ahead_s=round(ahead_s)))
