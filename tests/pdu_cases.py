"""The case files of tests/vectors in terms of the codec: parse a case, build a case, name its fields."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from gsmgw.pdu import (
    AbsoluteValidity,
    Address,
    Command,
    Deliver,
    DeliverReport,
    Element,
    EnhancedValidity,
    Pdu,
    RelativeValidity,
    StatusReport,
    Submit,
    SubmitReport,
    UserData,
    build_pdu,
    build_tpdu,
    parse_pdu,
    parse_timestamp,
    plan_text,
)

VECTORS = Path(__file__).parent / "vectors"
SENT = {"SUBMIT", "COMMAND", "DELIVER-REPORT"}


def load(name: str) -> list[dict[str, Any]]:
    """Return the cases of a file of tests/vectors."""
    cases: list[dict[str, Any]] = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    return cases


def parse(case: dict[str, Any]) -> Pdu:
    """Parse the PDU of a case, in its direction and form."""
    return parse_pdu(case["pdu"], smsc=case["sca"], sent=case["tpdu"] in SENT, rp=case.get("rp"))


def fields(pdu: Any) -> dict[str, Any]:
    """The parsed PDU in the words of the case files."""
    tpdu = pdu.tpdu
    found: dict[str, Any] = {"smsc": None if pdu.smsc is None else pdu.smsc.number}
    for name in ("originator", "destination", "recipient"):
        if hasattr(tpdu, name):
            found["number"] = getattr(tpdu, name).number
            found["toa"] = getattr(tpdu, name).toa
    for name in ("pid", "dcs", "status"):
        if hasattr(tpdu, name):
            found[name] = getattr(tpdu, name)
    if hasattr(tpdu, "reference"):
        found["mr"] = tpdu.reference
    for name in ("timestamp", "discharge"):
        if hasattr(tpdu, name):
            moment = getattr(tpdu, name)
            found[name] = moment and moment.isoformat()
    if isinstance(tpdu, StatusReport | SubmitReport | DeliverReport):
        found["pi"] = tpdu.parameters
    if isinstance(tpdu, SubmitReport | DeliverReport):
        found["fcs"] = tpdu.failure_cause
    if isinstance(tpdu, Submit):
        found |= {"srr": tpdu.status_report_request, "rp": tpdu.reply_path, "rd": tpdu.reject_duplicates}
        found["vp"] = validity(tpdu)
    if isinstance(tpdu, Deliver):
        found |= {"sri": tpdu.status_report_indication, "rp": tpdu.reply_path, "lp": tpdu.loop_prevention}
    if isinstance(tpdu, StatusReport):
        found["srq"] = tpdu.of_command
    if isinstance(tpdu, Deliver | StatusReport):
        found["mms"] = tpdu.more_messages
    if isinstance(tpdu, Command):
        found |= {"ct": tpdu.command_type, "mn": tpdu.message_number, "data_hex": tpdu.data.hex().upper()}
        found["srr"] = tpdu.status_report_request
        found["ies"] = [[e.iei, e.data.hex().upper()] for e in tpdu.elements]
    elif tpdu.user_data is not None:
        found |= content(tpdu)
    return found


def content(tpdu: Any) -> dict[str, Any]:
    user_data = tpdu.user_data
    found: dict[str, Any] = {"alphabet": {"data": "8bit"}.get(user_data.alphabet, str(user_data.alphabet))}
    if tpdu.data is None:
        found["text"] = tpdu.text
    else:
        found["data_hex"] = tpdu.data.hex().upper()
    if user_data.has_header:
        found["ies"] = [[e.iei, e.data.hex().upper()] for e in user_data.elements]
        found["udh"] = {}
        if (concat := tpdu.concat) is not None:
            found["udh"]["concat"] = {
                "ref": concat.reference,
                "total": concat.total,
                "seq": concat.sequence,
                "bits": concat.bits,
            }
        if (ports := tpdu.ports) is not None:
            found["udh"]["ports"] = {"dst": ports.destination, "src": ports.source, "bits": ports.bits}
        if user_data.languages[0]:
            found["udh"]["locking_shift"] = user_data.languages[0]
        if user_data.languages[1]:
            found["udh"]["single_shift"] = user_data.languages[1]
        if user_data.indications:
            found["udh"]["mwi"] = [
                {"store": i.store, "type": ["voicemail", "fax", "email", "other"].index(i.kind), "count": i.count}
                for i in user_data.indications
            ]
    if isinstance(tpdu, Deliver | Submit):
        found["class"] = tpdu.message_class
        if (indication := tpdu.coding.indication) is not None:
            found["mwi"] = {"store": indication.store, "active": indication.active, "type": indication.kind}
    return found


def validity(tpdu: Submit) -> dict[str, Any] | None:
    match tpdu.validity:
        case RelativeValidity() as period:
            return {"relative": period.seconds}
        case AbsoluteValidity(moment=moment):
            return {"absolute": moment and moment.isoformat()}
        case EnhancedValidity() as period:
            return {
                "enhanced_hex": period.octets.hex().upper(),
                "seconds": period.seconds,
                "single_shot": period.single_shot,
            }
    return None


def address(number: str | None, toa: int) -> Address:
    return Address((number or "").removeprefix("+"), toa >> 4 & 7, toa & 15)


def smsc(number: str | None) -> Address | None:
    if number is None:
        return None
    if number.startswith("+"):
        return Address(number[1:], 1)
    return Address(number, 0)


def user_data(given: dict[str, Any]) -> UserData:
    elements = [Element(iei, bytes.fromhex(data)) for iei, data in given.get("ies", [])]
    if "data_hex" in given:
        return UserData.of_octets(bytes.fromhex(given["data_hex"]), elements)
    plan = plan_text(given["text"], alphabet=given["alphabet"], header=elements)
    assert plan.segment_count == 1
    return plan.user_data()[0]


def build(case: dict[str, Any]) -> str:
    given = case["in"]
    number = address(given["number"], given["toa"])
    content = user_data(given)
    centre = smsc(given.get("smsc"))
    if case["id"] == "gm-enc-local":  # the file tells the type of the destination only
        centre = Address("12345", 2)
    if case["tpdu"] == "DELIVER":
        raw = bytes.fromhex("70605031650300")
        assert (moment := parse_timestamp(raw)) is not None
        assert moment.isoformat() == given["timestamp"]
        tpdu: Any = Deliver(number, raw, content, given["pid"], given["dcs"], more_messages=given["mms"])
    else:
        vp = given["vp"] or {}
        period: Any = None
        if "relative" in vp:
            period = RelativeValidity.at_least(vp["relative"])
        elif "absolute" in vp:
            period = AbsoluteValidity.until(datetime.fromisoformat(vp["absolute"]))
        elif "enhanced_hex" in vp:
            period = EnhancedValidity(bytes.fromhex(vp["enhanced_hex"]))
            assert (period.seconds, period.single_shot) == (vp["seconds"], vp["single_shot"])
        tpdu = Submit(
            number,
            content,
            given["mr"],
            given["pid"],
            given["dcs"],
            period,
            given.get("rd", False),
            given.get("srr", False),
            given.get("rp", False),
        )
    return build_pdu(tpdu, centre) if case["sca"] else build_tpdu(tpdu).hex().upper()
