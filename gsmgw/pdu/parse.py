"""Bytes to TPDUs: TS 23.040 9.2.2 and 9.2.3."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from gsmgw.pdu.address import parse_address
from gsmgw.pdu.dcs import DCS
from gsmgw.pdu.errors import PduError
from gsmgw.pdu.times import TIMESTAMP_OCTETS
from gsmgw.pdu.tpdu import Command, Deliver, DeliverReport, StatusReport, Submit, SubmitReport, Tpdu
from gsmgw.pdu.userdata import MAX_OCTETS, UserData, parse_user_data
from gsmgw.pdu.validity import AbsoluteValidity, EnhancedValidity, RelativeValidity, Validity

Rp = Literal["ack", "error"]
"""Which message of the relay layer carried a report: it decides whether TP-FCS is there (9.2.2.1a, 9.2.2.2a)."""

REPORT_OCTETS: Final = 255
"""Reports carry less than a DELIVER or more, as their other fields leave room; TP-UDL alone sets this limit."""

PI_PID: Final = 1
PI_DCS: Final = 2
PI_UDL: Final = 4
PI_MORE: Final = 0x80
"""Bits of TP-PI, 9.2.3.27."""


def parse_tpdu(octets: bytes, *, sent: bool = False, rp: Rp | None = None) -> Tpdu:
    """Return the TPDU of ``octets``.

    ``sent`` tells the direction: ``False`` for what a modem received, ``True`` for what goes to the service centre
    (TP-MTI means something else each way, 9.2.3.1). ``rp`` tells which form of a report this is; without it a first
    byte of 0x80 or more where TP-FCS would be is taken for TP-FCS. Raises :class:`PduError`.
    """
    return parse_at(octets, 0, sent, rp)[0]


def parse_at(octets: bytes, at: int, sent: bool, rp: Rp | None) -> tuple[Tpdu, int]:
    """Return the TPDU at byte ``at`` and the offset after its last byte."""
    if at >= len(octets):
        raise PduError("the PDU ends before the TPDU", field="TP-MTI", offset=at)
    kind = octets[at] & 3
    if not sent:
        if kind == 2:
            return _parse_status_report(octets, at)
        if kind == 1:
            return _parse_submit_report(octets, at, rp)
        return _parse_deliver(octets, at)  # a receiver treats the reserved 3 as a DELIVER (9.2.3.1)
    if kind == 1:
        return _parse_submit(octets, at)
    if kind == 0:
        return _parse_deliver_report(octets, at, rp)
    if kind == 2:
        return _parse_command(octets, at)
    raise PduError("message type 3 is reserved", field="TP-MTI", offset=at)


def _octet(octets: bytes, at: int, field: str) -> int:
    try:
        return octets[at]
    except IndexError:
        raise PduError("the PDU ends before this field", field=field, offset=len(octets)) from None


def _run(octets: bytes, at: int, size: int, field: str) -> bytes:
    run = octets[at : at + size]
    if len(run) < size:
        raise PduError(f"the field has {size} bytes, {len(run)} follow", field=field, offset=at)
    return run


def _parse_deliver(octets: bytes, at: int) -> tuple[Tpdu, int]:
    first = octets[at]
    originator, at = parse_address(octets, at + 1, field="TP-OA")
    behind = at + 2 + TIMESTAMP_OCTETS
    if behind > len(octets):
        _octet(octets, at, "TP-PID")
        _octet(octets, at + 1, "TP-DCS")
        _run(octets, at + 2, TIMESTAMP_OCTETS, "TP-SCTS")
    dcs = octets[at + 1]
    user_data, end = parse_user_data(octets, behind, DCS[dcs].alphabet, bool(first & 0x40), MAX_OCTETS)
    deliver = Deliver(
        originator,
        octets[at + 2 : behind],
        user_data,
        octets[at],
        dcs,
        not first & 0x04,
        bool(first & 0x08),
        bool(first & 0x20),
        bool(first & 0x80),
    )
    return deliver, end


def _parse_submit(octets: bytes, at: int) -> tuple[Tpdu, int]:
    first = octets[at]
    reference = _octet(octets, at + 1, "TP-MR")
    destination, at = parse_address(octets, at + 2, field="TP-DA")
    pid = _octet(octets, at, "TP-PID")
    dcs = _octet(octets, at + 1, "TP-DCS")
    at += 2
    validity: Validity | None = None
    form = first & 0x18
    if form == 0x10:
        validity = RelativeValidity(_octet(octets, at, "TP-VP"))
        at += 1
    elif form:
        run = _run(octets, at, 7, "TP-VP")
        validity = AbsoluteValidity(run) if form == 0x18 else EnhancedValidity(run)
        at += 7
    user_data, end = parse_user_data(octets, at, DCS[dcs].alphabet, bool(first & 0x40), MAX_OCTETS)
    submit = Submit(
        destination,
        user_data,
        reference,
        pid,
        dcs,
        validity,
        bool(first & 0x04),
        bool(first & 0x20),
        bool(first & 0x80),
    )
    return submit, end


class _Optional(NamedTuple):
    """TP-PI and the fields that it announces (9.2.3.27)."""

    parameters: int
    pid: int | None
    dcs: int | None
    user_data: UserData | None


def _skip_parameters(octets: bytes, at: int) -> int:
    """Return the offset after TP-PI, whose bit 7 announces a further byte."""
    while _octet(octets, at, "TP-PI") & PI_MORE:
        at += 1
    return at + 1


def _parse_optional(octets: bytes, parameters: int, at: int, has_header: bool) -> tuple[_Optional, int]:
    pid = dcs = user_data = None
    if parameters & PI_PID:
        pid = _octet(octets, at, "TP-PID")
        at += 1
    if parameters & PI_DCS:
        dcs = _octet(octets, at, "TP-DCS")
        at += 1
    if parameters & PI_UDL:
        alphabet = DCS[dcs or 0].alphabet  # without TP-DCS the default alphabet is meant (9.2.3.27)
        user_data, at = parse_user_data(octets, at, alphabet, has_header, REPORT_OCTETS)
    return _Optional(parameters, pid, dcs, user_data), at


def _parse_status_report(octets: bytes, at: int) -> tuple[Tpdu, int]:
    first = octets[at]
    reference = _octet(octets, at + 1, "TP-MR")
    recipient, at = parse_address(octets, at + 2, field="TP-RA")
    timestamp = _run(octets, at, TIMESTAMP_OCTETS, "TP-SCTS")
    discharge = _run(octets, at + 7, TIMESTAMP_OCTETS, "TP-DT")
    status = _octet(octets, at + 14, "TP-ST")
    end = at + 15
    optional: _Optional | None = None
    if end < len(octets):
        # Modems pad reports with arbitrary bytes: an invalid TP-PI must not make the report unreadable.
        try:
            optional, end = _parse_optional(octets, octets[end], _skip_parameters(octets, end), bool(first & 0x40))
        except PduError:
            optional = None
    parameters, pid, dcs, user_data = optional or (None, None, None, None)
    report = StatusReport(
        reference,
        recipient,
        timestamp,
        discharge,
        status,
        parameters,
        pid,
        dcs,
        user_data,
        more_messages=not first & 0x04,
        loop_prevention=bool(first & 0x08),
        of_command=bool(first & 0x20),
    )
    return report, end


def _failure_cause(octets: bytes, at: int, rp: Rp | None) -> tuple[int | None, int]:
    octet = _octet(octets, at, "TP-FCS" if rp == "error" else "TP-PI")
    if rp == "error" or (rp is None and octet & 0x80):
        return octet, at + 1
    return None, at


def _parse_submit_report(octets: bytes, at: int, rp: Rp | None) -> tuple[Tpdu, int]:
    first = octets[at]
    cause, at = _failure_cause(octets, at + 1, rp)
    parameters = _octet(octets, at, "TP-PI")
    at = _skip_parameters(octets, at)
    timestamp = _run(octets, at, TIMESTAMP_OCTETS, "TP-SCTS")
    optional, end = _parse_optional(octets, parameters, at + TIMESTAMP_OCTETS, bool(first & 0x40))
    return SubmitReport(timestamp, cause, *optional), end


def _parse_deliver_report(octets: bytes, at: int, rp: Rp | None) -> tuple[Tpdu, int]:
    first = octets[at]
    cause, at = _failure_cause(octets, at + 1, rp)
    parameters = _octet(octets, at, "TP-PI")
    optional, end = _parse_optional(octets, parameters, _skip_parameters(octets, at), bool(first & 0x40))
    return DeliverReport(cause, *optional), end


def _parse_command(octets: bytes, at: int) -> tuple[Tpdu, int]:
    first = octets[at]
    reference = _octet(octets, at + 1, "TP-MR")
    pid = _octet(octets, at + 2, "TP-PID")
    command_type = _octet(octets, at + 3, "TP-CT")
    message_number = _octet(octets, at + 4, "TP-MN")
    destination, at = parse_address(octets, at + 5, field="TP-DA")
    length = _octet(octets, at, "TP-CDL")
    data = octets[at + 1 : at + 1 + length]
    if len(data) < length:
        raise PduError(f"{length} bytes of command data, {len(data)} follow", field="TP-CDL", offset=at)
    has_header = bool(first & 0x40)
    if has_header and data and data[0] + 1 > length:
        raise PduError(f"a header of {data[0] + 1} bytes in a field of {length}", field="TP-UDHL", offset=at + 1)
    command = Command(destination, command_type, message_number, reference, pid, data, has_header, bool(first & 0x20))
    return command, at + 1 + length
