"""The published cases: what thirteen public test suites know about PDUs (tests/vectors/README.md)."""

from __future__ import annotations

from typing import Any

import pytest
from pdu_cases import SENT, build, fields, load, parse

from gsmgw.pdu import PduError, build_tpdu, cmgs_length, parse_pdu

CASES = load("third_party.json")

JUDGED_WRONG: dict[str, str] = {
    "gm-bad-mti3": "TS 23.040 9.2.3.1: a receiver processes the reserved TP-MTI 3 as a DELIVER",
    "xlab-submit-evp-relative": "TS 23.038 6.1.2.1: spare bits are zero; filling them with CR is for USSD (6.1.2.3)",
    "gnokii-161-1": "TS 23.038 6.2.1: an escape before a character of the default alphabet, which the text has not",
    "gnokii-160-all": "TS 23.038 6.2.1: an escape before a character of the default alphabet, which the text has not",
}
"""Cases that the clause decides against. Those to encode are tried as cases to decode."""


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
