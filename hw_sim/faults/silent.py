"""Silent faults: settings forgotten, indications lost, nothing sent, while AT is answered as usual."""

from __future__ import annotations

import re
from typing import ClassVar, Literal

from ..at.port import Port
from ..at.reply import Failure, cms
from ..codec.tpdu import Tpdu
from ..modem.modem import Modem
from ..validation import ErrorCode
from .fault import Fault
from .sending import SENDING


class Forget(Fault):
    """Settings return to their defaults, without a boot line and without the echo of a restart.

    ``what`` is ``cnmi``, ``cmgf`` (text mode from then on), ``cpms``, ``csms`` or ``all``. Imitates firmware that
    restarts its message service.
    """

    kind: ClassVar[str] = "forget"
    WHAT: ClassVar[tuple[str, ...]] = ("cnmi", "cmgf", "cpms", "csms")

    def __init__(
        self, modem: Modem, left: int | None, what: Literal["cnmi", "cmgf", "cpms", "csms", "all"] = "all"
    ) -> None:
        super().__init__(modem, left)
        self._what = self.WHAT if what == "all" else (what,)

    def begin(self) -> None:
        modem = self.modem
        if "cnmi" in self._what:
            modem.inbound.cnmi = [0, 0, 0, 0, 0]
        if "csms" in self._what:
            modem.inbound.service = 0
        if "cpms" in self._what:
            modem.selected = list(modem.profile.storage.default)
        if "cmgf" in self._what:
            for port in modem.ports:
                port.settings.text_mode = True
        modem.faults.remove(self)


class LostIndications(Fault):
    """Received messages are stored, but not indicated (+CMTI, +CDSI, +CMT, +CDS), although +CNMI? reads as set.

    Ends when +CNMI is set again (``until`` = ``settings``) or with a restart (``restart``).
    """

    kind: ClassVar[str] = "lost-indications"
    _LINES: ClassVar[re.Pattern[bytes]] = re.compile(rb"\r\n\+C(?:MTI|DSI): [^\r]*\r\n")
    _PAIRS: ClassVar[re.Pattern[bytes]] = re.compile(rb"\r\n\+C(?:MT|DS): [^\r]*\r\n[0-9A-F]*\r\n")

    def __init__(self, modem: Modem, left: int | None, until: Literal["settings", "restart"] = "settings") -> None:
        super().__init__(modem, left)
        self._until = until
        self._set = modem.inbound.cnmi

    def outgoing(self, port: Port, data: bytes) -> bytes:
        if self._until == "settings" and self.modem.inbound.cnmi is not self._set:
            self.modem.faults.remove(self)
            return data
        return self._PAIRS.sub(b"", self._LINES.sub(b"", data))

    def booted(self) -> None:
        self.modem.faults.remove(self)


class SendsNothing(Fault):
    """AT is answered and the modem is registered, but nothing is sent until a restart.

    ``form`` is ``no-result`` (no answer to the payload), ``no-prompt``, or ``refused`` with +CMS ERROR ``code`` (38,
    network out of order).
    """

    kind: ClassVar[str] = "sends-nothing"

    def __init__(
        self,
        modem: Modem,
        left: int | None,
        form: Literal["no-result", "no-prompt", "refused"] = "no-result",
        code: ErrorCode = 38,
    ) -> None:
        super().__init__(modem, left)
        self._form, self._code = form, code

    def prompt(self, port: Port) -> bool:
        return self._form == "no-prompt"

    def submit(self, tpdu: Tpdu) -> Failure | bool:
        return cms(self._code)  # the program sees it only in the form "refused"

    def result(self, port: Port, command: str, out: bytes) -> bytes | None:
        return None if self._form == "no-result" and command in SENDING else out

    def booted(self) -> None:
        self.modem.faults.remove(self)


KINDS: tuple[type[Fault], ...] = (Forget, LostIndications, SendsNothing)
