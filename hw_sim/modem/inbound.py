"""The receiving side of a modem: messages are stored or routed (+CNMI) and acknowledged (+CSMS), 27.005 3.4."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ..at.message_view import routed_lines
from ..at.port import Port
from ..clock import Timer
from ..codec.tpdu import CodecError, Tpdu, message_class, read_tpdu, write_smsc, write_tpdu
from ..network.subscriber import DELIVERED, NO_ANSWER
from ..storage import UNREAD, Memory, Store, Stored
from .host import Host

BUFFER_SIZE = 20  # indications kept under <mode>=0; chosen here, 27.005 leaves it open
MEMORY_EXCEEDED = 0x25
Done = Callable[[int], None]


class InboundHost(Host, Protocol):
    """The modem as the receiving side sees it."""

    memories: dict[str, Memory]

    @property
    def receive_memory(self) -> Store: ...

    @property
    def urc_port(self) -> Port: ...


class Inbound:
    """The receiving side of one modem."""

    def __init__(self, modem: InboundHost) -> None:
        self._modem = modem
        self.reset()

    def reset(self) -> None:
        """Return to the settings after power-on: nothing is routed, no acknowledgement."""
        self.cnmi = [0, 0, 0, 0, 0]
        self.service = 0
        self.buffer: list[str] = []
        self._awaited: tuple[str, Done, Timer] | None = None
        self.full_told = False

    def drop(self) -> None:
        """Give an unacknowledged message back to the network: the modem goes away."""
        if self._awaited is not None:
            _, done, timer = self._awaited
            self._awaited = None
            timer.cancel()
            done(NO_ANSWER)

    def configure(self, values: list[int]) -> None:
        """Apply +CNMI. Switching indications on flushes or clears the buffer."""
        self.cnmi = values
        if values[0] != 0:
            buffered, self.buffer = self.buffer, []
            if values[4] == 0:
                for text in buffered:
                    self._modem.urc(text)

    def take(self, tpdu: Tpdu, done: Done) -> None:
        """Receive one TPDU; ``done`` gets a TP-ST value (network.subscriber)."""
        if tpdu.kind == "report":
            self._report(tpdu, done)
        else:
            self._deliver(tpdu, done)

    def _stored(self, tpdu: Tpdu) -> Stored:
        return Stored(UNREAD, tpdu.kind, write_smsc(self._modem.card.smsc), write_tpdu(tpdu))

    def _deliver(self, tpdu: Tpdu, done: Done) -> None:
        mt = self.cnmi[1]
        kind = message_class(tpdu.dcs)
        if tpdu.pid == 0x40:  # a short message type 0 is acknowledged and forgotten (23.040 9.2.3.9)
            done(DELIVERED)
            return
        waiting_kept = tpdu.dcs >> 4 in (0xD, 0xE)
        direct = (mt == 2 and kind != 2 and not waiting_kept) or (mt == 3 and kind == 3)
        if kind == 0 and not direct and self._modem.profile.messages.flash != "store":
            if mt and self._modem.profile.messages.flash == "cmt":
                self._show("+CMT", self._stored(tpdu))
            done(DELIVERED)
            return
        if direct:
            self._route("+CMT", self._stored(tpdu), done)
            return
        self._keep(tpdu, kind, mt, done)

    def _keep(self, tpdu: Tpdu, kind: int | None, mt: int, done: Done) -> None:
        modem = self._modem
        message = self._stored(tpdu)
        memory = modem.memories["SM"] if kind == 2 else modem.receive_memory
        index = self._replaced(tpdu, message) if 0x41 <= tpdu.pid <= 0x47 else None
        if index is None:
            index = memory.put(message)
        if index is None:
            if not self.full_told and modem.profile.storage.full:
                modem.urc(modem.profile.storage.full.format(memory=memory.name))
            self.full_told = True
            done(MEMORY_EXCEEDED)
            return
        done(DELIVERED)
        if mt:
            self.notify("+CMTI: " + modem.profile.messages.cmti.format(memory=memory.name, index=index))

    def _replaced(self, tpdu: Tpdu, message: Stored) -> int | None:
        """Replace an earlier message of this type and sender (23.040 9.2.3.9) and return its slot, else None."""
        for index, stored in self._modem.receive_memory.items():
            if stored.kind == "deliver":
                try:
                    old = read_tpdu(stored.tpdu, from_modem=False)
                except CodecError:
                    continue
                if old.pid == tpdu.pid and old.address == tpdu.address:
                    stored.status, stored.smsc, stored.tpdu = message.status, message.smsc, message.tpdu
                    return index
        return None

    def _report(self, tpdu: Tpdu, done: Done) -> None:
        ds = self.cnmi[3]
        rules = self._modem.profile.messages
        if ds == 0:
            done(DELIVERED)
        elif ds == 1:
            self._route("+CDS", self._stored(tpdu), done)
        else:
            memory = self._modem.memories[rules.report_memory]
            message = self._stored(tpdu)
            index = memory.put(message)
            if index is None:
                memory.delete(next(iter(memory.items()))[0])
                index = memory.put(message)
            done(DELIVERED)
            self.notify(f'+CDSI: "{rules.report_label}",{index}')

    def _route(self, code: str, message: Stored, done: Done) -> None:
        """Write a message to the port. Under +CSMS=1 the program must answer with +CNMA, else routing ends (3.4.1)."""
        if self.service != 1:
            done(DELIVERED)
            self._show(code, message)
            return
        timer = self._modem.clock.call_later(self._modem.profile.messages.direct_ack_s, self._unacknowledged)
        self._awaited = (code, done, timer)
        self._show(code, message)

    def _show(self, code: str, message: Stored) -> None:
        self.notify("\r\n".join(routed_lines(self._modem.urc_port.settings, code, message)))

    def _unacknowledged(self) -> None:
        if self._awaited is None:
            return
        _, done, _ = self._awaited
        self._awaited = None
        self.cnmi[1] = self.cnmi[3] = 0
        done(NO_ANSWER)

    @property
    def awaiting(self) -> bool:
        """A message waits for +CNMA."""
        return self._awaited is not None

    def acknowledge(self, good: bool) -> None:
        """Apply +CNMA. A negative one is an error of the modem to the network."""
        if self._awaited is not None:
            _, done, timer = self._awaited
            self._awaited = None
            timer.cancel()
            done(DELIVERED if good else NO_ANSWER)

    def notify(self, text: str) -> None:
        """Write an indication, or buffer it under <mode>=0 (the oldest are dropped)."""
        if self.cnmi[0] == 0:
            self.buffer.append(text)
            del self.buffer[:-BUFFER_SIZE]
        else:
            self._modem.urc(text)
