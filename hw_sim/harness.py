"""A test harness: modems in memory, in virtual time, without an event loop."""

from __future__ import annotations

from typing import Any, Self

from .clock import VirtualClock
from .network.phone import Phone
from .sim_modem import SimModem
from .simulation import Simulation


class Harness:
    """One modem (more with ``add``) in a simulation whose time moves only with ``wait``. Answers come at once.

    Two harnesses with the same seed and the same input give the same output, byte by byte.
    """

    def __init__(self, profile: str = "generic", *, seed: int = 1, timing: str = "zero", **modem: Any) -> None:
        self.clock = VirtualClock()
        self.sim = Simulation(seed=seed, timing=timing, transport="memory", clock=self.clock)
        self.sim.open()
        self.modem: SimModem = self.sim.make_modem("modem0", profile=profile, **modem)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.sim.close()

    def add(self, **modem: Any) -> SimModem:
        """Add a modem to the same network."""
        return self.sim.make_modem(**modem)

    def phone(self, number: str) -> Phone:
        return self.sim.phone(number)

    def type(self, text: str | bytes) -> bytes:
        """Write to the modem and return what it answers without time passing."""
        self.modem.memory.write(text.encode("latin-1") if isinstance(text, str) else text)
        return self.wait(0)

    def command(self, line: str) -> bytes:
        """Write a command line and a CR; return the answer."""
        return self.type(line + "\r")

    def send(self, pdu: str) -> bytes:
        """Send a PDU (service centre field and TPDU in hex) with +CMGS; return the output after the prompt."""
        length = len(pdu) // 2 - 1 - int(pdu[:2], 16)
        said = self.command(f"AT+CMGS={length}")
        if not said.endswith(self.modem.prompt):
            return said
        return self.type(pdu + "\x1a")

    def wait(self, seconds: float) -> bytes:
        """Let time pass; return what the modem wrote meanwhile."""
        self.clock.advance(seconds)
        return self.modem.memory.read() if self.modem.transports else b""
