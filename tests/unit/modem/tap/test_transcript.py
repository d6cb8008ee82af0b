"""Transcripts: private, and fit to be shown when masked, however the bytes were cut on their way."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gsmgw.modem.tap.transcript import LINE_LIMIT_BYTES, TranscriptRows

#: One conversation: what is said in turn, with everything in it that nobody else may see.
SAID: list[tuple[str, bytes]] = [
    (">", b"ATE0\r"),
    ("<", b"ATE0\r\r\nOK\r\n"),
    (">", b"AT+CGMR\r"),
    ("<", b"\r\n11.126.16.00.00\r\n\r\nOK\r\n"),
    (">", b"AT+CGSN\r"),
    ("<", b"\r\n490154203237518\r\n\r\nOK\r\n"),
    (">", b"AT+CIMI\r"),
    ("<", b"\r\n262011234567890\r\n\r\nOK\r\n"),
    (">", b'AT+CPIN="4711"\r'),
    ("<", b'AT+CPIN="4711"\r\r\nOK\r\n\r\n+CPIN: READY\r\n'),
    (">", b"AT+CSQ\r"),
    ("<", b"\r\n+CSQ: 18,99\r\n\r\nOK\r\n"),
    (">", b"AT+CPMS?\r"),
    ("<", b'\r\n+CPMS: "SM",3,50,"SM",3,50,"SM",3,50\r\n\r\nOK\r\n'),
    (">", b'AT+CSCA="+491710760000",145\r'),
    ("<", b"\r\nOK\r\n"),
    (">", b"AT+CMGS=17\r"),
    ("<", b"\r\n> "),
    (">", b"00010B911234567890F50000\x1a"),
    ("<", b"\r\n+CMGS: 41\r\n\r\nOK\r\n"),
    (">", b"AT+CMGR=0\r"),
    ("<", b"\r\n+CMGR: 0,,25\r\n07919471060040340409911234F5\r\n\r\nOK\r\n"),
    ("<", b'\r\n+CMT: "Jane Doe",25\r\n0791947106004034\r\n'),
    ("<", b'\r\nRING\r\n\r\n+CLIP: "+491711234567",145,,,,0\r\n'),
    (">", b'AT+CUSD=1,"*100*8642#",15\r'),
    (
        "<",
        b'\r\nOK\r\n\r\n+CUSD: 0,"Dear Ms "Miller", your code is 9753\nand 31337 is your bonus",15\r\n',
    ),
    ("<", b'\r\n+CUSD: 0,"say "now",6174\r\n'),
    ("<", b'\r\n+CNUM: "Jane","+491711234567",145\r\n\r\nOK\r\n'),
    ("<", b'\r\n+CREG: 1,"1A2B","00C0FFEE",7\r\n'),
    (">", b"ATD+491719999999;\r"),
    ("<", b"\r\n+CMS ERROR: 500\r\n\r\n+CME ERROR: SIM not inserted\r\n"),
    (">", b"AT+CCLK?\r"),
    ("<", b"\r+CSQ: 7,99\rOK\r"),
    (">", b"AT\r"),
]
PRIVATE = (
    *("490154", "262011", "4711", "491710760000", "1234567890", "079194", "Jane", "Doe", "4917112", "8642", "Dear"),
    *("Miller", "code", "9753", "31337", "6174", "bonus", "1A2B", "C0FFEE", "491719999999"),
)
SHOWN = (
    *(
        "ATE0",
        "AT+CGMR",
        "11.126.16.00.00",
        "AT+CPIN=",
        "+CPIN: READY",
        "+CSQ: 18,99",
        "+CSQ: 7,99",
        "AT+CMGS=17",
        "> ",
    ),
    *('+CPMS: "SM",3,50,"SM",3,50', "+CMGS: 41", "+CMGR: 0,,25", "RING", '+CLIP: "', '",145,,,,0', '+CREG: 1,"'),
    *("+CMS ERROR: 500", "+CME ERROR: SIM not inserted", "AT+CCLK?", 'AT+CUSD=1,"'),
)


def rows(said: list[tuple[str, bytes]], *, masked: bool) -> list[str]:
    made = TranscriptRows(masked=masked)
    found = [row for direction, data in said for row in made.feed(0.0, direction, data)]
    return found + made.end(0.0)


@st.composite
def cut(draw: st.DrawFn) -> list[tuple[str, bytes]]:
    """The same conversation in other pieces."""
    pieces = []
    for direction, data in SAID:
        places = sorted(draw(st.sets(st.integers(1, max(1, len(data) - 1)), max_size=8)))
        for since, until in zip([0, *places], [*places, len(data)], strict=True):
            pieces.append((direction, data[since:until]))
    return pieces


@pytest.mark.parametrize("masked", [True, False])
@given(pieces=cut())
def test_the_rows_are_the_same_however_the_bytes_are_cut(masked: bool, pieces: list[tuple[str, bytes]]) -> None:
    assert rows(pieces, masked=masked) == rows(SAID, masked=masked)


@pytest.mark.parametrize("masked", [True, False])
def test_byte_by_byte(masked: bool) -> None:
    single = [(direction, bytes([octet])) for direction, data in SAID for octet in data]
    assert rows(single, masked=masked) == rows(SAID, masked=masked)
    if not masked:
        assert not [row for row in rows(single, masked=False) if "4711" in row]


@pytest.mark.parametrize("private", PRIVATE)
def test_what_says_something_about_somebody_is_masked(private: str) -> None:
    assert not [row for row in rows(SAID, masked=True) if private.lower() in row.partition(" ")[2].lower()]


@pytest.mark.parametrize("harmless", SHOWN)
def test_what_says_nothing_about_anybody_is_shown(harmless: str) -> None:
    assert [row for row in rows(SAID, masked=True) if harmless in row]


def test_masking_keeps_lengths() -> None:
    made = rows(SAID, masked=True)
    raw = TranscriptRows(masked=False)
    whole = [row for direction, data in SAID for row in raw.feed(0.0, direction, data)]
    assert [len(row) for row in made if "CPIN=" not in row] == [len(row) for row in whole if "CPIN=" not in row]


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\x1a\x1b\0"), min_size=1, max_size=80))
def test_a_text_on_a_line_of_its_own_is_never_shown(text: str) -> None:
    """A modem in text mode, or a USSD answer of several lines: what no name introduces has no digit or letter left."""
    line = f"\r\nDear {text}\r\n".encode("latin-1")
    (row,) = rows([("<", line)], masked=True)
    assert not re.search(r"[a-wyzA-Z0-9]", row.partition("< ")[2].replace("\\r\\n", ""))


def test_a_line_that_does_not_end_is_counted_and_not_kept() -> None:
    made = TranscriptRows(masked=False)
    flood = b'AT+CPIN="4711' * 10_000
    assert not [row for at in range(0, len(flood), 777) for row in made.feed(0.0, "<", flood[at : at + 777])]
    assert made.feed(1.0, "<", b"\r\n") == [f"1.000000 < ({len(flood)} bytes in a line)"]
    assert TranscriptRows(masked=True).feed(1.0, "<", flood + b"\r\n") == [f"1.000000 < ({len(flood)} bytes in a line)"]
    assert not made.feed(1.0, "<", b"\r" * 100_000)
    assert made.feed(2.0, "<", b"OK\r\n") == ["2.000000 < \\r\\r\\rOK\\r\\n"]
    assert len(flood) > LINE_LIMIT_BYTES


def test_a_raw_transcript_holds_no_pin() -> None:
    transcript = TranscriptRows(masked=False)
    rows = transcript.feed(0.0, ">", b"AT+CSQ\r")
    rows += transcript.feed(1.5, "<", b"\r\n+CSQ: 18,99\r\n\r\nOK\r\n")
    rows += transcript.feed(1.5, ">", b"AT+CP")
    rows += transcript.feed(1.5, ">", b'IN="4711"\r')
    rows += transcript.feed(1.5, "<", b'AT+CPIN="47')
    rows += transcript.end(1.5)
    assert rows == [
        "0.000000 > AT+CSQ\\r",
        "1.500000 < \\r\\n+CSQ: 18,99\\r\\n",
        "1.500000 < \\r\\nOK\\r\\n",
        "1.500000 > AT+CPIN=***\\r",
        "1.500000 < AT+CPIN=***",
    ]


FLOODS = [b"\0", b"\r", b"\n", b"a", b"\0a", b"\r\0", b'"', b" -", b"\0" * 2000 + b"\r" * 2000]


@pytest.mark.parametrize("flood", FLOODS)
@pytest.mark.parametrize("masked", [False, True])
def test_a_flood_costs_no_more_than_its_size(flood: bytes, masked: bool) -> None:
    rows = TranscriptRows(masked=masked)
    piece = (flood * 8192)[:8192]
    began = time.process_time()
    for _ in range(20):
        rows.feed(0.0, "<", piece)
    assert time.process_time() - began < 20  # it takes 0.1 s; where lines were looked for twice it took hours
