"""The radio of a modem: functionality, registration, signal (27.007 7.2, 8.2, 8.5)."""

from __future__ import annotations

from typing import Protocol

from ..clock import Timer
from .host import Host
from .sim import SimSlot

IDLE, HOME, SEARCHING, DENIED, UNKNOWN, ROAMING = range(6)
REGISTERED = (1, 5, 6, 7, 9, 10)
DOMAINS = ("+CREG", "+CGREG", "+CEREG")


class RadioHost(Host, Protocol):
    """The modem as the radio sees it."""

    sim: SimSlot

    def on_registered(self) -> None:
        """React to a registration."""


class Radio:
    """Registration, signal, and the registration reports."""

    def __init__(self, modem: RadioHost) -> None:
        self._modem = modem
        self.functionality = 1
        self.stat = IDLE
        self.coverage = True
        self.denied = False
        self.roaming = False
        self.rssi = 20
        self.rssi_drift = 0
        self.ber = 99
        self.lac, self.cell = "5E25", "605F"
        self.access = modem.profile.radio.access
        self.reports = dict.fromkeys(DOMAINS, 0)
        self.operator_mode = 0
        self.operator_format = 0
        self._timer: Timer | None = None

    @property
    def registered(self) -> bool:
        return self.stat in REGISTERED

    def power_on(self, functionality: int) -> None:
        """Start with the settings after power-on."""
        self.functionality = functionality
        self.reports = dict.fromkeys(DOMAINS, 0)
        self.operator_mode, self.operator_format = 0, 0
        self.stat = IDLE
        self.search()

    def power_off(self) -> None:
        self._stop()
        self.stat = IDLE

    def set_functionality(self, value: int) -> None:
        """Apply +CFUN: 0 minimum, 1 full, 4 radio off."""
        if value == self.functionality:
            return
        self.functionality = value
        if value == 1:
            self.search()
        else:
            self._stop()
            self._become(IDLE)

    def search(self) -> None:
        """Search for a network with the present SIM; the result comes after the registration time."""
        self._stop()
        modem = self._modem
        if self.functionality != 1 or not modem.sim.ready or self.operator_mode == 2:
            self._become(IDLE)
            return
        if self.stat != SEARCHING and modem.seconds(modem.profile.boot.register_after_s) > 0:
            self._become(SEARCHING)
            self._timer = modem.clock.call_later(modem.seconds(modem.profile.boot.register_after_s), self._settle)
        else:
            self._settle()

    def hurry(self) -> None:
        """End a search at once: the modem was on before the simulation began."""
        if self._timer is not None:
            self._stop()
            self._settle()

    def set_coverage(self, coverage: bool) -> None:
        """Set or lose coverage, and search."""
        self.coverage = coverage
        self.search()

    def _settle(self) -> None:
        self._timer = None
        if not self.coverage:
            self._become(SEARCHING)
        elif self.denied:
            self._become(DENIED)
        else:
            self._become(ROAMING if self.roaming else HOME)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _become(self, stat: int) -> None:
        if stat == self.stat:
            return
        before = self.registered
        self.stat = stat
        for domain, level in self.reports.items():
            if level and domain in self._modem.profile.radio.domains:
                self._modem.urc(f"{domain}: {self.registration(domain, level)}")
        if self.registered and not before:
            self._modem.on_registered()

    def registration(self, domain: str, level: int) -> str:
        """Return the fields of a registration answer after <n> (27.007 7.2); 0 in a domain that the profile lacks."""
        if domain not in self._modem.profile.radio.domains:
            return str(IDLE)
        if (level == 2 or self._modem.profile.radio.location_always) and self.registered:
            return f'{self.stat},"{self.lac}","{self.cell}"' + (f",{self.access}" if self.access else "")
        return str(self.stat)

    def signal(self) -> tuple[int, int]:
        """Return <rssi> and <ber> of +CSQ, 99 without a network. Each call moves <rssi> by up to ``rssi_drift``."""
        if not self.coverage or self.functionality != 1:
            return 99, 99
        if self.rssi_drift:
            step = self._modem.random.randint(-1, 1)
            self.rssi = max(0, min(31, self.rssi + step * self.rssi_drift))
        return self.rssi, self.ber
