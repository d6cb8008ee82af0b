"""Faults of sending: submissions that are refused, and results that are lost, late or wrong."""

from __future__ import annotations

from typing import ClassVar, Literal

from ..at.port import Port
from ..at.reply import Failure, cms
from ..codec.tpdu import Tpdu
from ..modem.modem import Modem
from ..validation import ErrorCode, Seconds
from .fault import Fault

SENDING = ("+CMGS", "+CMSS", "+CMGC")


class CmsError(Fault):
    """Submissions are refused with +CMS ERROR ``code`` (default 500, the most frequent one: gammu #438)."""

    kind: ClassVar[str] = "cms-error"

    def __init__(self, modem: Modem, left: int | None, code: ErrorCode = 500) -> None:
        super().__init__(modem, left)
        self._code = code

    def submit(self, tpdu: Tpdu) -> Failure | bool:
        self.strike()
        return cms(self._code)


class Stuck500(Fault):
    """+CMS ERROR: 500 for every submission until the modem restarts (SIM7000-LTE-Shield #103)."""

    kind: ClassVar[str] = "stuck-500"

    def submit(self, tpdu: Tpdu) -> Failure | bool:
        return cms(500)

    def booted(self) -> None:
        self.modem.faults.remove(self)


class TakenError(Fault):
    """The message is sent, but +CMS ERROR ``code`` comes (default 332, network timeout). A report may follow."""

    kind: ClassVar[str] = "taken-error"

    def __init__(self, modem: Modem, left: int | None, code: ErrorCode = 332) -> None:
        super().__init__(modem, left)
        self._code = code

    def result(self, port: Port, command: str, out: bytes) -> bytes | None:
        if command not in SENDING or b"ERROR" in out:
            return out
        self.strike()
        return port.final(cms(self._code))


class LostResult(Fault):
    """The message is sent, but its final result never comes. The next command is answered as usual.

    Imitates a result lost on the line (asterisk-chan-dongle BUGS 8).
    """

    kind: ClassVar[str] = "lost-result"

    def result(self, port: Port, command: str, out: bytes) -> bytes | None:
        if command not in SENDING or b"ERROR" in out:
            return out
        self.strike()
        return None


class LateResult(Fault):
    """The message is sent; its result comes ``seconds`` later (default 90), also between other commands."""

    kind: ClassVar[str] = "late-result"

    def __init__(self, modem: Modem, left: int | None, seconds: Seconds = 90.0) -> None:
        super().__init__(modem, left)
        self._seconds = seconds

    def result(self, port: Port, command: str, out: bytes) -> bytes | None:
        if command not in SENDING or b"ERROR" in out:
            return out
        self.modem.clock.call_later(self._seconds, self.modem.faults.outgoing, port, out)
        self.strike()
        return None


class SlowResult(Fault):
    """The modem needs ``seconds`` for each message (default 20) and answers other commands meanwhile.

    Messages are sent one after the other, so results come in order. Imitates sticks in a congested cell, whose
    firmware answers AT while it waits for the network.
    """

    kind: ClassVar[str] = "slow-result"

    def __init__(self, modem: Modem, left: int | None, seconds: Seconds = 20.0) -> None:
        super().__init__(modem, left)
        self._seconds = seconds
        self._free_at = 0.0

    def result(self, port: Port, command: str, out: bytes) -> bytes | None:
        if command not in SENDING or b"ERROR" in out:
            return out
        clock = self.modem.clock
        self._free_at = max(self._free_at, clock.now()) + self._seconds
        clock.call_later(self._free_at - clock.now(), self.modem.faults.outgoing, port, out)
        self.strike()
        return None


class StuckSend(Fault):
    """The message is sent, but no result comes, and the port ignores everything except ESC.

    Imitates a Huawei that stays in its prompt (asterisk-chan-dongle BUGS 13).
    """

    kind: ClassVar[str] = "stuck-send"

    def __init__(self, modem: Modem, left: int | None) -> None:
        super().__init__(modem, left)
        self._stuck = False

    def result(self, port: Port, command: str, out: bytes) -> bytes | None:
        if self._stuck or command not in SENDING or b"ERROR" in out:
            return out
        self._stuck = True
        return None

    def incoming(self, port: Port, data: bytes) -> bytes:
        if not self._stuck:
            return data
        place = data.find(b"\x1b")
        if place < 0:
            return b""
        self._stuck = False
        self.strike()
        return data[place + 1 :]


class FalseOk(Fault):
    """The modem answers +CMGS and OK, but sends nothing. Imitates firmware that reports success too early."""

    kind: ClassVar[str] = "false-ok"

    def submit(self, tpdu: Tpdu) -> Failure | bool:
        self.strike()
        return True


class OddReferences(Fault):
    """Message references do not count up: ``form`` is ``random`` or ``constant`` (0). Imitates such firmware."""

    kind: ClassVar[str] = "odd-references"

    def __init__(self, modem: Modem, left: int | None, form: Literal["random", "constant"] = "random") -> None:
        super().__init__(modem, left)
        self._form = form

    def reference(self, reference: int) -> int:
        self.strike()
        return self.modem.random.randrange(256) if self._form == "random" else 0


KINDS: tuple[type[Fault], ...] = (
    CmsError,
    Stuck500,
    TakenError,
    LostResult,
    LateResult,
    SlowResult,
    StuckSend,
    FalseOk,
    OddReferences,
)
