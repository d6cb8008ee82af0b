"""Faults of settings, acknowledgements and memories: a command is refused that works on other modems."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from ..at.command import RunningCommand
from ..at.port import Port
from ..at.reply import Failure, cms
from ..codec.tpdu import Tpdu
from ..modem.modem import Modem
from ..validation import ErrorCode, Seconds
from .fault import Fault
from .sending import SENDING


class RefuseSetting(Fault):
    """``command`` (default +CNMI) is refused, with or without its query; all other commands work.

    ``error`` is ``cms`` or ``cme`` with ``code`` (default 314, SIM busy), or ``plain`` for ERROR. ``form`` is ``set``
    or ``all`` (the query, too). Imitates a message service that is still starting.
    """

    kind: ClassVar[str] = "refuse-setting"

    def __init__(
        self,
        modem: Modem,
        left: int | None,
        command: str = "+CNMI",
        error: Literal["cms", "cme", "plain"] = "cms",
        code: ErrorCode = 314,
        form: Literal["set", "all"] = "set",
    ) -> None:
        super().__init__(modem, left)
        self._command = command.upper().removeprefix("AT")
        self._failure = Failure() if error == "plain" else Failure(error, code)
        self._forms = ("set", "run") if form == "set" else ("set", "run", "read", "test")

    def command(self, command: RunningCommand) -> Failure | None:
        if command.name != self._command or command.form not in self._forms:
            return None
        self.strike()
        return self._failure


class AcknowledgementForm(Fault):
    """+CNMA is taken in one form only: ``value`` (AT+CNMA=0), ``plain`` (AT+CNMA), ``one`` (AT+CNMA=1) or ``none``.

    The others are refused with +CMS ERROR ``code`` (default 303). TS 27.005 3.4.4 and 4.6 allow all three.
    """

    kind: ClassVar[str] = "acknowledgement-form"

    def __init__(
        self,
        modem: Modem,
        left: int | None,
        form: Literal["value", "plain", "one", "none"] = "value",
        code: ErrorCode = 303,
    ) -> None:
        super().__init__(modem, left)
        self._code = code
        self._taken = {"value": ("set", "0"), "plain": ("run", ""), "one": ("set", "1"), "none": ("", "")}[form]

    def command(self, command: RunningCommand) -> Failure | None:
        if command.name != "+CNMA" or command.form == "test" or (command.form, command.raw) == self._taken:
            return None
        self.strike()
        return cms(self._code)


class UnreadablePlace(Fault):
    """The message at ``index`` (default 2) cannot be read: +CMGR is refused with +CMS ERROR ``code`` (default 320).

    +CMGL lists the places before it and ends with the same error (``list`` = ``breaks``), is refused at once
    (``refused``), or leaves the place out (``skips``). With ``delete`` +CMGD is refused there as well.
    """

    kind: ClassVar[str] = "unreadable-place"

    def __init__(
        self,
        modem: Modem,
        left: int | None,
        index: int = 2,
        code: ErrorCode = 320,
        list: Literal["breaks", "refused", "skips"] = "breaks",
        delete: bool = False,
    ) -> None:
        super().__init__(modem, left)
        self._index, self._failure = index, cms(code)
        self._list = list
        self._refused = ("+CMGR", "+CMGD") if delete else ("+CMGR",)
        self._header = re.compile(rb"\r\n\+CMGL: %d,[^\r]*\r\n[^\r]*" % index)

    def command(self, command: RunningCommand) -> Failure | None:
        place = command.name in self._refused and command.raw.partition(",")[0].strip() == str(self._index)
        if not place and not (command.name == "+CMGL" and command.form == "set" and self._list == "refused"):
            return None
        self.strike()
        return self._failure

    def result(self, port: Port, command: str, out: bytes) -> bytes | None:
        found = self._header.search(out) if command == "+CMGL" and self._list != "refused" else None
        if found is None:
            return out
        self.strike()
        if self._list == "skips":
            return out[: found.start()] + out[found.end() :]
        return out[: found.start()] + port.final(self._failure)


class LateRefusal(Fault):
    """The message is not sent; +CMS ERROR ``code`` (default 500) comes ``seconds`` later (default 20).

    Other commands are answered meanwhile. Imitates a network that refuses after the modem's own time-out.
    """

    kind: ClassVar[str] = "late-refusal"

    def __init__(self, modem: Modem, left: int | None, seconds: Seconds = 20.0, code: ErrorCode = 500) -> None:
        super().__init__(modem, left)
        self._seconds, self._failure = seconds, cms(code)
        self._dropped = False

    def submit(self, tpdu: Tpdu) -> Failure | bool:
        self._dropped = True
        return True

    def result(self, port: Port, command: str, out: bytes) -> bytes | None:
        if not self._dropped or command not in SENDING:
            return out
        self._dropped = False
        refusal = port.final(self._failure)
        self.modem.clock.call_later(self._seconds, self.modem.faults.outgoing, port, refusal)
        self.strike()
        return None


KINDS: tuple[type[Fault], ...] = (RefuseSetting, AcknowledgementForm, UnreadablePlace, LateRefusal)
