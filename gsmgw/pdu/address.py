"""Addresses: TS 23.040 9.1.2.5, and the SMSC address of TS 24.011 8.2.5."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gsmgw.pdu.alphabet import DEFAULT
from gsmgw.pdu.errors import PduError
from gsmgw.pdu.septets import pack, unpack

UNKNOWN: Final = 0
INTERNATIONAL: Final = 1
ALPHANUMERIC: Final = 5
"""Types of number, bits 6-4 of the type-of-address byte."""
ISDN: Final = 1
"""Numbering plan E.164, bits 3-0 of the type-of-address byte."""

TYPES_OF_NUMBER: Final = {
    0: "unknown",
    1: "international",
    2: "national",
    3: "network specific",
    4: "subscriber",
    5: "alphanumeric",
    6: "abbreviated",
    7: "reserved",
}
NUMBERING_PLANS: Final = {
    0: "unknown",
    1: "ISDN/telephone (E.164)",
    3: "data (X.121)",
    4: "telex",
    5: "service centre specific",
    6: "service centre specific",
    8: "national",
    9: "private",
    10: "ERMES",
    15: "reserved",
}

MAX_DIGITS: Final = 20
"""Semi-octets of a TP address, 9.1.2.5: twelve bytes in all, ten of them value."""
MAX_SMSC_OCTETS: Final = 11
"""The length byte of an SMSC address counts these: type of address and ten bytes of digits (TS 24.011 8.2.5.1)."""

# A swapped pair of semi-octets, printed as hexadecimal, is the pair of digits; TS 23.040 9.1.2.3 names the others.
SWAPPED: Final = bytes((value & 15) << 4 | value >> 4 for value in range(256))
_FROM_HEX: Final = str.maketrans("abcde", "*#abc")
_TO_HEX: Final = str.maketrans("*#abc", "abcde")
_DIALLED: Final = frozenset("0123456789*#")
_DIGITS: Final = frozenset("0123456789*#abc")
_PUNCTUATION: Final = str.maketrans("", "", " \t\u00a0\u202f-()./\u2010\u2011")


@dataclass(frozen=True, slots=True)
class Address:
    """A number or name with its type (``ton``) and numbering plan (``npi``).

    ``value`` holds the digits without a leading ``+`` (``0-9*#abc``), or the name when ``ton`` is alphanumeric.
    """

    value: str
    ton: int = UNKNOWN
    npi: int = ISDN

    @property
    def number(self) -> str:
        """The form a person writes: ``+49...`` when international, the name when alphanumeric, else the digits."""
        return "+" + self.value if self.ton == INTERNATIONAL and self.value else self.value

    @property
    def toa(self) -> int:
        """The type-of-address byte, bit 7 set (9.1.2.5)."""
        return 0x80 | self.ton << 4 | self.npi

    def __str__(self) -> str:
        return self.number

    @classmethod
    def parse_number(cls, text: str) -> Address:
        """Return the address of a number that a person gave as destination.

        ``+49 170 123-45`` is international, digits and ``*#`` alone are of unknown type (short codes, national numbers,
        service codes). Blanks and ``-()./`` are dropped. Raises :class:`PduError` for anything else.
        """
        international = text.startswith("+")
        digits = text[1:] if international else text
        if not (digits.isdecimal() and digits.isascii()):
            text = text.strip().translate(_PUNCTUATION)
            international = text.startswith("+")
            digits = text[1:] if international else text
            if not digits:
                raise PduError("the number has no digits", field="TP-DA")
            odd = sorted(set(digits) - _DIALLED)
            if odd:
                raise PduError(f"a number has digits, *, # and a leading + only, not {''.join(odd)!r}", field="TP-DA")
            if international and not digits.isdecimal():
                raise PduError("an international number has digits only", field="TP-DA")
        if len(digits) > MAX_DIGITS:
            raise PduError(f"{len(digits)} digits; an address holds {MAX_DIGITS} (TS 23.040 9.1.2.5)", field="TP-DA")
        return cls(digits, INTERNATIONAL if international else UNKNOWN)

    @classmethod
    def alphanumeric(cls, name: str) -> Address:
        """Return the address of a sender's name: up to 11 characters of the default alphabet (9.1.2.5)."""
        address = cls(name, ALPHANUMERIC, UNKNOWN)
        build_address(address, field="TP-OA")
        return address

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return the address of a sender: a number as in :meth:`parse_number`, else a name."""
        try:
            return cls.parse_number(text)
        except PduError:
            return cls.alphanumeric(text)


def parse_address(octets: bytes, at: int, *, field: str) -> tuple[Address, int]:
    """Return the address at byte ``at`` and the offset after it (9.1.2.5).

    The length counts semi-octets; an odd last one is filled, with what does not matter. Raises :class:`PduError` when
    the address is longer than twenty semi-octets, runs past the end, or holds a fill semi-octet among its digits.
    """
    try:
        length = octets[at]
        toa = octets[at + 1]
    except IndexError:
        raise PduError("the PDU ends before the address", field=field, offset=len(octets)) from None
    if length > MAX_DIGITS:
        raise PduError(
            f"{length} semi-octets; an address holds {MAX_DIGITS} (TS 23.040 9.1.2.5)", field=field, offset=at
        )
    start = at + 2
    end = start + ((length + 1) >> 1)
    raw = octets[start:end]
    if end > len(octets):
        raise PduError("the PDU ends inside the address", field=field, offset=len(octets))
    ton = toa >> 4 & 7
    if ton == ALPHANUMERIC:
        return Address(DEFAULT.decode(unpack(raw, length * 4 // 7)), ton, toa & 15), end
    digits = raw.translate(SWAPPED).hex()
    if length & 1:
        digits = digits[:-1]
    if not digits.isdecimal():
        if "f" in digits:
            raise PduError("a fill semi-octet among the digits", field=field, offset=start + digits.index("f") // 2)
        digits = digits.translate(_FROM_HEX)
    return Address(digits, ton, toa & 15), end


def build_address(address: Address, *, field: str) -> bytes:
    """Return the bytes of a TP address (9.1.2.5). Raises :class:`PduError` when it does not fit or has other signs."""
    value = address.value
    if address.ton == ALPHANUMERIC:
        septets = DEFAULT.encode(value)
        if septets is None:
            odd = "".join(sorted({char for char in value if not DEFAULT.width(char)}))
            raise PduError(f"a name has characters of the default alphabet only, not {odd!r}", field=field)
        if len(septets) > 11:
            raise PduError(f"the name takes {len(septets)} septets; an address holds 11", field=field)
        return bytes(((len(septets) * 7 + 3) // 4, _toa(address, field))) + pack(septets)
    length = len(value)
    if length > MAX_DIGITS:
        raise PduError(f"{length} digits; an address holds {MAX_DIGITS} (TS 23.040 9.1.2.5)", field=field)
    return bytes((length, _toa(address, field))) + _semi_octets(value, field)


def _toa(address: Address, field: str) -> int:
    if not (0 <= address.ton <= 7 and 0 <= address.npi <= 15):
        raise PduError(f"type of number {address.ton} or numbering plan {address.npi} does not exist", field=field)
    return 0x80 | address.ton << 4 | address.npi


def _semi_octets(digits: str, field: str) -> bytes:
    if not _DIGITS.issuperset(digits):
        raise PduError("digits are 0-9, *, #, a, b and c", field=field)
    text = digits.translate(_TO_HEX)
    if len(text) & 1:
        text += "f"
    return bytes.fromhex(text).translate(SWAPPED)


def parse_smsc(octets: bytes) -> tuple[Address | None, int]:
    """Return the SMSC address in front of a PDU and the offset after it; ``None`` stands for the default (length 0).

    The length counts bytes (TS 24.011 8.2.5.1, TS 27.005 3.1). A field of the type byte alone is an empty address.
    """
    if not octets:
        raise PduError("the PDU is empty", field="SMSC", offset=0)
    length = octets[0]
    if not length:
        return None, 1
    if length > MAX_SMSC_OCTETS:
        raise PduError(f"{length} bytes; an SMSC address has at most {MAX_SMSC_OCTETS}", field="SMSC", offset=0)
    end = length + 1
    if end > len(octets):
        raise PduError("the PDU ends inside the SMSC address", field="SMSC", offset=len(octets))
    toa = octets[1]
    raw = octets[2:end]
    ton = toa >> 4 & 7
    if ton == ALPHANUMERIC:
        return Address(DEFAULT.decode(unpack(raw, len(raw) * 8 // 7)), ton, toa & 15), end
    digits = raw.translate(SWAPPED).hex()
    if not digits.isdecimal():
        digits = digits.rstrip("f")
        if "f" in digits:
            raise PduError("a fill semi-octet among the digits", field="SMSC", offset=2 + digits.index("f") // 2)
        digits = digits.translate(_FROM_HEX)
    return Address(digits, ton, toa & 15), end


def build_smsc(address: Address | None) -> bytes:
    """Return the bytes of an SMSC address; ``None`` gives the single byte 0, the default of the SIM."""
    if address is None:
        return b"\0"
    if address.ton == ALPHANUMERIC:
        value = build_address(address, field="SMSC")[2:]
    else:
        value = _semi_octets(address.value, "SMSC")
        if len(value) > MAX_SMSC_OCTETS - 1:
            raise PduError(f"{len(address.value)} digits; an SMSC address holds {MAX_DIGITS}", field="SMSC")
    return bytes((len(value) + 1, _toa(address, "SMSC"))) + value
