"""The lines of +CMT, +CDS, +CMGR and +CMGL for a message, in PDU mode (27.005 4) and text mode (27.005 3)."""

from __future__ import annotations

from ..codec.tpdu import Address, CodecError, Tpdu, alphabet, read_tpdu, split_smsc
from ..codec.user_data import content
from ..storage import Stored
from .settings import PortSettings

STATUS_WORDS = ("REC UNREAD", "REC READ", "STO UNSENT", "STO SENT", "ALL")


def routed_lines(settings: PortSettings, code: str, message: Stored) -> list[str]:
    """Return the lines of +CMT or +CDS (``code``): header, and PDU or text."""
    if not settings.text_mode:
        length = len(message.tpdu)
        return [f"{code}: {length}" if code == "+CDS" else f"{code}: ,{length}", message.hex]
    view = _TextView(settings, message)
    if message.kind == "report":
        return [f"{code}: {view.report()}"]
    return [f"{code}: {view.sender()}{view.details(deliver=True) if settings.show_details else ''}", view.data()]


def read_lines(settings: PortSettings, message: Stored, report_header: str) -> list[str]:
    """Return the lines of +CMGR: header, and PDU or text."""
    if not settings.text_mode:
        header = report_header if message.kind == "report" else "{stat},{alpha},{length}"
        shown = header.format(stat=message.status, alpha="", length=len(message.tpdu))
        return [f"+CMGR: {shown}", message.hex]
    view = _TextView(settings, message)
    stat = f'"{STATUS_WORDS[message.status]}"'
    if message.kind == "report":
        return [f"+CMGR: {stat},{view.report()}"]
    deliver = view.tpdu.kind == "deliver"
    head = view.sender() if deliver else view.receiver()
    return [f"+CMGR: {stat},{head}{view.details(deliver=deliver) if settings.show_details else ''}", view.data()]


def list_lines(settings: PortSettings, index: int, message: Stored) -> list[str]:
    """Return the lines of +CMGL: header, and PDU or text."""
    if not settings.text_mode:
        return [f"+CMGL: {index},{message.status},,{len(message.tpdu)}", message.hex]
    view = _TextView(settings, message)
    stat = f'{index},"{STATUS_WORDS[message.status]}"'
    if message.kind == "report":
        return [f"+CMGL: {stat},{view.report()}"]
    head = view.sender() if view.tpdu.kind == "deliver" else view.receiver() + ","
    brief = f",{view.tpdu.address.toa},{view.length}" if settings.show_details else ""
    return [f"+CMGL: {stat},{head}{brief}", view.data()]


def shown_time(stamp: bytes) -> str:
    """Return a time stamp as ``"yy/MM/dd,hh:mm:ss+zz"`` (27.005 3.1, <scts>)."""
    pairs = [f"{byte & 15}{byte >> 4}" for byte in stamp]
    zone = stamp[6]
    sign = "-" if zone & 8 else "+"
    return '"{}/{}/{},{}:{}:{}{}{}{}"'.format(*pairs[:6], sign, zone & 7, zone >> 4)


def shown_as_hex(tpdu: Tpdu) -> bool:
    """Return True when text mode shows hex: 8-bit data, UCS2, or a header (27.005 3.1, <data>)."""
    return tpdu.udhi or alphabet(tpdu.dcs) != "gsm7"


class _TextView:
    """A stored message decoded for text mode. One that cannot be decoded shows as an empty DELIVER."""

    def __init__(self, settings: PortSettings, message: Stored) -> None:
        self._settings = settings
        try:
            self.smsc, _ = split_smsc(message.smsc + message.tpdu)
            self.tpdu = read_tpdu(message.tpdu, from_modem=message.kind in ("submit", "command"))
        except CodecError:
            self.smsc, self.tpdu = None, Tpdu("deliver", 0)

    def _number(self, address: Address) -> str:
        return f'"{self._settings.encode(address.number)}"'

    @property
    def length(self) -> int:
        return self.tpdu.udl

    def sender(self) -> str:
        return f"{self._number(self.tpdu.address)},,{shown_time(self.tpdu.scts)}"

    def receiver(self) -> str:
        return f"{self._number(self.tpdu.address)},"

    def details(self, *, deliver: bool) -> str:
        tpdu = self.tpdu
        validity = "" if deliver else f"{tpdu.vp[0] if len(tpdu.vp) == 1 else ''},"
        smsc = self._number(self.smsc) if self.smsc else '""'
        kind = self.smsc.toa if self.smsc else 129
        return f",{tpdu.address.toa},{tpdu.first},{tpdu.pid},{tpdu.dcs},{validity}{smsc},{kind},{self.length}"

    def report(self) -> str:
        tpdu = self.tpdu
        return (
            f"{tpdu.first},{tpdu.mr},{self._number(tpdu.address)},{tpdu.address.toa},"
            f"{shown_time(tpdu.scts)},{shown_time(tpdu.discharge)},{tpdu.status}"
        )

    def data(self) -> str:
        if shown_as_hex(self.tpdu):
            return self.tpdu.ud.hex().upper()
        body = content(self.tpdu)
        return self._settings.encode(body.text)
