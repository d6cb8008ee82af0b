"""Faults of texts from the network: USSD strings in the forms that modems and operators send (27.007 7.15)."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from ..at.port import Port
from ..codec.alphabet import gsm7_encode, ucs2_encode
from ..modem.modem import Modem
from ..modem.ussd import pack_ussd
from ..validation import OneOf
from .fault import Fault

_RUSSIAN = "Баланс: 12,50 руб. Тариф №3"


def _gsm(text: str) -> str:
    return gsm7_encode(text).decode("latin-1")


def _ucs2(text: str) -> str:
    return ucs2_encode(text).hex().upper()


#: The fields after <m> of +CUSD, by form. A byte is written as the Latin-1 character of its value.
FORMS: dict[str, str] = {
    "ucs2": f'"{_ucs2(_RUSSIAN)}",15',
    "ucs2-bare": f"{_ucs2(_RUSSIAN)}",
    "ucs2-chinese": f'"{_ucs2("您的余额为12.50元")}",15',
    "ucs2-arabic": f'"{_ucs2("رصيدك ١٠٫٥٠ جنيه")}",0',
    "ucs2-decimal": f'"{_ucs2("сахар, чай")}",15',
    "digits": '"0171123456",15',
    "ucs2-digits": f'"{_ucs2("0171123456")}",15',
    "gsm": f'"{_gsm("Konto: 12,50€; ü")}",15',
    "at-sign": f'"{_gsm("mail@example.com: {5}")}",15',
    "packed": f'"{pack_ussd("Guthaben 12,50 EUR").hex().upper()}",15',
    "data": f'"{"Guthaben: 5 €".encode().hex().upper()}",68',
    "utf-8": f'"{"Größe: 5 GB".encode().decode("latin-1")}",15',
    "quote": '"TV 32" for 99"',
    "quote-comma": '"1 "Flat", 2 "Data",15',
    "ok-line": '"1 Balance\r\nOK\r\n2 Offers",15',
    "error-line": '"Last call:\r\nERROR\r\nNO CARRIER\r\nBUSY\r\nend",15',
    "empty-line": '"Menu\r\n\r\n1 Balance",15',
    "urc-line": '"News\r\n+CMTI: soon\r\nRING\r\nend",15',
    "unended": '"Balance 5 EUR\r\nOK',
}


class UssdForm(Fault):
    """The network's next USSD text comes in another ``form``; each has a text of its own.

    ``ucs2`` Russian in hexadecimal under the DCS of the default alphabet, ``ucs2-bare`` without quotes and DCS,
    ``ucs2-chinese``, ``ucs2-arabic``, ``ucs2-decimal`` hexadecimal of decimal digits only, ``digits`` decimal digits
    that are the text, ``ucs2-digits``, ``gsm`` bytes of the GSM alphabet with its escapes, ``at-sign`` with the byte
    00, ``packed`` septets, ``data`` 8-bit data, ``utf-8``; ``quote`` and ``quote-comma`` quotation marks inside,
    ``ok-line``, ``error-line``, ``empty-line`` and ``urc-line`` lines that look like others, ``unended`` without a
    closing quotation mark.
    """

    kind: ClassVar[str] = "ussd-form"
    _STRING: ClassVar[re.Pattern[bytes]] = re.compile(rb"(\r\n\+CUSD: *\d), *.*?\r\n(?=\r\n|$)", re.DOTALL)

    def __init__(self, modem: Modem, left: int | None, form: Annotated[str, OneOf(tuple(FORMS))] = "ucs2") -> None:
        super().__init__(modem, left)
        self._fields = FORMS[form].encode("latin-1")

    def outgoing(self, port: Port, data: bytes) -> bytes:
        changed = self._STRING.sub(lambda found: found[1] + b"," + self._fields + b"\r\n", data)
        if changed != data:
            self.strike()
        return changed


KINDS: tuple[type[Fault], ...] = (UssdForm,)
