"""Decodes and encodes TPDUs (TS 23.040) with a cursor that walks each type's layout.

A layout is a list of field names; each name has a reader and a writer. All types share one class, ``Tpdu``; a field
that a type lacks keeps its default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from ..numeric import is_decimal
from .alphabet import gsm7_decode, gsm7_encode, pack, unpack


class CodecError(ValueError):
    """A PDU that cannot be decoded: the field, where, and why."""

    def __init__(self, field: str, offset: int, why: str) -> None:
        super().__init__(f"{field} at byte {offset}: {why}")
        self.field = field


class Address(NamedTuple):
    """A number or name (23.040 9.1.2.5). ``toa`` is the type-of-address byte; digits carry no plus."""

    digits: str
    toa: int

    @property
    def number(self) -> str:
        """The number with a plus when it is international."""
        return "+" + self.digits if self.digits and self.toa & 0x70 == 0x10 else self.digits

    @classmethod
    def of(cls, number: str) -> Address:
        """Return the address of ``+49...`` (international), digits with * and # (unknown), or a name (alphanumeric)."""
        if number.startswith("+") and is_decimal(number[1:]):
            return cls(number[1:], 0x91)
        if number and all(c in "0123456789*#abc" for c in number):
            return cls(number, 0x81)
        return cls(number, 0xD0)


NOBODY = Address("", 0x81)


class Cursor:
    """A position in bytes. Reading past the end raises CodecError with the name of the field."""

    __slots__ = ("at", "data", "field")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at, self.field = data, at, "tpdu"

    def octet(self) -> int:
        at = self.at
        if at >= len(self.data):
            raise CodecError(self.field, at, "the data ends here")
        self.at = at + 1
        return self.data[at]

    def take(self, count: int) -> bytes:
        at = self.at
        if at + count > len(self.data):
            raise CodecError(self.field, at, f"{count} bytes needed, {len(self.data) - at} left")
        self.at = at + count
        return self.data[at : at + count]

    def more(self) -> bool:
        return self.at < len(self.data)


@dataclass(slots=True)
class Tpdu:
    """One transfer protocol data unit; ``kind`` is a key of LAYOUT, ``first`` its first byte."""

    kind: str
    first: int
    mr: int = 0
    address: Address = NOBODY
    pid: int = 0
    dcs: int = 0
    vp: bytes = b""
    scts: bytes = bytes(7)
    discharge: bytes = bytes(7)
    status: int = 0
    command: int = 0
    number: int = 0
    udl: int = 0
    ud: bytes = b""

    @property
    def udhi(self) -> bool:
        return bool(self.first & 0x40)

    @property
    def report_wanted(self) -> bool:
        """TP-SRR of a SUBMIT or COMMAND (23.040 9.2.3.5)."""
        return bool(self.first & 0x20)


LAYOUT: dict[str, tuple[str, ...]] = {
    "deliver": ("address", "pid", "dcs", "scts", "ud"),
    "submit": ("mr", "address", "pid", "dcs", "vp", "ud"),
    "report": ("mr", "address", "scts", "discharge", "status", "extras"),
    "command": ("mr", "pid", "command", "number", "address", "octets"),
}
_MTI = {"deliver": 0, "submit": 1, "report": 2, "command": 2}
_FROM_MODEM = {1: "submit", 2: "command"}
_TO_MODEM = {0: "deliver", 2: "report", 3: "deliver"}

_NIBBLES = "0123456789*#abc"
_VALUE = {char: code for code, char in enumerate(_NIBBLES)}
_PAIRS = [
    (_NIBBLES[octet & 15] if octet & 15 < 15 else "") + (_NIBBLES[octet >> 4] if octet >> 4 < 15 else "")
    for octet in range(256)
]


def swapped_digits(octets: bytes) -> str:
    """Return the digits of swapped semi-octets; a filler nibble (F) is skipped."""
    return "".join([_PAIRS[octet] for octet in octets])


def swap(digits: str) -> bytes:
    """Return digits as swapped semi-octets, filled with F."""
    values = [_VALUE[char] for char in digits]
    if len(values) % 2:
        values.append(15)
    return bytes([low | high << 4 for low, high in zip(values[::2], values[1::2], strict=True)])


