"""Faults of the AT dialogue: prompts, answers and unsolicited lines that are missing, late or have another form."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from ..at.command import RunningCommand
from ..at.port import Port
from ..at.reply import Failure
from ..clock import Timer
from ..codec.alphabet import ucs2_encode
from ..modem.modem import Modem
from ..validation import ErrorCode, Interval, LineText, OneOf, Seconds
from .fault import Fault

#: Unusual forms of the prompt.
PROMPTS = {"bare": b">", "line": b"\r\n>\r\n", "double": b"\r\n\r\n> "}
#: Unusual forms of answers: a pattern, and what replaces it.
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


class CmeError(Fault):
    """``command`` (empty: every command) ends with +CME ERROR ``code`` (default 14, SIM busy)."""

    kind: ClassVar[str] = "cme-error"

    def __init__(self, modem: Modem, left: int | None, code: ErrorCode = 14, command: str = "") -> None:
        super().__init__(modem, left)
        self._code, self._command = code, command.upper()

    def command(self, command: RunningCommand) -> Failure | None:
        name = command.name
        if self._command not in ("", name) or (not self._command and not name.startswith("+")):
            return None
        self.strike()
        return Failure("cme", self._code)


class WrongResult(Fault):
    """A command gets the answer of the command before it. Imitates a late answer."""

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


class PromptMissing(Fault):
    """The prompt of +CMGS does not come, but the modem waits for the payload (or for ESC)."""

    kind: ClassVar[str] = "prompt-missing"

    def prompt(self, port: Port) -> bool:
        self.strike()
        return True


class PromptLate(Fault):
    """The prompt comes ``seconds`` late (default 5). Imitates a busy SIM."""

    kind: ClassVar[str] = "prompt-late"

    def __init__(self, modem: Modem, left: int | None, seconds: Seconds = 5.0) -> None:
        super().__init__(modem, left)
        self._seconds = seconds

    def prompt(self, port: Port) -> bool:
        self.modem.clock.call_later(self._seconds, port.show_prompt)
        self.strike()
        return True


class PromptForm(Fault):
    """The prompt has another form: ``bare`` (">"), ``line`` (CR LF > CR LF) or ``double`` (two CR LF first).

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
    """``text`` comes every ``every_s`` seconds, also inside answers. Imitates ZTE's +ZUSIMR flood (ModemManager)."""

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
    """``text`` comes between a command's information text and its OK (ModemManager test-at-serial-port.c)."""

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
    """``command`` is never answered, other commands are. Imitates +CMGL on some sticks (gammu #323)."""

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
    """+CMTI has a wrong index: ``minus`` ("SM",-1), ``empty`` (,-1), ``bare`` (0,111) or ``memory`` (another one).

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
    """An answer has an unusual form, as of some firmware (ModemManager, gammu, asterisk-chan-dongle).

    ``form``: ``cnum`` ERROR right before +CNUM; ``creg-bare`` location without quotes; ``creg-quote`` a missing quote;
    ``creg-empty`` OK alone; ``cmgr-one-line`` the PDU on the header's line; ``cmgr-blank`` a blank line before the PDU;
    ``no-alpha`` a header without its empty field; ``pdu-quote`` a quote after the PDU; ``ussd-unquoted`` and
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
    CmeError,
    WrongResult,
    PromptMissing,
    PromptLate,
    PromptForm,
    UrcStorm,
    UrcMidresponse,
    HangCommand,
    BadIndex,
    Misframe,
)
