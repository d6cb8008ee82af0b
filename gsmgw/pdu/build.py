"""TPDUs to bytes: TS 23.040 9.2.2 and 9.2.3."""

from __future__ import annotations

from gsmgw.pdu.address import build_address
from gsmgw.pdu.dcs import DCS
from gsmgw.pdu.errors import PduError
from gsmgw.pdu.parse import PI_DCS, PI_MORE, PI_PID, PI_UDL, REPORT_OCTETS
from gsmgw.pdu.times import TIMESTAMP_OCTETS
from gsmgw.pdu.tpdu import Command, Deliver, DeliverReport, StatusReport, Submit, SubmitReport, Tpdu
from gsmgw.pdu.userdata import MAX_OCTETS, UserData, build_user_data
from gsmgw.pdu.validity import AbsoluteValidity, RelativeValidity


def build_tpdu(tpdu: Tpdu) -> bytes:
    """Return the bytes of a TPDU. Raises :class:`PduError` when a value does not fit its field."""
    if isinstance(tpdu, Submit):
        return _build_submit(tpdu)
    if isinstance(tpdu, Deliver):
        return _build_deliver(tpdu)
    if isinstance(tpdu, StatusReport):
        return _build_status_report(tpdu)
    if isinstance(tpdu, SubmitReport):
        return _build_submit_report(tpdu)
    if isinstance(tpdu, DeliverReport):
        return _build_deliver_report(tpdu)
    return _build_command(tpdu)


def _octets(*pairs: tuple[int, str]) -> bytes:
    for value, field in pairs:
        if not 0 <= value <= 255:
            raise PduError(f"{value} is not a byte (0 to 255)", field=field)
    return bytes(value for value, _ in pairs)


def _check_coding(dcs: int, user_data: UserData) -> None:
    if DCS[dcs].alphabet is not user_data.alphabet:
        raise PduError(
            f"TP-DCS {dcs:#04x} says {DCS[dcs].alphabet}, the user data are {user_data.alphabet}", field="TP-DCS"
        )


def _timestamp(octets: bytes, field: str) -> bytes:
    if len(octets) != TIMESTAMP_OCTETS:
        raise PduError(f"a time stamp has {TIMESTAMP_OCTETS} bytes, not {len(octets)}", field=field)
    return octets


def _build_submit(submit: Submit) -> bytes:
    first = 1
    if submit.reject_duplicates:
        first |= 0x04
    if submit.status_report_request:
        first |= 0x20
    if submit.user_data.has_header:
        first |= 0x40
    if submit.reply_path:
        first |= 0x80
    validity = submit.validity
    period = b""
    if validity is not None:
        if isinstance(validity, RelativeValidity):
            first |= 0x10
            period = _octets((validity.octet, "TP-VP"))
        else:
            first |= 0x18 if isinstance(validity, AbsoluteValidity) else 0x08
            period = _timestamp(validity.octets, "TP-VP")
    coding = _octets((submit.pid, "TP-PID"), (submit.dcs, "TP-DCS"))
    _check_coding(submit.dcs, submit.user_data)
    return b"".join(
        (
            _octets((first, "TP-MTI"), (submit.reference, "TP-MR")),
            build_address(submit.destination, field="TP-DA"),
            coding,
            period,
            build_user_data(submit.user_data, MAX_OCTETS),
        )
    )


def _build_deliver(deliver: Deliver) -> bytes:
    first = (
        (0 if deliver.more_messages else 0x04)
        | (0x08 if deliver.loop_prevention else 0)
        | (0x20 if deliver.status_report_indication else 0)
        | (0x40 if deliver.user_data.has_header else 0)
        | (0x80 if deliver.reply_path else 0)
    )
    coding = _octets((deliver.pid, "TP-PID"), (deliver.dcs, "TP-DCS"))
    _check_coding(deliver.dcs, deliver.user_data)
    return b"".join(
        (
            bytes((first,)),
            build_address(deliver.originator, field="TP-OA"),
            coding,
            _timestamp(deliver.raw_timestamp, "TP-SCTS"),
            build_user_data(deliver.user_data, MAX_OCTETS),
        )
    )


def _parameters(report: StatusReport | SubmitReport | DeliverReport) -> int:
    """TP-PI for the fields that are there; reserved bits are kept, a further TP-PI byte is not (9.2.3.27)."""
    bits = (report.parameters or 0) & ~(PI_PID | PI_DCS | PI_UDL | PI_MORE)
    if report.pid is not None:
        bits |= PI_PID
    if report.dcs is not None:
        bits |= PI_DCS
    if report.user_data is not None:
        bits |= PI_UDL
    return bits


def _optional(report: StatusReport | SubmitReport | DeliverReport) -> bytes:
    fields = b""
    if report.pid is not None:
        fields += _octets((report.pid, "TP-PID"))
    if report.dcs is not None:
        fields += _octets((report.dcs, "TP-DCS"))
    if report.user_data is not None:
        _check_coding(report.dcs or 0, report.user_data)
        fields += build_user_data(report.user_data, REPORT_OCTETS)
    return fields


def _header_bit(user_data: UserData | None) -> int:
    return 0x40 if user_data is not None and user_data.has_header else 0


def _build_status_report(report: StatusReport) -> bytes:
    first = (
        2
        | (0 if report.more_messages else 0x04)
        | (0x08 if report.loop_prevention else 0)
        | (0x20 if report.of_command else 0)
        | _header_bit(report.user_data)
    )
    octets = (
        _octets((first, "TP-MTI"), (report.reference, "TP-MR"))
        + build_address(report.recipient, field="TP-RA")
        + _timestamp(report.raw_timestamp, "TP-SCTS")
        + _timestamp(report.raw_discharge, "TP-DT")
        + _octets((report.status, "TP-ST"))
    )
    parameters = _parameters(report)
    if parameters or report.parameters is not None:
        octets += _octets((parameters, "TP-PI")) + _optional(report)
    return octets


def _cause(cause: int | None) -> bytes:
    return b"" if cause is None else _octets((cause, "TP-FCS"))


def _build_submit_report(report: SubmitReport) -> bytes:
    return (
        bytes((1 | _header_bit(report.user_data),))
        + _cause(report.failure_cause)
        + _octets((_parameters(report), "TP-PI"))
        + _timestamp(report.raw_timestamp, "TP-SCTS")
        + _optional(report)
    )


def _build_deliver_report(report: DeliverReport) -> bytes:
    return (
        bytes((_header_bit(report.user_data),))
        + _cause(report.failure_cause)
        + _octets((_parameters(report), "TP-PI"))
        + _optional(report)
    )


def _build_command(command: Command) -> bytes:
    first = 2 | (0x20 if command.status_report_request else 0) | (0x40 if command.has_header else 0)
    if len(command.command_data) > 255:
        raise PduError(f"{len(command.command_data)} bytes of command data; at most 255 are possible", field="TP-CDL")
    return (
        _octets(
            (first, "TP-MTI"),
            (command.reference, "TP-MR"),
            (command.pid, "TP-PID"),
            (command.command_type, "TP-CT"),
            (command.message_number, "TP-MN"),
        )
        + build_address(command.destination, field="TP-DA")
        + bytes((len(command.command_data),))
        + command.command_data
    )
