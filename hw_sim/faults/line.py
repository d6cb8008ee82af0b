"""Faults of the line: bytes that are lost, added, split or late."""

from __future__ import annotations

from typing import Annotated, ClassVar

from ..at.port import Port
from ..clock import Timer
from ..modem.modem import Modem
from ..validation import Interval, LineText, Seconds, Share, Within
from .fault import Fault


class Hang(Fault):
    """The modem hangs: bytes are lost in both directions; then it goes on as before.

    Imitates a stick that stalls under load and recovers (gammu #323: minutes).
    """

    kind: ClassVar[str] = "hang"

    def incoming(self, port: Port, data: bytes) -> bytes:
        return b""

    def outgoing(self, port: Port, data: bytes) -> bytes:
        return b""


class Dying(Fault):
    """No command is answered; only ``text`` comes every ``every_s`` seconds. Reopening the port does not help.

    Imitates the Huawei E220 before it drops off the bus (gammu #393, #400).
    """

    kind: ClassVar[str] = "dying"

    def __init__(
        self, modem: Modem, left: int | None, text: LineText = "^BOOT:91409020,0,0,0,6", every_s: Interval = 20.0
    ) -> None:
        super().__init__(modem, left)
        self._text, self._every_s = text, every_s
        self._timer: Timer | None = None

    def begin(self) -> None:
        self._tell()

    def _tell(self) -> None:
        port = self.modem.urc_port
        port.emit(b"\r\n" + self._text.encode("latin-1") + b"\r\n")
        self._timer = self.modem.clock.call_later(self._every_s, self._tell)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def incoming(self, port: Port, data: bytes) -> bytes:
        return b""

    def outgoing(self, port: Port, data: bytes) -> bytes:
        return b""


class Slow(Fault):
    """All output comes ``seconds`` late. Imitates an overloaded USB hub or a busy firmware."""

    kind: ClassVar[str] = "slow"

    def __init__(self, modem: Modem, left: int | None, seconds: Seconds = 2.0) -> None:
        super().__init__(modem, left)
        self._seconds = seconds

    def outgoing(self, port: Port, data: bytes) -> bytes:
        self.modem.clock.call_later(self._seconds, self.modem.faults.onward, self, port, data)
        self.strike()
        return b""


class Garbage(Fault):
    """Stray bytes (NUL, FF, high characters) before or after output, ``share`` of the time.

    Imitates noise on a UART and wake-ups from power saving (ModemManager's parsers skip NULs).
    """

    kind: ClassVar[str] = "garbage"

    def __init__(self, modem: Modem, left: int | None, share: Share = 0.5) -> None:
        super().__init__(modem, left)
        self._share = share

    def _noise(self) -> bytes:
        chance = self.modem.random
        return bytes(chance.choice(b"\x00\xff\xfe\x80\xc3\x15") for _ in range(chance.randint(1, 6)))

    def outgoing(self, port: Port, data: bytes) -> bytes:
        if self.modem.random.random() >= self._share:
            return data
        self.strike()
        noise = self._noise()
        return noise + data if self.modem.random.random() < 0.5 else data + noise


class Split(Fault):
    """Output arrives in pieces of 1 to ``most`` bytes, ``gap_s`` apart. Imitates short USB packets."""

    kind: ClassVar[str] = "split"

    def __init__(
        self, modem: Modem, left: int | None, most: Annotated[int, Within(1)] = 5, gap_s: Seconds = 0.002
    ) -> None:
        super().__init__(modem, left)
        self._most, self._gap_s, self._next_at = most, gap_s, 0.0

    def outgoing(self, port: Port, data: bytes) -> bytes:
        clock = self.modem.clock
        at = max(self._next_at, clock.now())
        start = 0
        while start < len(data):
            size = self.modem.random.randint(1, self._most)
            clock.call_later(at - clock.now(), self.modem.faults.onward, self, port, data[start : start + size])
            start += size
            at += self._gap_s
        self._next_at = at
        self.strike()
        return b""


class Merge(Fault):
    """Output is held back for ``hold_s`` and comes in one piece. Imitates buffered USB-serial bridges."""

    kind: ClassVar[str] = "merge"

    def __init__(self, modem: Modem, left: int | None, hold_s: Seconds = 0.1) -> None:
        super().__init__(modem, left)
        self._hold_s = hold_s
        self._held: dict[Port, bytes] = {}

    def outgoing(self, port: Port, data: bytes) -> bytes:
        if port not in self._held:
            self._held[port] = b""
            self.modem.clock.call_later(self._hold_s, self._release, port)
        self._held[port] += data
        return b""

    def _release(self, port: Port) -> None:
        data = self._held.pop(port, b"")
        if data:
            self.modem.faults.onward(self, port, data)
            self.strike()


class DropBytes(Fault):
    """A ``share`` of the output bytes is lost. Imitates an overrun UART without flow control."""

    kind: ClassVar[str] = "drop-bytes"

    def __init__(self, modem: Modem, left: int | None, share: Share = 0.02) -> None:
        super().__init__(modem, left)
        self._share = share

    def outgoing(self, port: Port, data: bytes) -> bytes:
        chance = self.modem.random
        kept = bytes(byte for byte in data if chance.random() >= self._share)
        if len(kept) < len(data):
            self.strike()
        return kept


class EchoMad(Fault):
    """Every byte is echoed ``times`` times, also under ATE0. Imitates a loop-back, or another program on the port."""

    kind: ClassVar[str] = "echo-mad"

    def __init__(self, modem: Modem, left: int | None, times: Annotated[int, Within(1, 100)] = 2) -> None:
        super().__init__(modem, left)
        self._times = times

    def incoming(self, port: Port, data: bytes) -> bytes:
        port.emit(data * self._times)
        self.strike()
        return data

    def echo(self, port: Port, data: bytes) -> bytes:
        return b""


KINDS: tuple[type[Fault], ...] = (Hang, Dying, Slow, Garbage, Split, Merge, DropBytes, EchoMad)