def _read_address(cursor: Cursor) -> Address:
    length, toa = cursor.octet(), cursor.octet()
    if length > 20:
        raise CodecError(cursor.field, cursor.at - 2, f"an address of {length} semi-octets")
    octets = cursor.take((length + 1) // 2)
    if toa & 0x70 == 0x50:
        return Address(gsm7_decode(unpack(octets, length * 4 // 7)), toa)
    return Address(swapped_digits(octets)[:length], toa)


def write_address(address: Address) -> bytes:
    """Return an address field of a TPDU, its length in semi-octets (23.040 9.1.2.5)."""
    if address.toa & 0x70 == 0x50:
        septets = gsm7_encode(address.digits)[:11]
        return bytes((-(-len(septets) * 7 // 4), address.toa)) + pack(septets)
    return bytes((len(address.digits), address.toa)) + swap(address.digits)


def _read_vp(cursor: Cursor, tpdu: Tpdu) -> None:
    tpdu.vp = cursor.take((0, 7, 1, 7)[tpdu.first >> 3 & 3])


def _octets_of(udl: int, dcs: int) -> int:
    return (udl * 7 + 7) // 8 if alphabet(dcs) == "gsm7" else udl


def _read_ud(cursor: Cursor, tpdu: Tpdu) -> None:
    tpdu.udl = cursor.octet()
    octets = _octets_of(tpdu.udl, tpdu.dcs)
    if octets > 140:
        raise CodecError(cursor.field, cursor.at - 1, f"user data of {octets} bytes")
    tpdu.ud = cursor.take(octets)
    if tpdu.udhi and (not tpdu.ud or tpdu.ud[0] >= len(tpdu.ud)):
        raise CodecError(cursor.field, cursor.at, "a header longer than the user data")


def _read_extras(cursor: Cursor, tpdu: Tpdu) -> None:
    if not cursor.more():
        return
    present = indicator = cursor.octet()
    while indicator & 0x80 and cursor.more():
        indicator = cursor.octet()
    if present & 1:
        tpdu.pid = cursor.octet()
    if present & 2:
        tpdu.dcs = cursor.octet()
    if present & 4:
        _read_ud(cursor, tpdu)


def _read_octets(cursor: Cursor, tpdu: Tpdu) -> None:
    tpdu.udl = cursor.octet()
    tpdu.ud = cursor.take(tpdu.udl)


def _set(name: str, read: Callable[[Cursor], object]) -> Callable[[Cursor, Tpdu], None]:
    def store(cursor: Cursor, tpdu: Tpdu) -> None:
        setattr(tpdu, name, read(cursor))

    return store


def _seven(cursor: Cursor) -> bytes:
    return cursor.take(7)


_READ: dict[str, Callable[[Cursor, Tpdu], None]] = {
    **{name: _set(name, Cursor.octet) for name in ("mr", "pid", "dcs", "status", "command", "number")},
    **{name: _set(name, _seven) for name in ("scts", "discharge")},
    "address": _set("address", _read_address),
    "vp": _read_vp,
    "ud": _read_ud,
    "extras": _read_extras,
    "octets": _read_octets,
}

_WRITE: dict[str, Callable[[Tpdu], bytes]] = {
    "mr": lambda t: bytes((t.mr,)),
    "pid": lambda t: bytes((t.pid,)),
    "dcs": lambda t: bytes((t.dcs,)),
    "status": lambda t: bytes((t.status,)),
    "command": lambda t: bytes((t.command,)),
    "number": lambda t: bytes((t.number,)),
    "scts": lambda t: t.scts,
    "discharge": lambda t: t.discharge,
    "address": lambda t: write_address(t.address),
    "vp": lambda t: t.vp,
    "ud": lambda t: bytes((t.udl,)) + t.ud,
    "octets": lambda t: bytes((t.udl,)) + t.ud,
    "extras": lambda t: bytes((6, t.dcs, t.udl)) + t.ud if t.udl else b"",
}


def read_tpdu(data: bytes, *, from_modem: bool) -> Tpdu:
    """Decode one TPDU; the direction tells SUBMIT from DELIVER (23.040 9.2.3.1). Bytes after it are ignored.

    Raises CodecError.
    """
    cursor = Cursor(data)
    cursor.field = "first byte"
    first = cursor.octet()
    kind = (_FROM_MODEM if from_modem else _TO_MODEM).get(first & 3)
    if kind is None:
        raise CodecError(cursor.field, 0, f"message type {first & 3} in this direction")
    tpdu = Tpdu(kind, first)
    for name in LAYOUT[kind]:
        cursor.field = name
        _READ[name](cursor, tpdu)
    return tpdu


def write_tpdu(tpdu: Tpdu) -> bytes:
    """Encode a TPDU; its first byte gets the type's bits."""
    first = tpdu.first & ~3 | _MTI[tpdu.kind]
    return bytes((first,)) + b"".join([_WRITE[name](tpdu) for name in LAYOUT[tpdu.kind]])


def split_smsc(pdu: bytes) -> tuple[Address | None, bytes]:
    """Return the service centre before a TPDU (27.005 3.1, <pdu>), None when it is left out, and the TPDU."""
    cursor = Cursor(pdu)
    cursor.field = "smsc"
    length = cursor.octet()
    if length > 11:
        raise CodecError("smsc", 0, f"a length of {length} bytes")
    block = cursor.take(length)
    return (Address(swapped_digits(block[1:]), block[0]) if length > 1 else None), pdu[cursor.at :]


def write_smsc(number: str) -> bytes:
    """Return the service centre field before a TPDU; an empty number is a single zero byte."""
    if not number:
        return b"\x00"
    address = Address.of(number)
    block = bytes((address.toa,)) + swap(address.digits)
    return bytes((len(block),)) + block


def alphabet(dcs: int) -> str:
    """Return ``gsm7``, ``data`` or ``ucs2`` (TS 23.038 4); compressed text counts as data."""
    group = dcs >> 4
    if group < 8:
        return "data" if dcs & 0x20 else ("gsm7", "data", "ucs2", "gsm7")[dcs >> 2 & 3]
    if group == 14:
        return "ucs2"
    return "data" if group == 15 and dcs & 4 else "gsm7"


def message_class(dcs: int) -> int | None:
    """Return the message class 0 to 3, or None (TS 23.038 4)."""
    group = dcs >> 4
    if (group < 8 and dcs & 0x10) or group == 15:
        return dcs & 3
    return None


def write_time(moment: datetime) -> bytes:
    """Return a service centre time stamp (23.040 9.2.3.11): swapped digits, zone in quarter hours, sign in bit 3."""
    offset = moment.utcoffset() or timedelta()
    quarters = round(offset.total_seconds() / 900)
    values = (moment.year % 100, moment.month, moment.day, moment.hour, moment.minute, moment.second, abs(quarters))
    octets = bytearray((value % 10) << 4 | value // 10 for value in values)
    if quarters < 0:
        octets[6] |= 0x08
    return bytes(octets)


def read_time(octets: bytes) -> datetime | None:
    """Return the date and time of a time stamp, None when it is not valid."""
    values = [(octet & 15) * 10 + (octet >> 4) for octet in octets[:6]]
    zone = octets[6]
    quarters = (zone & 7) * 10 + (zone >> 4)
    try:
        offset = timezone(timedelta(minutes=15 * (-quarters if zone & 8 else quarters)))
        year, month, day, hour, minute, second = values
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=offset)
    except ValueError:
        return None


def validity_s(tpdu: Tpdu) -> float | None:
    """Return the validity period of a SUBMIT in seconds (23.040 9.2.3.12), absolute ones from now, None without one."""
    form = tpdu.first >> 3 & 3
    if form == 0 or not tpdu.vp:
        return None
    if form == 2:
        return _relative(tpdu.vp[0])
    if form == 3:
        until = read_time(tpdu.vp)
        return None if until is None else (until - datetime.now(UTC)).total_seconds()
    shape = tpdu.vp[0] & 7
    if shape == 1:
        return _relative(tpdu.vp[1])
    if shape == 2:
        return float(tpdu.vp[1])
    if shape == 3:
        hours, minutes, seconds = [(octet & 15) * 10 + (octet >> 4) for octet in tpdu.vp[1:4]]
        return hours * 3600.0 + minutes * 60 + seconds
    return None


def _relative(value: int) -> float:
    if value <= 143:
        return (value + 1) * 300.0
    if value <= 167:
        return 43200.0 + (value - 143) * 1800
    if value <= 196:
        return (value - 166) * 86400.0
    return (value - 192) * 604800.0
