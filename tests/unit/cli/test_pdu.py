"""``gsmgw pdu decode`` and ``gsmgw pdu encode``: names, exit codes and texts of the contract."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gsmgw.cli.pdu import pdu

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[2] / "vectors" / "third_party.json").read_text(encoding="utf-8")
)
DELIVER = "07912143658709F1040B918100551512F20000111010214365000AE8329BFD4697D9EC37"
KEYS = [
    "tpdu",
    "smsc",
    "number",
    "text",
    "alphabet",
    "pid",
    "dcs",
    "class",
    "timestamp",
    "discharge",
    "status",
    "reference",
    "validity_s",
    "concat",
    "elements",
]


def run(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(pdu, arguments, input=stdin)


def objects(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def case(name: str) -> dict[str, Any]:
    return next(case for case in CASES if case["id"] == name)


def test_the_keys_of_the_contract() -> None:
    result = run("decode", "--json", DELIVER)
    assert result.exit_code == 0
    (found,) = objects(result)
    assert list(found) == KEYS
    assert found == {
        "tpdu": "DELIVER",
        "smsc": "+12345678901",
        "number": "+18005551212",
        "text": "hellohello",
        "alphabet": "gsm7",
        "pid": 0,
        "dcs": 0,
        "class": None,
        "timestamp": "2011-01-01T12:34:56+00:00",
        "discharge": None,
        "status": None,
        "reference": None,
        "validity_s": None,
        "concat": None,
        "elements": [],
    }


def test_every_published_case_through_standard_input() -> None:
    for smsc in (True, False):
        for sent in (True, False):
            for rp in (None, "error"):
                chosen = [
                    case
                    for case in CASES
                    if case["dir"] == "decode"
                    and case["sca"] == smsc
                    and (case["tpdu"] in ("SUBMIT", "COMMAND", "DELIVER-REPORT")) == sent
                    and case.get("rp") == rp
                ]
                if chosen:
                    check_cases(chosen, smsc, sent, rp)


def check_cases(chosen: list[dict[str, Any]], smsc: bool, sent: bool, rp: str | None) -> None:
    options = ["--json", *([] if smsc else ["--no-smsc"]), *(["--sent"] if sent else [])]
    if rp:
        options += ["--rp", rp]
    result = run("decode", *options, "-", stdin="".join(case["pdu"] + "\n" for case in chosen))
    found = objects(result)
    assert len(found) == len(chosen)
    refused = any("error" in one for one in found)
    assert result.exit_code == (1 if refused else 0)
    for one, this in zip(found, chosen, strict=True):
        expect = this["expect"]
        if "error" in expect:
            if expect["error"] is True and this["id"] != "gm-bad-mti3":
                assert set(one) == {"error"}, this["id"]
                assert set(one["error"]) == {"field", "offset", "title"}
            continue
        assert one["tpdu"] == this["tpdu"], this["id"]
        for key in ("smsc", "number", "text", "data_hex", "pid", "dcs", "class", "timestamp", "discharge", "status"):
            if key in expect:
                assert one[key] == expect[key], (this["id"], key)
        if "alphabet" in expect:
            assert one["alphabet"] == expect["alphabet"].replace("8bit", "data"), this["id"]
        if "mr" in expect:
            assert one["reference"] == expect["mr"], this["id"]
        if expect.get("vp") and "relative" in expect["vp"]:
            assert one["validity_s"] == expect["vp"]["relative"], this["id"]
        concat = expect.get("udh", {}).get("concat")
        assert one["concat"] == (concat and {key: concat[key] for key in ("ref", "total", "seq")}), this["id"]
        assert one["elements"] == expect.get("ies", []), this["id"]


def test_one_bad_pdu_among_good_ones() -> None:
    result = run("decode", "--json", DELIVER, "0791", DELIVER)
    assert result.exit_code == 1
    first, second, third = objects(result)
    assert first == third
    assert second == {"error": {"field": "SMSC", "offset": 2, "title": "the PDU ends inside the SMSC address"}}


def test_an_empty_line_is_a_refused_pdu() -> None:
    result = run("decode", "--json", "-", stdin=f"{DELIVER}\n\n")
    assert [next(iter(one)) for one in objects(result)] == ["tpdu", "error"]
    assert result.exit_code == 1


def test_refused_without_json() -> None:
    result = run("decode", "nonsense")
    assert result.exit_code == 1
    assert "not a valid PDU: PDU at byte 0: 'n' is not a hexadecimal digit" in result.stderr


@pytest.mark.parametrize("arguments", [("decode",), ("decode", "--rp", "nack", "00"), ("encode", "text")])
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_fields_with_meaning_and_clause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    lines = run("decode", DELIVER).stdout.splitlines()
    for field, value, meaning, clause in (
        ("SMSC", "+12345678901", "international, ISDN/telephone (E.164)", "24.011 8.2.5"),
        ("TP-MTI", "0", "DELIVER, from the service centre", "23.040 9.2.3.1"),
        ("TP-OA", "+18005551212", "international", "23.040 9.2.3.7"),
        ("TP-DCS", "0x00", "GSM 7 bit", "23.038 4"),
        ("TP-SCTS", "2011-01-01 12:34:56+00:00", "when the service centre got it", "23.040 9.2.3.11"),
        ("TP-UD", "hellohello", "10 septets of text", "23.038 6.2"),
    ):
        assert any(all(part in line for part in (field, value, meaning, clause)) for line in lines), field


@pytest.mark.parametrize("this", [c for c in CASES if c["dir"] == "decode"], ids=lambda c: str(c["id"]))
def test_every_published_case_can_be_explained(this: dict[str, Any]) -> None:
    options = [] if this["sca"] else ["--no-smsc"]
    if this["tpdu"] in ("SUBMIT", "COMMAND", "DELIVER-REPORT"):
        options.append("--sent")
    result = run("decode", *options, "--", this["pdu"])
    assert result.exit_code in (0, 1)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert bool(result.stdout) == (result.exit_code == 0)


def test_encode() -> None:
    # gm-enc-hello of the published cases
    result = run("encode", "--to", "+27820001111", "Hello World!")
    assert result.exit_code == 0
    assert result.stdout == "0001000B917228001011F100000CC8329BFD065DDF72363904\n"
    assert "gsm7, segments: 1, septets used: 12, free in the last: 148, AT+CMGS length: 24" in result.stderr


def test_encode_json_of_a_long_text() -> None:
    text = "Ж" * 71
    result = run("encode", "--to", "12345", "--json", text)
    first, second = objects(result)
    assert first["text"] + second["text"] == text
    assert first["concat"] | {"seq": 2} == second["concat"]
    assert (first["segment"], first["segments"], first["length"]) == (1, 2, len(first["pdu"]) // 2 - 1)
    back = objects(run("decode", "--sent", "--json", first["pdu"], second["pdu"]))
    assert [one["text"] for one in back] == [first["text"], second["text"]]
    assert [one["concat"] for one in back] == [first["concat"], second["concat"]]


def test_encode_what_a_service_centre_sends() -> None:
    result = run("encode", "--to", "+4917012345", "--from", "My Bank", "--json", "Your code is 4711")
    (built,) = objects(result)
    (back,) = objects(run("decode", "--json", built["pdu"]))
    assert (back["tpdu"], back["number"], back["text"]) == ("DELIVER", "My Bank", "Your code is 4711")
    assert back["timestamp"].endswith("+00:00")


def test_encode_names_what_needs_ucs2() -> None:
    result = run("encode", "--to", "110", "Zażółć")
    assert "characters outside the GSM 7-bit alphabet: ż ó ł ć" in result.stderr


def test_encode_refuses() -> None:
    result = run("encode", "--to", "Bob", "--json", "Hello")
    assert result.exit_code == 1
    assert objects(result)[0]["error"]["field"] == "TP-DA"
    result = run("encode", "--to", "110", "x" * 39016)
    assert result.exit_code == 1
    assert "the text takes 256 segments, 255 are allowed" in result.stderr
    assert result.stdout == ""
