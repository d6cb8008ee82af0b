"""Whole PDUs: bytes to :class:`Pdu` and back."""

from __future__ import annotations

from gsmgw.bridges.smpp.pdus.codes import RESPONSE, CommandStatus, title
from gsmgw.bridges.smpp.pdus.errors import MalformedPdu
from gsmgw.bridges.smpp.pdus.framing import HEADER
from gsmgw.bridges.smpp.pdus.layouts import LAYOUTS
from gsmgw.bridges.smpp.pdus.pdu import Pdu, Value
from gsmgw.bridges.smpp.pdus.reader import Reader
from gsmgw.bridges.smpp.pdus.tlvs import build_tlvs, read_tlvs


def parse(raw: bytes) -> Pdu:
    """Read one whole PDU. Raises :class:`MalformedPdu`."""
    _, command, status, sequence = HEADER.unpack_from(raw)
    layout = LAYOUTS.get(command)
    if layout is None:
        raise MalformedPdu(CommandStatus.INVALID_COMMAND_ID, f"{title(command)} is not known", command, sequence)
    reader = Reader(raw, HEADER.size)
    if command & RESPONSE and not reader.left:
        layout = ()  # the body is left out where the status is an error, and often elsewhere (4.1.2, 4.6.2)
    fields: dict[str, Value] = {}
    try:
        for parameter in layout:
            fields[parameter.name] = parameter.read(reader)
        return Pdu(command, status, sequence, fields, read_tlvs(reader))
    except MalformedPdu as exc:
        raise MalformedPdu(exc.status, f"{title(command)}: {exc}", command, sequence) from None


def build(pdu: Pdu) -> bytes:
    """Return the bytes of a PDU. Parameters that are missing are 0 or empty; texts are cut to their size.

    The body of a response that reports an error is left out, except that of ``submit_multi_resp``.
    """
    body = b""
    if pdu.fields or not (pdu.is_response and pdu.status):
        body = b"".join(parameter.build(pdu) for parameter in LAYOUTS[pdu.command])
    body += build_tlvs(pdu.tlvs)
    return HEADER.pack(HEADER.size + len(body), pdu.command, pdu.status, pdu.sequence) + body
