"""Faults that make the port look like another device, or like another port of a modem.

The modem goes on meanwhile: what it receives is there when the fault ends.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from ..at.port import Port
from ..clock import Timer
from ..modem.modem import Modem
from ..validation import Interval, LineText, Within
from .fault import Fault

#: Sentences that a GPS receiver repeats (NMEA 0183).
SENTENCES = (
    b"$GPGGA,092750.000,5321.6802,N,00630.3372,W,1,8,1.03,61.7,M,55.2,M,,*76\r\n",
    b"$GPGSA,A,3,10,07,05,02,29,04,08,13,,,,,1.72,1.03,1.38*0A\r\n",
    b"$GPRMC,092750.000,A,5321.6802,N,00630.3372,W,0.02,31.66,280511,,,A*43\r\n",
)
#: The longest command line that is kept.
_LINE_LIMIT_BYTES = 8192
#: Seconds between two writes of a babbling port.
_TICK_S = 0.02


class _Stranger(Fault):
    """Input does not reach the modem, and its output does not reach the program."""

    def incoming(self, port: Port, data: bytes) -> bytes:
        self.heard(port, data)
        return b""

    def outgoing(self, port: Port, data: bytes) -> bytes:
        return b""

    def heard(self, port: Port, data: bytes) -> None:
        """React to bytes from the program."""


class OnlyOk(_Stranger):
    """Every line is answered with OK and nothing else; with ``prompt`` also the prompt of +CMGS comes.

    Imitates the diagnostic port of a stick, and programs that imitate a modem for dial-up software.
    """

    kind: ClassVar[str] = "only-ok"

    def __init__(self, modem: Modem, left: int | None, prompt: bool = True) -> None:
        super().__init__(modem, left)
        self._prompt = prompt
        self._line: dict[Port, bytes] = {}

    def heard(self, port: Port, data: bytes) -> None:
        line = self._line.get(port, b"")
        for at in range(len(data)):
            byte = data[at : at + 1]
            if byte not in (b"\r", b"\x1a"):
                line = (line + byte)[-_LINE_LIMIT_BYTES:]
                continue
            asks = byte == b"\r" and line.upper().startswith((b"AT+CMGS=", b"AT+CMGW="))
            port.emit(b"\r\n> " if asks and self._prompt else b"\r\nOK\r\n")
            self.strike()
            line = b""
        self._line[port] = line


class Mirror(_Stranger):
    """Every byte comes back, and nothing else. Imitates a loop-back, or a terminal that echoes."""

    kind: ClassVar[str] = "mirror"

    def heard(self, port: Port, data: bytes) -> None:
        port.emit(data)
        self.strike()


class _Repeated(_Stranger):
    """Output is repeated on the port that carries unsolicited lines."""

    every_s = _TICK_S

    def __init__(self, modem: Modem, left: int | None) -> None:
        super().__init__(modem, left)
        self._timer: Timer | None = None

    def begin(self) -> None:
        self._tell()

    def _tell(self) -> None:
        self._timer = self.modem.clock.call_later(self.every_s, self._tell)
        self.modem.urc_port.emit(self.said())

    def said(self) -> bytes:
        """Return the next output."""
        return b""

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class Nmea(_Repeated):
    """Positions come every ``every_s`` seconds, and no command is answered. Imitates the port of a GPS receiver."""

    kind: ClassVar[str] = "nmea"

    def __init__(self, modem: Modem, left: int | None, every_s: Interval = 1.0) -> None:
        super().__init__(modem, left)
        self.every_s = every_s

    def said(self) -> bytes:
        return b"".join(SENTENCES)


class Babble(_Repeated):
    """``bytes_s`` bytes per second come without a pause, between the modem's output.

    ``form`` is ``lines`` (``text`` repeated; ``{n}`` in it counts up, ``\\n`` ends a line), ``unended`` (without line
    ends) or ``binary`` (random bytes). Imitates firmware in a loop, and ports of other devices.
    """

    kind: ClassVar[str] = "babble"

    def __init__(
        self,
        modem: Modem,
        left: int | None,
        text: LineText = '+CMTI: "SM",1',
        bytes_s: Annotated[int, Within(50)] = 60_000,
        form: Literal["lines", "unended", "binary"] = "lines",
    ) -> None:
        super().__init__(modem, left)
        self._text, self._form = text, form
        self._share = max(1, round(bytes_s * _TICK_S))
        self._count = 0

    def said(self) -> bytes:
        if self._form == "binary":
            return self.modem.random.randbytes(self._share)
        out = b""
        while len(out) < self._share:
            line = self._text.replace("{n}", str(self._count)).encode("latin-1")
            self._count += 1
            out += line if self._form == "unended" else b"\r\n" + line.replace(b"\\n", b"\r\n") + b"\r\n"
        return out

    def incoming(self, port: Port, data: bytes) -> bytes:
        return data

    def outgoing(self, port: Port, data: bytes) -> bytes:
        return data


KINDS: tuple[type[Fault], ...] = (OnlyOk, Mirror, Nmea, Babble)
