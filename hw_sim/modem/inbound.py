"""What comes from the network: stored or routed to the TE as +CNMI says, acknowledged as +CSMS says (27.005 3.4)."""

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
    """What the receiving side needs of its modem."""

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
        """Settings as after power-on: nothing is routed, phase 2 acknowledgement."""
        self.cnmi = [0, 0, 0, 0, 0]
        self.service = 0
        self.buffer: list[str] = []
        self._awaited: tuple[str, Done, Timer] | None = None
        self.full_told = False

    def drop(self) -> None:
        """The modem goes away: what was not acknowledged stays with the network."""
        if self._awaited is not None:
            _, done, timer = self._awaited
            self._awaited = None
            timer.cancel()
            done(NO_ANSWER)

    def configure(self, values: list[int]) -> None:
        """+CNMI: the buffer is flushed or cleared when indications are switched on."""
        self.cnmi = values
        if values[0] != 0:
            buffered, self.buffer = self.buffer, []
            if values[4] == 0:
                for text in buffered:
                    self._modem.urc(text)

    def take(self, tpdu: Tpdu, done: Done) -> None:
        """One TPDU from the network; ``done`` gets a TP-ST value (network.Subscriber)."""
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
        """Replace short message type n (23.040 9.2.3.9): the slot of an earlier one from the same sender."""
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
        """Straight to the TE. Under +CSMS=1 the TE must acknowledge with +CNMA, else routing ends (3.4.1)."""
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
        """A +CNMA is expected."""
        return self._awaited is not None

    def acknowledge(self, good: bool) -> None:
        """+CNMA came; a negative one is an error of the ME to the network."""
        if self._awaited is not None:
            _, done, timer = self._awaited
            self._awaited = None
            timer.cancel()
            done(DELIVERED if good else NO_ANSWER)

    def notify(self, text: str) -> None:
        """An indication, buffered under <mode>=0 (the oldest go first)."""
        if self.cnmi[0] == 0:
            self.buffer.append(text)
            del self.buffer[:-BUFFER_SIZE]
        else:
            self._modem.urc(text)
