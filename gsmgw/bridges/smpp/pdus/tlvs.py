"""Optional parameters behind the mandatory ones (5.3): tag, length, value."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final

from gsmgw.bridges.smpp.pdus.codes import CommandStatus
from gsmgw.bridges.smpp.pdus.errors import MalformedPdu
from gsmgw.bridges.smpp.pdus.reader import Reader

_TAG_AND_LENGTH: Final = struct.Struct(">HH")


def read_tlvs(reader: Reader) -> dict[int, bytes]:
    """Read all that is left (5.3.1); the first of a tag counts. Raises :class:`MalformedPdu`."""
    found: dict[int, bytes] = {}
    while reader.left:
        if reader.left < _TAG_AND_LENGTH.size:
            raise MalformedPdu(CommandStatus.INVALID_OPTIONAL, "the PDU ends inside of an optional parameter")
        tag, length = _TAG_AND_LENGTH.unpack(reader.take(_TAG_AND_LENGTH.size, "an optional parameter"))
        if length > reader.left:
            raise MalformedPdu(
                CommandStatus.INVALID_OPTIONAL_LENGTH, f"the optional parameter {tag:#06x} is longer than the PDU"
            )
        found.setdefault(tag, reader.take(length, "an optional parameter"))
    return found


def build_tlvs(tlvs: Mapping[int, bytes]) -> bytes:
    """Return the bytes of optional parameters."""
    return b"".join(_TAG_AND_LENGTH.pack(tag, len(value)) + value for tag, value in tlvs.items())
