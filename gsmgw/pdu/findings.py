"""Oddities of a PDU that can still be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gsmgw.pdu.dcs import DCS
from gsmgw.pdu.errors import PduError
from gsmgw.pdu.header import CONCAT_8, CONCAT_16, find_concat, parse_elements
from gsmgw.pdu.tpdu import Command, Deliver, StatusReport, Submit, SubmitReport, Tpdu
from gsmgw.pdu.userdata import UserData
from gsmgw.pdu.validity import AbsoluteValidity, EnhancedValidity


@dataclass(frozen=True, slots=True)
class Finding:
    """Something odd: the field as TS 23.040 names it, its byte where that is known, one sentence."""

    field: str
    offset: int | None
    title: str


def examine(tpdu: Tpdu, octets: bytes, at: int, end: int) -> Iterator[Finding]:
    """Yield what is odd about a TPDU that was parsed from ``octets[at:end]``."""
    if octets[at] & 3 == 3:
        yield Finding("TP-MTI", at, "message type 3 is reserved, read as a DELIVER (TS 23.040 9.2.3.1)")
    if isinstance(tpdu, Deliver | StatusReport | SubmitReport) and tpdu.timestamp is None:
        yield Finding("TP-SCTS", None, f"{tpdu.raw_timestamp.hex().upper()} is not a valid date")
    if isinstance(tpdu, StatusReport) and tpdu.discharge is None:
        yield Finding("TP-DT", None, f"{tpdu.raw_discharge.hex().upper()} is not a valid date")
    if isinstance(tpdu, Submit):
        yield from _examine_validity(tpdu)
    if isinstance(tpdu, Deliver | Submit) and DCS[tpdu.dcs].reserved:
        yield Finding("TP-DCS", None, f"{tpdu.dcs:#04x} is a reserved coding, read as the default alphabet")
    if not isinstance(tpdu, Command) and tpdu.user_data is not None:
        yield from _examine_user_data(tpdu.user_data)
    if end < len(octets):
        yield Finding("PDU", end, f"bytes behind the last field, ignored: {len(octets) - end}")


def _examine_validity(submit: Submit) -> Iterator[Finding]:
    validity = submit.validity
    if isinstance(validity, AbsoluteValidity) and validity.moment is None:
        yield Finding("TP-VP", None, f"{validity.octets.hex().upper()} is not a valid date")
    if isinstance(validity, EnhancedValidity) and validity.format and validity.seconds is None:
        yield Finding("TP-VP", None, f"{validity.octets.hex().upper()} is not a valid validity period")


def _examine_user_data(user_data: UserData) -> Iterator[Finding]:
    if user_data.alphabet == "ucs2" and len(user_data.body) & 1:
        yield Finding("TP-UD", None, "an odd number of bytes; the last one is not a UCS-2 character")
    if not user_data.has_header:
        return
    try:
        elements = parse_elements(user_data.octets[1 : user_data.octets[0] + 1])
    except PduError as error:
        yield Finding("TP-UDH", None, f"the header is ignored: {error.title} (TS 23.040 9.2.3.24)")
        return
    places = [element for element in elements if element.iei in (CONCAT_8, CONCAT_16)]
    if places and find_concat(elements) is None:
        yield Finding("TP-UDH", None, f"concatenation {places[-1].data.hex().upper()} is impossible and ignored")
