"""Faults of the AT dialogue: prompts, results and unsolicited lines where they should not be, or not at all."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from ..at.port import Port
from ..at.reply import Failure, cms
from ..clock import Timer
from ..codec.alphabet import ucs2_encode
from ..codec.tpdu import Tpdu
from ..modem.modem import Modem
from ..validation import ErrorCode, Interval, LineText, OneOf, Seconds
from .fault import Fault

SENDING = ("+CMGS", "+CMSS", "+CMGC")

#: Forms of a prompt that is not as usual.
PROMPTS = {"bare": b">", "line": b"\r\n>\r\n", "double": b"\r\n\r\n> "}
#: Forms of an answer: what is replaced, and by what.
MISFRAMED: dict[str, tuple[bytes, bytes]] = {
    "cnum": (rb"\r\n\+CNUM:", rb"\r\nERROR+CNUM:"),
    "creg-bare": (rb'(\+C[GE]?REG: [^"\r]*)"(\w+)","(\w+)"', rb"\1\2,\3"),
    "creg-quote": (rb'(\+C[GE]?REG: [^"\r]*)"(\w+)","(\w+)"', rb'\1"\2,"\3"'),
    "creg-empty": (rb"\r\n\+C[GE]?REG: [^\r]*\r\n", b""),
    "cmgr-one-line": (rb"(\+CMGR: [^\r]*)\r\n", rb"\1,"),
    "cmgr-blank": (rb"(\+CMGR: [^\r]*\r\n)", rb"\1\r\n"),
    "no-alpha": (rb"(\+CMG[LR]: [\d,]*\d),,(\d+)\r", rb"\1,\2\r"),
    "pdu-quote": (rb"(\r\n[0-9A-F]{16,})\r", rb'\1"\r'),
    "ussd-unquoted": (rb'(\+CUSD: \d),"([^"]*)"(,\d+)?', rb"\1, \2"),
    "ussd-no-dcs": (rb'(\+CUSD: \d,"[^"]*"),\d+', rb"\1"),
    "csca-hex": (rb'\+CSCA: "([^"]*)"', rb"\1"),
}


class CmsError(Fault):
    """Submissions are refused with +CMS ERROR ``code``: 500 by default, the commonest in the field (gammu #438)."""

    kind: ClassVar[str] = "cms-error"

    def __init__(self, modem: Modem, left: int | None, code: ErrorCode = 500) -> None:
        super().__init__(modem, left)
        self._code = code

    def submit(self, tpdu: Tpdu) -> Failure | bool:
        self.strike()
        return cms(self._code)


class CmeError(Fault):
    """``command`` (all of them when empty) ends with +CME ERROR ``code``: 14, SIM busy, by default."""

    kind: ClassVar[str] = "cme-error"

    def __init__(self, modem: Modem, left: int | None, code: ErrorCode = 14, command: str = "") -> None:
        super().__init__(modem, left)
        self._code, self._command = code, command.upper()

    def command(self, name: str) -> Failure | None:
        if self._command not in ("", name) or (not self._command and not name.startswith("+")):
            return None
        self.strike()
        return Failure("cme", self._code)


class Stuck500(Fault):
    """+CMS ERROR: 500 for every submission until the modem restarts (SIM7000-LTE-Shield #103)."""

    kind: ClassVar[str] = "stuck-500"

    def submit(self, tpdu: Tpdu) -> Failure | bool:
        return cms(500)

    def booted(self) -> None:
        self.modem.faults.remove(self)


class TakenError(Fault):
    """The message leaves, and yet +CMS ERROR ``code`` comes: 332, network time-out, by default. A report may follow."""

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
    """The network takes the message, the final result never comes; the next command is answered as ever.

    Imitates a result lost on the line (asterisk-chan-dongle BUGS 8).
    """

    kind: ClassVar[str] = "lost-result"

    def result(self, port: Port, command: str, out: bytes) -> bytes | None:
        if command not in SENDING or b"ERROR" in out:
            return out
        self.strike()
        return None


class LateResult(Fault):
    """The message leaves, its result comes ``seconds`` later, whatever was asked meanwhile (90 by default)."""

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
    """The modem needs ``seconds`` for each message (20 by default) and answers all other commands meanwhile.

    Messages are worked off one after the other, so results come in order. Imitates sticks on a congested cell, whose
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
    """After the payload nothing comes, and the port ignores everything except ESC; the message was taken.

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


class WrongResult(Fault):
    """A command gets the answer of the one before it, as when a late answer is taken for the next command's."""

    kind: ClassVar[str] = "wrong-result"

    def __init__(self, modem: Modem, left: int | None) -> None:
        super().__init__(modem, left)
        self._before: dict[Port, bytes] = {}

    def result(self, port: Port, command: str, out: bytes) -> bytes | None:
        before, self._before[port] = self._before.get(port), out
        if before is None:
            return out
        self.strike()
        return before


class FalseOk(Fault):
    """The modem answers +CMGS and OK, and nothing goes on the air (no credit seen by the firmware; black hole)."""

    kind: ClassVar[str] = "false-ok"

    def submit(self, tpdu: Tpdu) -> Failure | bool:
        self.strike()
        return True


class OddReferences(Fault):
    """TP-MR does not count up: ``form`` is ``random`` or ``constant`` (0), as firmware does that counts otherwise."""

    kind: ClassVar[str] = "odd-references"

    def __init__(self, modem: Modem, left: int | None, form: Literal["random", "constant"] = "random") -> None:
        super().__init__(modem, left)
        self._form = form

    def reference(self, reference: int) -> int:
        self.strike()
        return self.modem.random.randrange(256) if self._form == "random" else 0


class PromptMissing(Fault):
    """The prompt of +CMGS does not come; the modem waits for the payload all the same (or for ESC)."""

    kind: ClassVar[str] = "prompt-missing"

    def prompt(self, port: Port) -> bool:
        self.strike()
        return True


class PromptLate(Fault):
    """The prompt comes ``seconds`` late (5 by default): a SIM that is busy."""

    kind: ClassVar[str] = "prompt-late"

    def __init__(self, modem: Modem, left: int | None, seconds: Seconds = 5.0) -> None:
        super().__init__(modem, left)
        self._seconds = seconds

    def prompt(self, port: Port) -> bool:
        self.modem.clock.call_later(self._seconds, port.show_prompt)
        self.strike()
        return True


class PromptForm(Fault):
    """The prompt in another form: ``form`` is ``bare`` (">"), ``line`` (CR LF > CR LF), ``double`` (two CR LF first).

    Imitates SIM7670G firmwares (gammu #1176).
    """

    kind: ClassVar[str] = "prompt-form"

    def __init__(self, modem: Modem, left: int | None, form: Annotated[str, OneOf(tuple(PROMPTS))] = "line") -> None:
        super().__init__(modem, left)
        self._form = PROMPTS[form]

    def prompt(self, port: Port) -> bool:
        port.write(self._form)
        self.strike()
        return True


class UrcStorm(Fault):
    """``text`` every ``every_s`` seconds, also in the middle of answers: ZTE's +ZUSIMR flood (ModemManager)."""

    kind: ClassVar[str] = "urc-storm"

    def __init__(self, modem: Modem, left: int | None, text: LineText = "+ZUSIMR:2", every_s: Interval = 0.05) -> None:
        super().__init__(modem, left)
        self._text, self._every_s = text, every_s
        self._timer: Timer | None = None

    def begin(self) -> None:
        self._tell()

    def _tell(self) -> None:
        self._timer = self.modem.clock.call_later(self._every_s, self._tell)
        if self.modem.powered and not self.modem.urc_port.in_payload:
            self.modem.urc_port.urc_now(self._text)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


class UrcMidresponse(Fault):
    """``text`` stands between a command's information text and its OK (ModemManager test-at-serial-port.c)."""

    kind: ClassVar[str] = "urc-midresponse"

    def __init__(self, modem: Modem, left: int | None, text: LineText = "^RSSI:14") -> None:
        super().__init__(modem, left)
        self._line = b"\r\n" + text.encode("latin-1") + b"\r\n"

    def result(self, port: Port, command: str, out: bytes) -> bytes | None:
        place = out.rfind(b"\r\nOK\r\n")
        if place < 0:
            return out
        self.strike()
        return out[:place] + self._line + out[place:]


class HangCommand(Fault):
    """``command`` is never answered, others are: +CMGL on some sticks takes minutes (gammu #323)."""

    kind: ClassVar[str] = "hang-command"

    def __init__(self, modem: Modem, left: int | None, command: str = "+CMGL") -> None:
        super().__init__(modem, left)
        self._command = command.upper()

    def result(self, port: Port, command: str, out: bytes) -> bytes | None:
        if command != self._command:
            return out
        self.strike()
        return None


class BadIndex(Fault):
    """+CMTI points nowhere: ``form`` is ``minus`` ("SM",-1), ``empty`` (,-1), ``bare`` (0,111) or ``memory`` (another).

    Imitates asterisk-chan-dongle at_response.c:1204, T-SIM7600X #63, asterisk-chan-dongle (bg111) #31.
    """

    kind: ClassVar[str] = "bad-index"

    def __init__(
        self, modem: Modem, left: int | None, form: Literal["minus", "empty", "bare", "memory"] = "minus"
    ) -> None:
        super().__init__(modem, left)
        self._form = form

    def outgoing(self, port: Port, data: bytes) -> bytes:
        start = data.find(b"+CMTI: ")
        if start < 0:
            return data
        end = data.find(b"\r\n", start)
        memory, _, index = data[start + 7 : end].partition(b",")
        other = b'"ME"' if memory == b'"SM"' else b'"SM"'
        shown = {"minus": memory + b",-1", "empty": b",-1", "bare": b"0,111", "memory": other + b"," + index}[
            self._form
        ]
        self.strike()
        return data[: start + 7] + shown + data[end:]


class Misframe(Fault):
    """An answer written as some firmware writes it; ``form`` is one of MISFRAMED (ModemManager, gammu, chan_dongle).

    ``cnum`` ERROR glued before +CNUM; ``creg-bare`` location without quotes; ``creg-quote`` a quote too few;
    ``creg-empty`` a bare OK; ``cmgr-one-line`` the PDU on the header's line; ``cmgr-blank`` a blank line before the
    PDU; ``no-alpha`` a header without its empty field; ``pdu-quote`` a quote after the PDU; ``ussd-unquoted`` and
    ``ussd-no-dcs``; ``csca-hex`` the service centre in UCS2 hex without quotes.
    """

    kind: ClassVar[str] = "misframe"

    def __init__(
        self, modem: Modem, left: int | None, form: Annotated[str, OneOf(tuple(MISFRAMED))] = "cmgr-blank"
    ) -> None:
        super().__init__(modem, left)
        self._form = form
        self._pattern, self._by = re.compile(MISFRAMED[form][0]), MISFRAMED[form][1]

    def outgoing(self, port: Port, data: bytes) -> bytes:
        if self._form == "csca-hex":
            changed = self._pattern.sub(lambda m: b"+CSCA: " + ucs2_encode(m[1].decode()).hex().upper().encode(), data)
        else:
            changed = self._pattern.sub(self._by, data)
        if changed != data:
            self.strike()
        return changed


KINDS: tuple[type[Fault], ...] = (
    CmsError,
    CmeError,
    Stuck500,
    TakenError,
    LostResult,
    LateResult,
    SlowResult,
    StuckSend,
    WrongResult,
    FalseOk,
    OddReferences,
    PromptMissing,
    PromptLate,
    PromptForm,
    UrcStorm,
    UrcMidresponse,
    HangCommand,
    BadIndex,
    Misframe,
)
