"""The published cases: what thirteen public test suites know about PDUs (tests/vectors/README.md)."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gsmgw.pdu import (
    AbsoluteValidity,
    Address,
    Alphabet,
    Command,
    Concat,
    Deliver,
    DeliverReport,
    Element,
    EnhancedValidity,
    PduError,
    RelativeValidity,
    StatusReport,
    Submit,
    SubmitReport,
    UserData,
    build_pdu,
    build_tpdu,
    cmgs_length,
    parse_pdu,
    parse_timestamp,
    plan_text,
)

VECTORS = Path(__file__).parents[2] / "vectors"
CASES: list[dict[str, Any]] = json.loads((VECTORS / "third_party.json").read_text(encoding="utf-8"))
SENT = {"SUBMIT", "COMMAND", "DELIVER-REPORT"}

JUDGED_WRONG: dict[str, str] = {
    "gm-bad-mti3": "TS 23.040 9.2.3.1: a receiver processes the reserved TP-MTI 3 as a DELIVER",
    "xlab-submit-evp-relative": "TS 23.038 6.1.2.1: spare bits are zero; filling them with CR is for USSD (6.1.2.3)",
    "gnokii-161-1": "TS 23.038 6.2.1: an escape before a character of the default alphabet, which the text has not",
    "gnokii-160-all": "TS 23.038 6.2.1: an escape before a character of the default alphabet, which the text has not",
}
"""Cases that the clause decides against. Those to encode are tried as cases to decode."""


def parse(case: dict[str, Any]) -> Any:
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
        found["sri"] = tpdu.status_report_indication
    if isinstance(tpdu, Deliver | StatusReport):
        found["mms"] = tpdu.more_messages
    if isinstance(tpdu, Command):
        found |= {"ct": tpdu.command_type, "mn": tpdu.message_number, "data_hex": tpdu.data.hex().upper()}
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
                {"store": i.store, "type": ["voicemail"].index(i.kind), "count": i.count} for i in user_data.indications
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
            return {"enhanced_hex": period.octets.hex().upper()}
    return None


DECODE = [case for case in CASES if case["dir"] == "decode"]
REFUSED = [case for case in DECODE if case["expect"].get("error") is True]
ALLOWED = [case for case in DECODE if case["expect"].get("error") == "allowed"]
VALID = [case for case in DECODE if "error" not in case["expect"]]
ENCODE = [case for case in CASES if case["dir"] == "encode"]


def ids(cases: list[dict[str, Any]]) -> list[str]:
    return [case["id"] for case in cases]


def test_the_file_is_whole() -> None:
    assert len(CASES) == 361
    assert len(REFUSED) + len(ALLOWED) + len(VALID) + len(ENCODE) == 361


@pytest.mark.parametrize("case", VALID, ids=ids(VALID))
def test_decode(case: dict[str, Any]) -> None:
    expect = dict(case["expect"])
    expect.pop("timestamp_century_ambiguous", None)
    pdu = parse(case)
    found = fields(pdu)
    assert {key: found.get(key) for key in expect} == expect
    assert len(pdu.trailing) == case.get("trailing_octets", 0)
    if "tpdu_len" in case:
        assert pdu.tpdu_octets == case["tpdu_len"]
    assert pdu.tpdu.name == case["tpdu"]


@pytest.mark.parametrize("case", REFUSED, ids=ids(REFUSED))
def test_refuse(case: dict[str, Any]) -> None:
    if case["id"] in JUDGED_WRONG:
        assert parse(case).warnings
        return
    with pytest.raises(PduError) as caught:
        parse(case)
    assert caught.value.field
    assert caught.value.title


@pytest.mark.parametrize("case", ALLOWED, ids=ids(ALLOWED))
def test_refuse_or_the_stated_value(case: dict[str, Any]) -> None:
    try:
        found = fields(parse(case))
    except PduError:
        return
    expect = case["expect"].get("or", {})
    assert {key: found.get(key) for key in expect} == expect


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
    if case["id"] == "gm-enc-local":
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


@pytest.mark.parametrize("case", ENCODE, ids=ids(ENCODE))
def test_encode(case: dict[str, Any]) -> None:
    pdu = build(case)
    if case["id"] in JUDGED_WRONG:
        assert pdu != case["expect"]["pdu"]
        assert parse_pdu(case["expect"]["pdu"], sent=True).tpdu.text == case["in"]["text"]
        return
    assert pdu == case["expect"]["pdu"]
    if "tpdu_len" in case:
        assert (cmgs_length(pdu) if case["sca"] else len(pdu) // 2) == case["tpdu_len"]


@pytest.mark.parametrize("case", VALID, ids=ids(VALID))
def test_what_was_parsed_is_built_again(case: dict[str, Any]) -> None:
    pdu = parse(case)
    octets = bytes.fromhex(case["pdu"])
    again = build_tpdu(pdu.tpdu)
    assert parse_pdu(again, smsc=False, sent=case["tpdu"] in SENT, rp=case.get("rp")).tpdu == pdu.tpdu
    assert len(again) == pdu.end_offset - pdu.tpdu_offset
    assert octets[pdu.end_offset :] == pdu.trailing


def test_alphabets_have_the_contracts_names() -> None:
    assert [str(a) for a in Alphabet] == ["gsm7", "data", "ucs2"]
    assert Concat(1, 2, 1).bits == 8
