"""The PDUs of SMPP 3.4 (issue 1.2): bytes to :class:`Pdu` and back. Pure, and bounded by :data:`MAX_BYTES`.

Clause numbers are those of the specification.
"""

from gsmgw.bridges.smpp.pdus.codec import build, parse
from gsmgw.bridges.smpp.pdus.codes import RESPONSE, Command, CommandStatus, Tag
from gsmgw.bridges.smpp.pdus.errors import Broken, MalformedPdu
from gsmgw.bridges.smpp.pdus.framing import MAX_BYTES, Framer
from gsmgw.bridges.smpp.pdus.parameters import MAX_SHORT
from gsmgw.bridges.smpp.pdus.pdu import Address, Failure, Fields, Pdu, Value

__all__ = [
    "MAX_BYTES",
    "MAX_SHORT",
    "RESPONSE",
    "Address",
    "Broken",
    "Command",
    "CommandStatus",
    "Failure",
    "Fields",
    "Framer",
    "MalformedPdu",
    "Pdu",
    "Tag",
    "Value",
    "build",
    "parse",
]
