"""Final result codes: errors given as words have the code that stands for them."""

from __future__ import annotations

import pytest

from gsmgw.at.result_codes import FinalResult, FinalResultKind, parse_final_result


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("331", 331),
        ("38", 38),
        ("no network service", 331),
        ("Network Timeout", 332),
        ("SIM busy", 314),
        ("(U)SIM BUSY", 314),
        ("unknown error", 500),
        ("ME failure", 300),
        ("SMS service of ME reserved", 301),
        ("SMS service reserved", 301),
        ("operation not allowed", 302),
        ("operation not supported", 303),
        ("invalid text mode parameter", 305),
        ("(U)SIM not inserted", 310),
        ("SIM not inserted", 310),
        ("(U)SIM PIN required", 311),
        ("SIM PIN required", 311),
        ("(U)SIM failure", 313),
        ("(U)SIM wrong", 315),
        ("(U)SIM PUK required", 316),
        ("SMSC address unknown", 330),
        ("no CNMA acknowledgement expected", 340),
        ("no CNMA ack expected", 340),
        ("Memory  full", 322),
        ("invalid PDU mode parameter", 304),
        ("no +CNMA acknowledgement expected", 340),
        ("gibberish", None),
        ("", None),
        ("-1", None),
    ],
)
def test_words_instead_of_a_cms_code(text: str, code: int | None) -> None:
    assert parse_final_result(f"+CMS ERROR: {text}") == FinalResult(FinalResultKind.CMS, code, text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SIM busy", 14),
        ("sim not inserted", 10),
        ("16", 16),
        ("unknown", 100),
        ("phone failure", 0),
        ("Phone failure", 0),
        ("PH-FSIM PIN required", 6),
        ("unknown error", 100),
        ("nonsense", None),
    ],
)
def test_words_instead_of_a_cme_code(text: str, code: int | None) -> None:
    assert parse_final_result(f"+CME ERROR: {text}") == FinalResult(FinalResultKind.CME, code, text)
