"""The PDUs of SMPP 3.4 (issue 1.2): bytes to :class:`Pdu` and back. Pure, and bounded by :data:`MAX_BYTES`.

Clause numbers are those of the specification.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias, TypeVar

HEADER: Final = struct.Struct(">IIII")
#: The longest PDU: a body, and one ``message_payload`` of 64 KiB.
MAX_BYTES: Final = 72_000
#: The bit of ``command_id`` that marks a response (5.1.2.1).
RESPONSE: Final = 0x8000_0000
#: The longest ``short_message`` (5.2.22).
MAX_SHORT: Final = 254


class Command(IntEnum):
    """Values of ``command_id`` (5.1.2.1)."""

    GENERIC_NACK = 0x8000_0000
    BIND_RECEIVER = 0x01
    BIND_TRANSMITTER = 0x02
    QUERY_SM = 0x03
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    REPLACE_SM = 0x07
    CANCEL_SM = 0x08
    BIND_TRANSCEIVER = 0x09
    ENQUIRE_LINK = 0x15
    SUBMIT_MULTI = 0x21
    DATA_SM = 0x103


class CommandStatus(IntEnum):
    """Values of ``command_status`` (5.1.3)."""

    OK = 0x00
    INVALID_MESSAGE_LENGTH = 0x01
    INVALID_COMMAND_LENGTH = 0x02
    INVALID_COMMAND_ID = 0x03
    INVALID_BIND_STATUS = 0x04
    ALREADY_BOUND = 0x05
    INVALID_PRIORITY = 0x06
    SYSTEM_ERROR = 0x08
    INVALID_SOURCE = 0x0A
    INVALID_DESTINATION = 0x0B
    INVALID_MESSAGE_ID = 0x0C
    BIND_FAILED = 0x0D
    INVALID_PASSWORD = 0x0E
    INVALID_SYSTEM_ID = 0x0F
    CANCEL_FAILED = 0x11
    REPLACE_FAILED = 0x13
    QUEUE_FULL = 0x14
    INVALID_SERVICE_TYPE = 0x15
    INVALID_DESTINATIONS = 0x33
    INVALID_LIST_NAME = 0x34
    INVALID_ESM_CLASS = 0x43
    SUBMIT_FAILED = 0x45
    INVALID_SYSTEM_TYPE = 0x53
    INVALID_REPLACE_FLAG = 0x54
    THROTTLED = 0x58
    INVALID_SCHEDULE = 0x61
    INVALID_EXPIRY = 0x62
    INVALID_PREDEFINED = 0x63
    TEMPORARY_ERROR = 0x64  #: of an ESME: try again
    QUERY_FAILED = 0x67
    INVALID_OPTIONAL = 0xC0
    INVALID_OPTIONAL_LENGTH = 0xC2
    MISSING_OPTIONAL = 0xC3
    INVALID_OPTIONAL_VALUE = 0xC4


class Tag(IntEnum):
    """Tags of optional parameters (5.3.2)."""

    DEST_PORT = 0x020B
    SOURCE_PORT = 0x020A
    SAR_REFERENCE = 0x020C
    SAR_TOTAL = 0x020E
    SAR_SEQUENCE = 0x020F
    INTERFACE_VERSION = 0x0210
    RECEIPTED_MESSAGE_ID = 0x001E
    USER_MESSAGE_REFERENCE = 0x0204
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


class Address(NamedTuple):
    """An address with its type of number and numbering plan (5.2.5, 5.2.6)."""

    ton: int
    npi: int
    digits: str


class Failure(NamedTuple):
    """A recipient of ``submit_multi`` that was refused (4.5.3)."""

    address: Address
    status: int


Value: TypeAlias = "int | bytes | Sequence[Address | str | Failure]"
Fields: TypeAlias = Mapping[str, Value]
T = TypeVar("T")


class MalformedPdu(Exception):
    """The PDU cannot be read. ``status`` is what its response says."""

    def __init__(self, status: CommandStatus, why: str, command: int = 0, sequence: int = 0) -> None:
        self.status = status
        self.command = command
        self.sequence = sequence
        super().__init__(why)


class Broken(MalformedPdu):
    """The stream of bytes has no PDU that could be skipped: the session cannot go on."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """One PDU. ``fields`` are its mandatory parameters by the names of the specification."""

    command: int
    status: int = 0
    sequence: int = 0
    fields: Fields = field(default_factory=dict)
    tlvs: Mapping[int, bytes] = field(default_factory=dict)

    @property
    def is_response(self) -> bool:
        """True for a response."""
        return bool(self.command & RESPONSE)

    @property
    def title(self) -> str:
        """The name of the command."""
        return title(self.command)

    def number(self, name: str) -> int:
        """Return an integer parameter; 0 if the PDU has none."""
        value = self.fields.get(name, 0)
        return value if isinstance(value, int) else 0

    def raw(self, name: str) -> bytes:
        """Return the bytes of a parameter; none if the PDU has none."""
        value = self.fields.get(name, b"")
        return value if isinstance(value, bytes) else b""

    def text(self, name: str) -> str:
        """Return a C-Octet String, one character for each byte."""
        return self.raw(name).decode("latin-1")

    def address(self, prefix: str) -> Address:
        """Return the address whose parameters begin with ``prefix``: ``source`` or ``dest``."""
        name = "source_addr" if prefix == "source" else "destination_addr"
        return Address(self.number(f"{prefix}_addr_ton"), self.number(f"{prefix}_addr_npi"), self.text(name))

    def response(self, status: int = 0, fields: Fields | None = None, tlvs: Mapping[int, bytes] | None = None) -> Pdu:
        """Return the response to this request."""
        return Pdu(self.command | RESPONSE, status, self.sequence, fields or {}, tlvs or {})


def title(command: int) -> str:
    """Return the name of a command as the specification has it."""
    if command == Command.GENERIC_NACK:
        return "generic_nack"
    if command & ~RESPONSE not in _KNOWN:
        return f"command {command:#010x}"
    return Command(command & ~RESPONSE).name.lower() + ("_resp" if command & RESPONSE else "")


class _Text(NamedTuple):
    """A C-Octet String of at most ``size`` bytes, its NUL included."""

    name: str
    size: int
    status: CommandStatus


class _Number(NamedTuple):
    """An integer of one byte."""

    name: str


class _Special(NamedTuple):
    """A parameter with a form of its own: ``short_message``, ``dest_address``, ``unsuccess_sme``."""

    name: str


_Layout: TypeAlias = tuple[_Text | _Number | _Special, ...]
_S = CommandStatus


def _address(kind: str, size: int = 21) -> _Layout:
    name, status = (
        ("source_addr", _S.INVALID_SOURCE) if kind == "source" else ("destination_addr", _S.INVALID_DESTINATION)
    )
    return _Number(f"{kind}_addr_ton"), _Number(f"{kind}_addr_npi"), _Text(name, size, status)


_MESSAGE_ID = _Text("message_id", 65, _S.INVALID_MESSAGE_ID)
_SERVICE = _Text("service_type", 6, _S.INVALID_SERVICE_TYPE)
_TIMES = (
    _Text("schedule_delivery_time", 17, _S.INVALID_SCHEDULE),
    _Text("validity_period", 17, _S.INVALID_EXPIRY),
)
_BEHIND_ADDRESSES: _Layout = (
    _Number("esm_class"),
    _Number("protocol_id"),
    _Number("priority_flag"),
    *_TIMES,
    _Number("registered_delivery"),
    _Number("replace_if_present_flag"),
    _Number("data_coding"),
    _Number("sm_default_msg_id"),
    _Special("short_message"),
)
_MESSAGE: _Layout = (_SERVICE, *_address("source"), *_address("dest"), *_BEHIND_ADDRESSES)
_BIND: _Layout = (
    _Text("system_id", 16, _S.INVALID_SYSTEM_ID),
    _Text("password", 9, _S.INVALID_PASSWORD),
    _Text("system_type", 13, _S.INVALID_SYSTEM_TYPE),
    _Number("interface_version"),
    _Number("addr_ton"),
    _Number("addr_npi"),
    _Text("address_range", 41, _S.BIND_FAILED),
)
_BIND_RESP: _Layout = (_Text("system_id", 16, _S.INVALID_SYSTEM_ID),)

#: The mandatory parameters of each PDU (4.1 to 4.11).
_LAYOUTS: Final[Mapping[int, _Layout]] = {
    Command.GENERIC_NACK: (),
    Command.BIND_RECEIVER: _BIND,
    Command.BIND_TRANSMITTER: _BIND,
    Command.BIND_TRANSCEIVER: _BIND,
    Command.BIND_RECEIVER | RESPONSE: _BIND_RESP,
    Command.BIND_TRANSMITTER | RESPONSE: _BIND_RESP,
    Command.BIND_TRANSCEIVER | RESPONSE: _BIND_RESP,
    Command.UNBIND: (),
    Command.UNBIND | RESPONSE: (),
    Command.ENQUIRE_LINK: (),
    Command.ENQUIRE_LINK | RESPONSE: (),
    Command.SUBMIT_SM: _MESSAGE,
    Command.SUBMIT_SM | RESPONSE: (_MESSAGE_ID,),
    Command.DELIVER_SM: _MESSAGE,
    Command.DELIVER_SM | RESPONSE: (_MESSAGE_ID,),
    Command.SUBMIT_MULTI: (_SERVICE, *_address("source"), _Special("dest_address"), *_BEHIND_ADDRESSES),
    Command.SUBMIT_MULTI | RESPONSE: (_MESSAGE_ID, _Special("unsuccess_sme")),
    Command.DATA_SM: (
        _SERVICE,
        *_address("source", 65),
        *_address("dest", 65),
        _Number("esm_class"),
        _Number("registered_delivery"),
        _Number("data_coding"),
    ),
    Command.DATA_SM | RESPONSE: (_MESSAGE_ID,),
    Command.QUERY_SM: (_MESSAGE_ID, *_address("source")),
    Command.QUERY_SM | RESPONSE: (
        _MESSAGE_ID,
        _Text("final_date", 17, _S.INVALID_EXPIRY),
        _Number("message_state"),
        _Number("error_code"),
    ),
    Command.CANCEL_SM: (_SERVICE, _MESSAGE_ID, *_address("source"), *_address("dest")),
    Command.CANCEL_SM | RESPONSE: (),
    Command.REPLACE_SM: (
        _MESSAGE_ID,
        *_address("source"),
        *_TIMES,
        _Number("registered_delivery"),
        _Number("sm_default_msg_id"),
        _Special("short_message"),
    ),
    Command.REPLACE_SM | RESPONSE: (),
}
_KNOWN: Final = frozenset(Command) - {Command.GENERIC_NACK}


class Framer:
    """Cuts a stream of bytes into PDUs."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        """Add bytes that arrived."""
        self._buffer += data

    def next(self) -> bytes | None:
        """Return the next whole PDU, or None. Raises :class:`Broken` for a length that is not possible."""
        buffer = self._buffer
        if len(buffer) < HEADER.size:
            return None
        length, command, _, sequence = HEADER.unpack_from(buffer)
        if not HEADER.size <= length <= MAX_BYTES:
            why = f"a PDU has {length} bytes: {HEADER.size} to {MAX_BYTES} are possible"
            raise Broken(_S.INVALID_COMMAND_LENGTH, why, command, sequence)
        if len(buffer) < length:
            return None
        found = bytes(buffer[:length])
        del buffer[:length]
        return found


def parse(raw: bytes) -> Pdu:
    """Read one whole PDU. Raises :class:`MalformedPdu`."""
    _, command, status, sequence = HEADER.unpack_from(raw)
    layout = _LAYOUTS.get(command)
    if layout is None:
        raise MalformedPdu(_S.INVALID_COMMAND_ID, f"{title(command)} is not known", command, sequence)
    reader = _Reader(raw)
    fields: dict[str, Value] = {}
    try:
        if command & RESPONSE and reader.is_at_end:
            layout = ()  # the body is left out where the status is an error, and often elsewhere (4.1.2, 4.6.2)
        for each in layout:
            fields[each.name] = reader.read(each)
        return Pdu(command, status, sequence, fields, reader.tlvs())
    except MalformedPdu as exc:
        raise MalformedPdu(exc.status, f"{title(command)}: {exc}", command, sequence) from None


class _Reader:
    """Reads the body of a PDU."""

    __slots__ = ("_at", "_raw")

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = HEADER.size

    @property
    def is_at_end(self) -> bool:
        """True if nothing is left."""
        return self._at >= len(self._raw)

    def read(self, field: _Text | _Number | _Special) -> Value:
        """Return the next parameter."""
        if isinstance(field, _Number):
            return self._number(field.name)
        if isinstance(field, _Text):
            return self._text(field)
        if field.name == "short_message":
            return self._short_message()
        return self._several(self._destination if field.name == "dest_address" else self._failure)

    def _take(self, count: int, name: str) -> bytes:
        end = self._at + count
        if end > len(self._raw):
            raise MalformedPdu(_S.INVALID_COMMAND_LENGTH, f"the PDU ends inside of {name}")
        taken = self._raw[self._at : end]
        self._at = end
        return taken

    def _number(self, name: str) -> int:
        return self._take(1, name)[0]

    def _text(self, field: _Text) -> bytes:
        end = self._raw.find(0, self._at, self._at + field.size)
        if end < 0:
            if len(self._raw) - self._at < field.size:
                raise MalformedPdu(_S.INVALID_COMMAND_LENGTH, f"the PDU ends inside of {field.name}")
            raise MalformedPdu(field.status, f"{field.name} has more than {field.size - 1} bytes")
        found = self._raw[self._at : end]
        self._at = end + 1
        return found

    def _short_message(self) -> bytes:
        length = self._number("sm_length")
        if length > MAX_SHORT or length > len(self._raw) - self._at:
            raise MalformedPdu(_S.INVALID_MESSAGE_LENGTH, f"sm_length is {length}, which is not possible")
        return self._take(length, "short_message")

    def _several(self, read: Callable[[], T]) -> tuple[T, ...]:
        return tuple(read() for _ in range(self._number("number_of_dests")))

    def _destination(self) -> Address | str:
        flag = self._number("dest_flag")
        if flag == 1:
            return self._one_address()
        if flag == 2:
            return self._text(_Text("dl_name", 21, _S.INVALID_LIST_NAME)).decode("latin-1")
        raise MalformedPdu(_S.INVALID_DESTINATIONS, f"dest_flag is {flag}: 1 or 2 are possible")

    def _failure(self) -> Failure:
        address = self._one_address()
        return Failure(address, int.from_bytes(self._take(4, "error_status_code"), "big"))

    def _one_address(self) -> Address:
        ton, npi = self._number("dest_addr_ton"), self._number("dest_addr_npi")
        digits = self._text(_Text("destination_addr", 21, _S.INVALID_DESTINATION))
        return Address(ton, npi, digits.decode("latin-1"))

    def tlvs(self) -> dict[int, bytes]:
        """Return the optional parameters that follow (5.3.1); the first of a tag counts."""
        found: dict[int, bytes] = {}
        while not self.is_at_end:
            if len(self._raw) - self._at < 4:
                raise MalformedPdu(_S.INVALID_OPTIONAL, "the PDU ends inside of an optional parameter")
            tag, length = struct.unpack_from(">HH", self._raw, self._at)
            self._at += 4
            if length > len(self._raw) - self._at:
                raise MalformedPdu(
                    _S.INVALID_OPTIONAL_LENGTH, f"the optional parameter {tag:#06x} is longer than the PDU"
                )
            found.setdefault(tag, self._take(length, "an optional parameter"))
        return found


def build(pdu: Pdu) -> bytes:
    """Return the bytes of a PDU. Parameters that are missing are 0 or empty; texts are cut to their size.

    The body of a response that reports an error is left out, except that of ``submit_multi_resp``.
    """
    pieces: list[bytes] = []
    if pdu.fields or not (pdu.is_response and pdu.status):
        pieces += [_built(each, pdu) for each in _LAYOUTS[pdu.command]]
    pieces += [struct.pack(">HH", tag, len(value)) + value for tag, value in pdu.tlvs.items()]
    body = b"".join(pieces)
    return HEADER.pack(HEADER.size + len(body), pdu.command, pdu.status, pdu.sequence) + body


def _built(field: _Text | _Number | _Special, pdu: Pdu) -> bytes:
    if isinstance(field, _Number):
        return bytes((pdu.number(field.name),))
    if isinstance(field, _Text):
        return pdu.raw(field.name)[: field.size - 1] + b"\0"
    if field.name == "short_message":
        raw = pdu.raw("short_message")[:MAX_SHORT]
        return bytes((len(raw),)) + raw
    several = pdu.fields.get(field.name, ())
    entries = several if isinstance(several, tuple) else ()
    return bytes((len(entries),)) + b"".join(map(_entry, entries))


def _entry(entry: Address | str | Failure) -> bytes:
    if isinstance(entry, str):
        return b"\x02" + entry.encode("latin-1")[:20] + b"\0"
    if isinstance(entry, Failure):
        return _plain(entry.address) + entry.status.to_bytes(4, "big")
    return b"\x01" + _plain(entry)


def _plain(address: Address) -> bytes:
    return bytes((address.ton, address.npi)) + address.digits.encode("latin-1")[:20] + b"\0"
