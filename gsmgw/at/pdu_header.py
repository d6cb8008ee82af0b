"""The header line of a PDU, which waits for the PDU line."""

from __future__ import annotations

import re

from gsmgw.at.fields import after_prefix, integer, split_fields
from gsmgw.at.urcs import UrcKind

#: A PDU at the end of its header's line.
HEX_AT_END = re.compile(r"[ ,]([0-9A-Fa-f]{20,})\"?$")
#: The most lines between the header of a PDU and the PDU; after more the PDU counts as lost.
_LINES_TO_PDU = 8


class PduHeader:
    """A line that is followed by a PDU."""

    __slots__ = ("kind", "length", "line", "lines_left")

    def __init__(self, line: str, kind: UrcKind | None) -> None:
        self.line = line
        self.kind = kind  # None: part of the response
        self.length = integer(split_fields(after_prefix(line))[-1])
        self.lines_left = _LINES_TO_PDU

    def fits(self, pdu: str) -> bool:
        """Return whether the header names the length of ``pdu``, with or without an SMSC address."""
        if self.length is None:
            return True
        octets = len(pdu) // 2
        return octets in (self.length, self.length + 1 + int(pdu[:2], 16))
