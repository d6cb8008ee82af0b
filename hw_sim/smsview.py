"""How a message is shown: the lines of +CMT, +CDS, +CMGR and +CMGL in PDU mode (27.005 4) and text mode (3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .storage import Stored

if TYPE_CHECKING:
    from .modem import Modem
    from .port import Port


def view_lines(modem: Modem, code: str, message: Stored) -> list[str]:
    """Header and PDU line of a message that is routed to the TE."""
    length = len(message.tpdu)
    header = f"{code}: {length}" if code == "+CDS" else f"{code}: ,{length}"
    return [header, message.hex]


def read_lines(port: Port, message: Stored) -> list[str]:
    """+CMGR: header and PDU."""
    rules = port.modem.profile.messages
    header = rules.report_header if message.kind == "report" else "{stat},{alpha},{length}"
    shown = header.format(stat=message.status, alpha="", length=len(message.tpdu))
    return [f"+CMGR: {shown}", message.hex]


def list_lines(port: Port, index: int, message: Stored) -> list[str]:
    """+CMGL: header and PDU."""
    return [f"+CMGL: {index},{message.status},,{len(message.tpdu)}", message.hex]
