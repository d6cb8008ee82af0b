"""Tables at terminals of any width and in pipes, and texts that would steer a terminal."""

from __future__ import annotations

import json

import pytest
from rich.cells import cell_len

from gsmgw.cli.listing import escaped_json, fold, layout, shown

COLUMNS = ("id", "status", "text")
SHORT = ("1m7zn800f027p", "delivered", "Your table is ready.")
LONG = ("1m7zn800f027q", "sent", "Ein langer Text. " * 60)
WIDE = ("1m7zn800f027r", "received", "你好" * 60 + "🎉")


@pytest.mark.parametrize("width", [10, 20, 40, 60, 80, 100, 200])
def test_no_line_is_longer_than_the_terminal_and_nothing_is_lost(width: int) -> None:
    rows = [SHORT, LONG, WIDE]
    lines = layout(COLUMNS, rows, width)
    assert max(map(cell_len, lines)) <= width
    whole = "".join("".join(lines).split())
    for row in rows:
        assert "".join(row[2].split()) in "".join(whole.split())
    assert "…" not in whole


def test_at_a_narrow_terminal_long_texts_go_below_and_short_ones_stay() -> None:
    assert layout(COLUMNS, [SHORT], 50) == [
        "id             status     text",
        "1m7zn800f027p  delivered  Your table is ready.",
    ]
    assert layout(COLUMNS, [SHORT], 40) == [
        "id  status",
        "    text",
        "1m7zn800f027p  delivered",
        "    Your table is ready.",
    ]


def test_in_a_pipe_each_row_is_one_line() -> None:
    lines = layout(COLUMNS, [SHORT, LONG], None)
    assert len(lines) == 3
    assert lines[2].endswith("Ein langer Text. Ein langer Text.")


def test_words_are_kept_whole_where_they_fit() -> None:
    assert fold("one two three", 8) == ["one two", "three"]
    assert fold("https://example.org/a/long/one", 10) == ["https://ex", "ample.org/", "a/long/one"]
    assert fold("two\nlines", 80) == ["two", "lines"]
    assert fold("好好好", 1) == ["好", "好", "好"]


def test_what_would_steer_a_terminal_is_an_escape() -> None:
    evil = "a\x1b]0;owned\x07\x9b2J\u202egnp.exe\u2066\u2028\tb\nc"
    assert shown(evil) == "a\\x1b]0;owned\\x07\\x9b2J\\u202egnp.exe\\u2066\\u2028\\tb\\nc"
    assert shown("Grüße 🎉 👨\u200d👩", lines=True) == "Grüße 🎉 👨\u200d👩"
    assert shown("one\r\ntwo\rthree", lines=True) == "one\ntwo\nthree"
    raw = escaped_json(json.dumps({"text": evil}, ensure_ascii=False))
    assert "\x9b" not in raw
    assert json.loads(raw) == {"text": evil}


def test_values_are_in_words() -> None:
    assert shown(None) == ""
    assert shown({"SM": {"used": 3, "total": 30}}) == "SM used 3, total 30"
    assert shown(["a", "b"]) == "a, b"
