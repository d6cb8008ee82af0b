"""Bytes into lines, in any portions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gsmgw.at.lexer import LINE_LIMIT_BYTES, LineLexer

PORTIONS = st.lists(st.tuples(st.text('\r\n \t\0"OK+:,a', max_size=12), st.booleans()), max_size=12)


def lines_of(portions: list[tuple[str, bool]], *, always_in_text: bool) -> tuple[list[str], str]:
    lexer = LineLexer()
    found: list[str] = []
    for text, in_text in portions:
        found += filter(None, lexer.feed(text.encode("latin-1"), in_text=always_in_text or in_text))
    return found, lexer.tail


@given(PORTIONS)
def test_the_lines_are_the_same_whether_or_not_a_text_is_open(portions: list[tuple[str, bool]]) -> None:
    """Only empty lines, which matter inside of texts, may be left out."""
    assert lines_of(portions, always_in_text=False) == lines_of(portions, always_in_text=True)


@given(PORTIONS)
def test_portions_do_not_matter(portions: list[tuple[str, bool]]) -> None:
    whole = "".join(text for text, _ in portions)
    assert lines_of(portions, always_in_text=False) == lines_of([(whole, False)], always_in_text=False)


def test_empty_lines_of_a_text_in_one_portion_are_kept() -> None:
    assert LineLexer().feed(b'+CUSD: 0,"a\r\n\r\nb",15\r\n', in_text=False) == ['+CUSD: 0,"a', "", 'b",15']


def test_a_line_that_is_too_long_is_dropped_and_the_next_one_kept() -> None:
    for in_text in (False, True):
        lexer = LineLexer()
        assert lexer.feed(b"x" * (LINE_LIMIT_BYTES + 1) + b"\r\nOK\r\n", in_text=in_text) == ["OK"]
        for _ in range(LINE_LIMIT_BYTES + 1):
            assert lexer.feed(b"y", in_text=in_text) == []
        assert lexer.feed(b"\r\nOK\r\n", in_text=in_text)[-1] == "OK"
