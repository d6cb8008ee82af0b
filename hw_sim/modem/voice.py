"""Voice calls, as far as SMS software meets them (27.007 6, V.250 6.3): RING, answer, hang up, dial."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ..at.port import Port
from ..at.reply import Failure
from ..clock import Timer
from ..network.service_centre import Network
from .host import Host

RING_EVERY_S = 5.0  # a usual cadence; chosen here
ACTIVE, HELD, DIALING, ALERTING, INCOMING, WAITING = range(6)  # <stat> of +CLCC, 27.007 7.18


class VoiceHost(Host, Protocol):
    """The modem as voice calls see it."""

    network: Network

    @property
    def urc_port(self) -> Port: ...

    def reachable(self) -> bool: ...


class VoiceCalls:
    """The modem's voice calls, at most one at a time."""

    def __init__(self, modem: VoiceHost) -> None:
        self._modem = modem
        self.reset()

    def reset(self) -> None:
        self.state: int | None = None
        self.number = ""
        self.outgoing = False
        self.clip = 0
        self.extended = 0
        self._rings = 0
        self._timer: Timer | None = None

    def listing(self) -> list[str]:
        """Return the lines of +CLCC."""
        if self.state is None:
            return []
        kind = 145 if self.number.startswith("+") else 129
        return [f'+CLCC: 1,{int(not self.outgoing)},{self.state},0,0,"{self.number}",{kind}']

    def ring(self, number: str) -> bool:
        """Start an incoming call; return False when the modem cannot take it (off, or in a call)."""
        if self.state is not None or not self._modem.reachable():
            return False
        self.state, self.number, self.outgoing, self._rings = INCOMING, number, False, 0
        self._ring_on()
        return True

    def _ring_on(self) -> None:
        if self.state != INCOMING:
            return
        modem = self._modem
        self._rings += 1
        modem.urc("+CRING: VOICE" if self.extended else "RING")
        if self.clip:
            kind = 145 if self.number.startswith("+") else 129
            modem.urc(f'+CLIP: "{self.number}",{kind},,,,0')
        automatic = modem.urc_port.settings.registers[0]
        if automatic and self._rings >= automatic:
            self.answer()
        else:
            self._timer = modem.clock.call_later(RING_EVERY_S, self._ring_on)

    def answer(self) -> None:
        """Answer the call (ATA). Raises Failure."""
        if self.state != INCOMING:
            raise Failure("result", 3)
        self._stop()
        self.state = ACTIVE

    def dial(self, number: str, connected: Callable[[Failure | None], None]) -> None:
        """Dial (ATD<number>); the phone at the other end decides the result."""
        if self.state is not None:
            raise Failure("cme", 3)
        outcome = self._modem.network.called(number, self._modem.card.number)
        if outcome:
            connected(Failure("result", outcome))
            return
        self.state, self.number, self.outgoing = ACTIVE, number, True
        connected(None)

    def hang_up(self) -> None:
        """End the call (ATH, +CHUP) without an unsolicited line."""
        self._stop()
        self.state = None

    def ended_by_peer(self) -> None:
        """End the call from the other side: NO CARRIER."""
        if self.state is not None:
            self.hang_up()
            self._modem.urc("NO CARRIER")

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
