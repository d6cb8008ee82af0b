"""A PDU field by field, with meaning and clause, for people who debug modems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from gsmgw.pdu import header as udh
from gsmgw.pdu.address import NUMBERING_PLANS, TYPES_OF_NUMBER, Address
from gsmgw.pdu.alphabet import Alphabet
from gsmgw.pdu.causes import failure_cause
from gsmgw.pdu.dcs import CLASSES, DCS, Indication
from gsmgw.pdu.envelope import Pdu
from gsmgw.pdu.pid import pid_meaning
from gsmgw.pdu.status import status_meaning
from gsmgw.pdu.tables import LANGUAGES
from gsmgw.pdu.times import parse_timestamp
from gsmgw.pdu.tpdu import Command, Deliver, DeliverReport, StatusReport, Submit, SubmitReport
from gsmgw.pdu.userdata import UserData
from gsmgw.pdu.validity import AbsoluteValidity, EnhancedValidity, RelativeValidity, Validity


@dataclass(frozen=True, slots=True)
class Row:
    """A field: its name in TS 23.040, its value, the meaning, and the clause."""

    field: str
    value: str
    meaning: str
    clause: str


_ELEMENTS = {
    0x00: ("concatenated message, 8-bit reference", "23.040 9.2.3.24.1"),
    0x01: ("special message indication", "23.040 9.2.3.24.2"),
    0x04: ("application ports, 8 bits", "23.040 9.2.3.24.3"),
    0x05: ("application ports, 16 bits", "23.040 9.2.3.24.4"),
    0x06: ("SMSC control parameters", "23.040 9.2.3.24.5"),
    0x07: ("source of the header", "23.040 9.2.3.24.6"),
    0x08: ("concatenated message, 16-bit reference", "23.040 9.2.3.24.8"),
    0x09: ("wireless control message protocol", "23.040 9.2.3.24.9"),
    0x0A: ("EMS text formatting", "23.040 9.2.3.24.10.1.1"),
    0x0B: ("EMS predefined sound", "23.040 9.2.3.24.10.1.2"),
    0x0C: ("EMS user defined sound", "23.040 9.2.3.24.10.1.3"),
    0x0D: ("EMS predefined animation", "23.040 9.2.3.24.10.1.4"),
    0x0E: ("EMS large animation", "23.040 9.2.3.24.10.1.5"),
    0x0F: ("EMS small animation", "23.040 9.2.3.24.10.1.6"),
    0x10: ("EMS large picture", "23.040 9.2.3.24.10.1.7"),
    0x11: ("EMS small picture", "23.040 9.2.3.24.10.1.8"),
    0x12: ("EMS variable picture", "23.040 9.2.3.24.10.1.9"),
    0x13: ("EMS user prompt", "23.040 9.2.3.24.10.1.10"),
    0x14: ("EMS extended object", "23.040 9.2.3.24.10.1.11"),
    0x20: ("RFC 822 e-mail header", "23.040 9.2.3.24.11"),
    0x21: ("hyperlink", "23.040 9.2.3.24.12"),
    0x22: ("reply address", "23.040 9.2.3.24.13"),
    0x23: ("enhanced voice mail", "23.040 9.2.3.24.14"),
    0x24: ("national language single shift", "23.040 9.2.3.24.15"),
    0x25: ("national language locking shift", "23.040 9.2.3.24.16"),
}

_COMMANDS = {
    0: "enquiry about a message submitted before",
    1: "cancel the status report request",
    2: "delete a message submitted before",
    3: "enable a status report request",
}


def describe(pdu: Pdu) -> Iterator[Row]:
    """Yield the fields of a PDU in their order."""
    if pdu.smsc is not None:
        yield Row("SMSC", pdu.smsc.number or "(empty)", _address(pdu.smsc), "27.005 3.1, 24.011 8.2.5")
    elif pdu.tpdu_offset:
        yield Row("SMSC", "(default)", "the service centre stored on the SIM", "27.005 3.1")
    tpdu = pdu.tpdu
    first = pdu.octets[pdu.tpdu_offset]
    direction = "to the service centre" if tpdu.sent else "from the service centre"
    yield Row("TP-MTI", f"{first & 3}", f"{tpdu.name}, {direction}", "23.040 9.2.3.1")
    if isinstance(tpdu, Deliver):
        yield from _deliver(tpdu)
    elif isinstance(tpdu, Submit):
        yield from _submit(tpdu)
    elif isinstance(tpdu, StatusReport):
        yield from _status_report(tpdu)
    elif isinstance(tpdu, Command):
        yield from _command(tpdu)
    else:
        yield from _report(tpdu)
    yield Row("length", f"{pdu.tpdu_octets}", "bytes behind the SMSC address, for AT+CMGS", "27.005 3.1")
    for finding in pdu.warnings:
        where = "" if finding.offset is None else f" at byte {finding.offset}"
        yield Row("warning", finding.field + where, finding.title, "")


def _flag(name: str, value: bool, yes: str, no: str, clause: str) -> Row:
    return Row(name, "1" if value else "0", yes if value else no, clause)


def _deliver(tpdu: Deliver) -> Iterator[Row]:
    yield _flag("TP-MMS", not tpdu.more_messages, "no more messages wait", "more messages wait", "23.040 9.2.3.2")
    if tpdu.loop_prevention:
        yield _flag("TP-LP", True, "forwarded or spawned: not to be forwarded again", "", "23.040 9.2.3.28")
    yield _flag(
        "TP-SRI",
        tpdu.status_report_indication,
        "a status report goes to the sender",
        "no status report goes to the sender",
        "23.040 9.2.3.4",
    )
    yield _reply_path(tpdu.reply_path)
    yield Row("TP-OA", tpdu.originator.number, _address(tpdu.originator), "23.040 9.2.3.7")
    yield from _coding(tpdu.pid, tpdu.dcs)
    yield _time("TP-SCTS", tpdu.raw_timestamp, "when the service centre got it", "23.040 9.2.3.11")
    yield from _user_data(tpdu.user_data)


def _submit(tpdu: Submit) -> Iterator[Row]:
    yield _flag("TP-RD", tpdu.reject_duplicates, "reject duplicates", "accept duplicates", "23.040 9.2.3.25")
    yield _flag(
        "TP-SRR", tpdu.status_report_request, "status report wanted", "no status report wanted", "23.040 9.2.3.5"
    )
    yield _reply_path(tpdu.reply_path)
    yield Row("TP-MR", f"{tpdu.reference}", "reference; most modems put their own", "23.040 9.2.3.6")
    yield Row("TP-DA", tpdu.destination.number, _address(tpdu.destination), "23.040 9.2.3.8")
    yield from _coding(tpdu.pid, tpdu.dcs)
    yield _validity(tpdu.validity)
    yield from _user_data(tpdu.user_data)


def _status_report(tpdu: StatusReport) -> Iterator[Row]:
    yield _flag("TP-MMS", not tpdu.more_messages, "no more messages wait", "more messages wait", "23.040 9.2.3.2")
    if tpdu.loop_prevention:
        yield _flag("TP-LP", True, "forwarded or spawned: not to be forwarded again", "", "23.040 9.2.3.28")
    yield _flag("TP-SRQ", tpdu.of_command, "answers a COMMAND", "answers a SUBMIT", "23.040 9.2.3.26")
    yield Row("TP-MR", f"{tpdu.reference}", "reference that the SUBMIT or COMMAND had", "23.040 9.2.3.6")
    yield Row("TP-RA", tpdu.recipient.number, _address(tpdu.recipient), "23.040 9.2.3.14")
    yield _time("TP-SCTS", tpdu.raw_timestamp, "when the service centre got the message", "23.040 9.2.3.11")
    yield _time("TP-DT", tpdu.raw_discharge, "when the status was reached", "23.040 9.2.3.13")
    meaning = status_meaning(tpdu.status)
    yield Row("TP-ST", f"{tpdu.status:#04x}", f"{meaning.outcome}: {meaning.title}", "23.040 9.2.3.15")
    yield from _optional(tpdu)


def _report(tpdu: SubmitReport | DeliverReport) -> Iterator[Row]:
    if tpdu.failure_cause is not None:
        title = failure_cause(tpdu.failure_cause).title
        yield Row("TP-FCS", f"{tpdu.failure_cause:#04x}", f"refused: {title}", "23.040 9.2.3.22")
    if isinstance(tpdu, SubmitReport):
        yield _time("TP-SCTS", tpdu.raw_timestamp, "when the service centre got the message", "23.040 9.2.3.11")
    yield from _optional(tpdu)


def _optional(tpdu: StatusReport | SubmitReport | DeliverReport) -> Iterator[Row]:
    if tpdu.parameters is None:
        return
    fields = [
        name
        for name, value in (("TP-PID", tpdu.pid), ("TP-DCS", tpdu.dcs), ("TP-UDL", tpdu.user_data))
        if value is not None
    ]
    yield Row("TP-PI", f"{tpdu.parameters:#04x}", "follow: " + (", ".join(fields) or "none"), "23.040 9.2.3.27")
    yield from _coding(tpdu.pid, tpdu.dcs)
    if tpdu.user_data is not None:
        yield from _user_data(tpdu.user_data)


def _command(tpdu: Command) -> Iterator[Row]:
    yield _flag(
        "TP-SRR", tpdu.status_report_request, "status report wanted", "no status report wanted", "23.040 9.2.3.5"
    )
    yield Row("TP-MR", f"{tpdu.reference}", "reference of this command", "23.040 9.2.3.6")
    yield Row("TP-PID", f"{tpdu.pid:#04x}", pid_meaning(tpdu.pid), "23.040 9.2.3.9")
    kind = _COMMANDS.get(tpdu.command_type)
    if kind is None:
        kind = "specific to the service centre" if tpdu.command_type >= 0xE0 else "reserved"
    yield Row("TP-CT", f"{tpdu.command_type:#04x}", kind, "23.040 9.2.3.19")
    yield Row("TP-MN", f"{tpdu.message_number}", "reference of the message that is meant", "23.040 9.2.3.18")
    yield Row("TP-DA", tpdu.destination.number, _address(tpdu.destination), "23.040 9.2.3.8")
    yield Row("TP-CD", tpdu.data.hex().upper(), f"{len(tpdu.command_data)} bytes", "23.040 9.2.3.20, 9.2.3.21")


def _reply_path(value: bool) -> Row:
    return _flag("TP-RP", value, "reply path set", "reply path not set", "23.040 9.2.3.17")


def _address(address: Address) -> str:
    plan = NUMBERING_PLANS.get(address.npi, f"numbering plan {address.npi}")
    return f"{TYPES_OF_NUMBER[address.ton]}, {plan}"


def _coding(pid: int | None, dcs: int | None) -> Iterator[Row]:
    if pid is not None:
        yield Row("TP-PID", f"{pid:#04x}", pid_meaning(pid), "23.040 9.2.3.9")
    if dcs is None:
        return
    coding = DCS[dcs]
    parts = [_ALPHABETS[coding.alphabet], coding.title]
    if coding.message_class is not None:
        parts.append(f"class {coding.message_class}: {CLASSES[coding.message_class]}")
    if coding.compressed:
        parts[0] = "compressed (23.042), not unpacked"
    if coding.indication is not None:
        parts.append(_indication(coding.indication))
    yield Row("TP-DCS", f"{dcs:#04x}", ", ".join(parts), "23.038 4")


_ALPHABETS = {Alphabet.GSM7: "GSM 7 bit", Alphabet.DATA: "8-bit data", Alphabet.UCS2: "UCS-2"}


def _indication(indication: Indication) -> str:
    count = "" if indication.count is None else f"{indication.count} "
    state = "waiting" if indication.active else "none waiting"
    return f"{count}{indication.kind} {state}, {'store' if indication.store else 'discard'} the text"


def _show(moment: datetime | None) -> str:
    return "no date" if moment is None else moment.isoformat(sep=" ")


def _time(name: str, octets: bytes, meaning: str, clause: str) -> Row:
    return Row(name, _show(parse_timestamp(octets)), f"{meaning} ({octets.hex().upper()})", clause)


def _validity(validity: Validity | None) -> Row:
    match validity:
        case RelativeValidity():
            return Row("TP-VP", f"{validity.octet:#04x}", f"relative: {validity.seconds} s", "23.040 9.2.3.12.1")
        case AbsoluteValidity():
            return Row("TP-VP", _show(validity.moment), "absolute: valid until then", "23.040 9.2.3.12.2")
        case EnhancedValidity():
            span = "no period" if validity.seconds is None else f"{validity.seconds} s"
            shot = ", a single attempt" if validity.single_shot else ""
            return Row("TP-VP", validity.octets.hex().upper(), f"enhanced: {span}{shot}", "23.040 9.2.3.12.3")
    return Row("TP-VPF", "0", "no validity period: as long as the service centre likes", "23.040 9.2.3.3")


def _user_data(user_data: UserData) -> Iterator[Row]:
    unit = "septets" if user_data.alphabet is Alphabet.GSM7 else "bytes"
    yield Row("TP-UDL", f"{user_data.length}", unit, "23.040 9.2.3.16")
    if user_data.has_header:
        yield Row("TP-UDHL", f"{user_data.octets[0]}", "bytes of header", "23.040 9.2.3.24")
    for element in user_data.elements:
        meaning, clause = _ELEMENTS.get(element.iei, (_element_range(element.iei), "23.040 9.2.3.24"))
        detail = _element(element)
        yield Row(f"IE {element.iei:02X}", element.data.hex().upper(), meaning + (detail and f": {detail}"), clause)
    if user_data.data is not None:
        yield Row("TP-UD", user_data.data.hex().upper(), f"{len(user_data.data)} bytes of data", "23.040 9.2.3.24")
    else:
        yield Row("TP-UD", user_data.text or "", f"{len(user_data.body)} {unit} of text", "23.038 6.2")


def _element(element: udh.Element) -> str:
    one = (element,)
    if (concat := udh.find_concat(one)) is not None:
        return f"reference {concat.reference}, part {concat.sequence} of {concat.total}"
    if element.iei in (udh.CONCAT_8, udh.CONCAT_16):
        return "impossible, ignored"
    if (ports := udh.find_ports(one)) is not None:
        return f"to {ports.destination}, from {ports.source}"
    if indications := udh.find_indications(one):
        return _indication(indications[0])
    if (address := udh.find_reply_address(one)) is not None:
        return address.number
    if element.iei in (udh.SINGLE_SHIFT, udh.LOCKING_SHIFT) and len(element.data) == 1:
        return LANGUAGES.get(element.data[0], "unknown language, default table used")
    return ""


def _element_range(iei: int) -> str:
    if 0x15 <= iei <= 0x1F:
        return "extended EMS object"
    if 0x70 <= iei <= 0x7F:
        return "SIM toolkit security header"
    if 0x80 <= iei <= 0x9F:
        return "SME to SME, specific"
    if 0xC0 <= iei <= 0xDF:
        return "service centre specific"
    return "reserved"
