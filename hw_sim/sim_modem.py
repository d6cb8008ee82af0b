"""A modem of a simulation: plugged in, with transports that programs open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from .modem.modem import CommandSet, Modem
from .network.service_centre import Network
from .profiles.sections import Profile
from .simcard import SimCard
from .transport import MemoryTransport, Transport


class ModemOwner(Protocol):
    """The simulation as a modem sees it."""

    def connect(self, modem: SimModem) -> None:
        """Open transports for all ports of a modem."""

    def inject(
        self, modem: SimModem, kind: str, for_s: float | None, count: int | None, options: dict[str, Any]
    ) -> None:
        """Start a fault on a modem."""

    def later(self, delay_s: float, action: Callable[..., object], *args: Any) -> None:
        """Call something later, unless the simulation ends before."""


class SimModem(Modem):
    """A modem with its transports. ``transport`` is ``pty``, ``tcp`` or ``memory``."""

    def __init__(
        self,
        name: str,
        profile: Profile,
        card: SimCard,
        network: Network,
        imei: str,
        commands: CommandSet,
        owner: ModemOwner,
        *,
        transport: str,
        timing: str = "zero",
        seed: str = "0",
    ) -> None:
        super().__init__(name, profile, card, network, imei, commands, timing=timing, seed=seed)
        self._owner = owner
        self.transport = transport
        self.transports: list[Transport] = []
        self.link_name = name
        #: Called after the ports have vanished.
        self.on_disconnect: Callable[[], object] | None = None

    @property
    def path(self) -> str:
        """The address of the first port: a link to a tty or ``socket://``; empty in memory or unplugged."""
        return self.transports[0].path if self.transports else ""

    @property
    def paths(self) -> list[str]:
        """The addresses of all ports."""
        return [transport.path for transport in self.transports]

    @property
    def memory(self) -> MemoryTransport:
        """The first port of a modem whose transport is ``memory``."""
        transport = self.transports[0]
        assert isinstance(transport, MemoryTransport)
        return transport

    def fault(self, kind: str, *, for_s: float | None = None, count: int | None = None, **options: Any) -> None:
        """Start a fault (see ``hw_sim.faults``). It ends after ``for_s`` seconds or ``count`` effects."""
        self._owner.inject(self, kind, for_s, count, options)

    def unplug(self) -> None:
        """Unplug: the supply is gone and the ports vanish."""
        self.power_off()
        self.disconnect()

    def disconnect(self) -> None:
        """Close all transports: programs see the port vanish."""
        for transport in self.transports:
            transport.close()
        self.transports.clear()
        if self.on_disconnect is not None:
            self.on_disconnect()

    def reboot(self) -> None:
        """Restart. A USB modem's port vanishes and returns (the profile says so)."""
        if not self.profile.boot.port_vanishes:
            super().reboot()
            return
        self.unplug()
        self._owner.later(self.seconds(self.profile.boot.away_s), self._return)

    def _return(self) -> None:
        self.plug()
        self.faults.booted()

    async def replug(self, name: str | None = None) -> None:
        """Plug in again, under another link name if given; the modem starts as from power-on."""
        self.plug(name)

    def plug(self, name: str | None = None) -> None:
        """``replug`` without waiting."""
        if name is not None:
            self.link_name = name
        if self.powered:
            self.unplug()
        self._owner.connect(self)
        self.power_on()
