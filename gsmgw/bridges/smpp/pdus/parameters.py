"""Kinds of mandatory parameters: how each is read from the body of a PDU, and built."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple, Protocol, TypeVar

from gsmgw.bridges.smpp.pdus.codes import CommandStatus
from gsmgw.bridges.smpp.pdus.errors import MalformedPdu
from gsmgw.bridges.smpp.pdus.pdu import Address, Failure, Pdu, Value
from gsmgw.bridges.smpp.pdus.reader import Reader

#: The longest ``short_message`` (5.2.22).
MAX_SHORT: Final = 254
#: The longest address and the longest name of a list, each with its NUL.
_ADDRESS_SIZE: Final = 21
#: Values of ``dest_flag`` (5.2.25).
_ADDRESS, _LIST = 1, 2
T = TypeVar("T")


class Parameter(Protocol):
    """A mandatory parameter."""

    @property
    def name(self) -> str:
        """Its name in the specification."""

    def read(self, reader: Reader) -> Value:
        """Read its value. Raises :class:`MalformedPdu`."""

    def build(self, pdu: Pdu) -> bytes:
        """Return its bytes. A parameter that the PDU does not have is 0 or empty."""


class Number(NamedTuple):
    """An integer of one byte."""

    name: str

    def read(self, reader: Reader) -> int:
        """Read the integer."""
        return reader.number(self.name)

    def build(self, pdu: Pdu) -> bytes:
        """Return the byte."""
        return bytes((pdu.number(self.name),))


class Text(NamedTuple):
    """A C-Octet String of at most ``size`` bytes, its NUL included. ``status`` answers a longer one."""

    name: str
    size: int
    status: CommandStatus

    def read(self, reader: Reader) -> bytes:
        """Read the text without its NUL."""
        return reader.text(*self)

    def build(self, pdu: Pdu) -> bytes:
        """Return the text, cut to its size, with its NUL."""
        return pdu.raw(self.name)[: self.size - 1] + b"\0"


class ShortMessage(NamedTuple):
    """The message behind its length: ``sm_length`` and ``short_message`` (5.2.21, 5.2.22)."""

    name: str = "short_message"

    def read(self, reader: Reader) -> bytes:
        """Read the message."""
        length = reader.number("sm_length")
        if length > min(MAX_SHORT, reader.left):
            raise MalformedPdu(CommandStatus.INVALID_MESSAGE_LENGTH, f"sm_length is {length}, which is not possible")
        return reader.take(length, self.name)

    def build(self, pdu: Pdu) -> bytes:
        """Return the message, cut to the longest possible one, behind its length."""
        raw = pdu.raw(self.name)[:MAX_SHORT]
        return bytes((len(raw),)) + raw


class Destinations(NamedTuple):
    """The recipients of ``submit_multi``: addresses, and names of distribution lists (4.5.1)."""

    name: str = "dest_address"

    def read(self, reader: Reader) -> tuple[Address | str, ...]:
        """Read addresses, and names of lists as text."""
        return _several(reader, _destination)

    def build(self, pdu: Pdu) -> bytes:
        """Return the recipients behind their number."""
        return _built(pdu, self.name)


class Failures(NamedTuple):
    """The recipients of ``submit_multi`` that were refused (4.5.2)."""

    name: str = "unsuccess_sme"

    def read(self, reader: Reader) -> tuple[Failure, ...]:
        """Read the recipients, each with its status."""
        return _several(reader, _failure)

    def build(self, pdu: Pdu) -> bytes:
        """Return the recipients behind their number."""
        return _built(pdu, self.name)


def _several(reader: Reader, read: Callable[[Reader], T]) -> tuple[T, ...]:
    return tuple(read(reader) for _ in range(reader.number("number_of_dests")))


def _destination(reader: Reader) -> Address | str:
    flag = reader.number("dest_flag")
    if flag == _ADDRESS:
        return _address(reader)
    if flag == _LIST:
        return reader.text("dl_name", _ADDRESS_SIZE, CommandStatus.INVALID_LIST_NAME).decode("latin-1")
    raise MalformedPdu(CommandStatus.INVALID_DESTINATIONS, f"dest_flag is {flag}: 1 or 2 are possible")


def _failure(reader: Reader) -> Failure:
    address = _address(reader)
    return Failure(address, int.from_bytes(reader.take(4, "error_status_code"), "big"))


def _address(reader: Reader) -> Address:
    ton, npi = reader.number("dest_addr_ton"), reader.number("dest_addr_npi")
    digits = reader.text("destination_addr", _ADDRESS_SIZE, CommandStatus.INVALID_DESTINATION)
    return Address(ton, npi, digits.decode("latin-1"))


def _built(pdu: Pdu, name: str) -> bytes:
    several = pdu.fields.get(name, ())
    entries = several if isinstance(several, tuple) else ()
    return bytes((len(entries),)) + b"".join(map(_entry, entries))


def _entry(entry: Address | str | Failure) -> bytes:
    if isinstance(entry, str):
        return bytes((_LIST,)) + _text(entry)
    if isinstance(entry, Failure):
        return _plain(entry.address) + entry.status.to_bytes(4, "big")
    return bytes((_ADDRESS,)) + _plain(entry)


def _plain(address: Address) -> bytes:
    return bytes((address.ton, address.npi)) + _text(address.digits)


def _text(text: str) -> bytes:
    return text.encode("latin-1")[: _ADDRESS_SIZE - 1] + b"\0"
