"""The header of a PDU (3.2), and a stream of bytes cut into PDUs."""

from __future__ import annotations

import struct
from typing import Final

from gsmgw.bridges.smpp.pdus.codes import CommandStatus
from gsmgw.bridges.smpp.pdus.errors import Broken

HEADER: Final = struct.Struct(">IIII")
#: The longest PDU: a body, and one ``message_payload`` of 64 KiB.
MAX_BYTES: Final = 72_000


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
            raise Broken(CommandStatus.INVALID_COMMAND_LENGTH, why, command, sequence)
        if len(buffer) < length:
            return None
        found = bytes(buffer[:length])
        del buffer[:length]
        return found
