"""Doubles at the two ends of the modem side: a scripted port below it, a sink that keeps everything above it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from gsmgw.errors import PortError, StoreError
from gsmgw.model import CopyFate, EventData, ModemState, ModemStatus
from gsmgw.modem import Modem
from gsmgw.ports import ByteReceiver, ByteStream, RawPdu
from support.waiting import GENEROUS_S

#: TS 23.040 9.2.2.2: SMS-SUBMIT to +491712345678, "hello" in the default alphabet.
TPDU = bytes.fromhex("01000C919471214365870000" + "05E8329BFD06")

#: The recipient in it, and a TPDU to it that asks for a status report.
PHONE = "+491712345678"
TPDU_REPORTED = bytes.fromhex("21000C91947121436587000005E8329BFD06")

Reply = bytes | None


@asynccontextmanager
async def running(modem: Modem) -> AsyncIterator[Modem]:
    """The modem's own task, as the daemon keeps it."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(modem.run())
        try:
            yield modem
        finally:
            task.cancel()


def open_descriptors() -> int:
    """How many descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))


class ScriptedPort:
    """A :class:`ByteStream` whose other side is a function: a written line or payload -> bytes to come back.

    ``answers`` maps lines (without CR) to replies; ``answer`` is asked first. Lines that neither knows get ERROR.
    ``written`` is all that was written, in the pieces in which it was.
    """

    def __init__(self, answers: dict[str, str] | None = None) -> None:
        self.answers = answers or {}
        self.answer: Callable[[str], Reply] = lambda line: None
        self.written: list[bytes] = []
        self.receiver: ByteReceiver | None = None
        self.closed = False
        self.mute = False
        self._line = b""
        self.opened = 0

    async def open(self, receiver: ByteReceiver) -> ByteStream:
        """To be given as an opener."""
        self.receiver = receiver
        self.closed = False
        self.opened += 1
        self._line = b""
        return self

    def write(self, data: bytes) -> None:
        self.written.append(data)
        for byte in data:
            char = bytes([byte])
            if char in b"\r\x1a\x1b":
                line, self._line = self._line + (b"" if char == b"\r" else char), b""
                if not self.mute and line:
                    self._respond(line.decode())
            else:
                self._line += char

    def _respond(self, line: str) -> None:
        reply = self.answer(line)
        if reply is None:
            if line == "\x1b":
                return
            text = self.answers.get(line, "ERROR")
            reply = "".join(f"\r\n{part}\r\n" for part in text.split("|") if part).encode()
        if reply:
            asyncio.get_running_loop().call_soon(self.feed, reply)

    def feed(self, data: bytes) -> None:
        """Bytes from the modem."""
        if self.receiver is not None and not self.closed:
            self.receiver.data_received(data)

    def lose(self, title: str = "unplugged") -> None:
        """The port vanishes."""
        if self.receiver is not None and not self.closed:
            self.closed = True
            self.receiver.connection_lost(PortError(title))

    async def close(self) -> None:
        self.closed = True

    @property
    def lines(self) -> list[str]:
        """The commands that were written."""
        return b"".join(self.written).decode().replace("\x1a", "\r").replace("\x1b", "\r").split("\r")


class Sink:
    """An :class:`gsmgw.ports.EventSink` that keeps everything and can refuse to."""

    def __init__(self) -> None:
        self.pdus: list[RawPdu] = []
        self.released: list[RawPdu] = []
        self.states: list[tuple[ModemState, str]] = []
        self.events: list[tuple[str, dict[str, object]]] = []
        self.status: ModemStatus | None = None
        self.refuse = 0
        self.references: list[tuple[int, int | None]] = []
        self.copies: list[RawPdu] = []
        self.fate = CopyFate.FOREIGN
        self.before_take: Callable[[RawPdu], None] = lambda raw: None
        self._news = asyncio.Event()

    async def take_pdu(self, raw: RawPdu) -> bool:
        if self.refuse:
            self.refuse -= 1
            raise StoreError("the disk is full")
        self.before_take(raw)
        self.pdus.append(raw)
        self._news.set()
        return True

    async def take_copies(self, copies: list[RawPdu]) -> list[CopyFate]:
        self.copies += copies
        return [self.fate] * len(copies)

    def pdu_released(self, raw: RawPdu) -> None:
        self.released.append(raw)

    def reference_read(self, modem: str, sim: str, reference: int, confirmed: int | None) -> None:
        self.references.append((reference, confirmed))
        self._news.set()

    def modem_changed(self, status: ModemStatus) -> None:
        self.status = status
        if not self.states or self.states[-1] != (status.state, status.detail):
            self.states.append((status.state, status.detail))
        self._news.set()

    def modem_event(self, modem: str, data: EventData) -> None:
        self.events.append((data.type, data.as_json()))
        self._news.set()

    async def until(self, true: Callable[[], bool], within_s: float = GENEROUS_S) -> None:
        """Wait until something that this sink is told of makes ``true`` so."""
        async with asyncio.timeout(within_s):
            while not true():
                self._news.clear()
                await self._news.wait()

    async def reach(self, state: ModemState, within_s: float = GENEROUS_S) -> None:
        """Wait until the modem is in a state."""
        await self.until(lambda: self.status is not None and self.status.state is state, within_s)


async def at_once() -> None:
    """A ``before_payload`` that has nothing to do."""
