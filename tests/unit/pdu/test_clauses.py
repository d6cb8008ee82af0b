"""Cases of our own, typed in from the clauses of TS 23.040, 23.038 and 27.005 (tests/vectors/clauses.json)."""

from __future__ import annotations

from typing import Any

import pytest
from pdu_cases import SENT, build, fields, load, parse

from gsmgw.pdu import PduError, build_tpdu

CASES = load("clauses.json")
VALID = [case for case in CASES if case["dir"] == "decode" and "error" not in case["expect"]]
REFUSED = [case for case in CASES if case["dir"] == "decode" and "error" in case["expect"]]
ENCODE = [case for case in CASES if case["dir"] == "encode"]


def ids(cases: list[dict[str, Any]]) -> list[str]:
    return [case["id"] for case in cases]


def test_the_file_is_whole() -> None:
    assert len(VALID) + len(REFUSED) + len(ENCODE) == len(CASES) > 250
    assert len(set(ids(CASES))) == len(CASES)
    assert all(case["clause"][:3] in ("23.", "24.", "27.") for case in CASES)


@pytest.mark.parametrize("case", VALID, ids=ids(VALID))
def test_decode(case: dict[str, Any]) -> None:
    pdu = parse(case)
    found = fields(pdu)
    assert {key: found.get(key) for key in case["expect"]} == case["expect"]
    assert pdu.tpdu.name == case["tpdu"]
    assert len(pdu.trailing) == case.get("trailing_octets", 0)


@pytest.mark.parametrize("case", REFUSED, ids=ids(REFUSED))
def test_refuse(case: dict[str, Any]) -> None:
    with pytest.raises(PduError) as caught:
        parse(case)
    assert caught.value.field
    assert caught.value.offset is not None
    assert 0 <= caught.value.offset <= len(case["pdu"]) // 2


@pytest.mark.parametrize("case", ENCODE, ids=ids(ENCODE))
def test_encode(case: dict[str, Any]) -> None:
    assert build(case) == case["pdu"]


CANONICAL = [
    case
    for case in VALID
    if case["id"] not in ("addr-toa-bit-7-clear", "addr-odd-fill-0", "mti-reserved", "pi-extended", "hex-lower")
]
"""What has one form only: built again, these are the octets they were, up to what follows the last field."""


@pytest.mark.parametrize("case", CANONICAL, ids=ids(CANONICAL))
def test_build_again(case: dict[str, Any]) -> None:
    pdu = parse(case)
    assert build_tpdu(pdu.tpdu) == pdu.octets[pdu.tpdu_offset : pdu.end_offset]
    assert (case["tpdu"] in SENT) == pdu.tpdu.sent
