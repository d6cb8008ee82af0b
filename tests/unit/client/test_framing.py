"""Lines of a stream end at CR and LF, and however the octets are cut, they are the same."""

from __future__ import annotations

from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gsmgw.client.framing import Lines


def cut(octets: bytes, places: list[int]) -> list[str]:
    lines = Lines()
    found = []
    ends = sorted({0, len(octets), *(place for place in places if place < len(octets))})
    for start, end in pairwise(ends):
        found += lines.feed(octets[start:end])
    return [*found, *lines.end()]


@pytest.mark.parametrize(
    ("octets", "lines"),
    [
        (b"a\nb\r\nc\rd\n", ["a", "b", "c", "d"]),
        ("a\u2028b\u2029c\x85d\x0b\x0c\x1c\x1d\x1ee\n".encode(), ["a\u2028b\u2029c\x85d\x0b\x0c\x1c\x1d\x1ee"]),
        (b"\n\r\n\r", ["", "", ""]),
        (b"no end", ["no end"]),
        (b"\xff\xc3\n\xa4\n", ["\ufffd\ufffd", "\ufffd"]),
    ],
)
def test_where_lines_end(octets: bytes, lines: list[str]) -> None:
    assert cut(octets, []) == lines
    assert cut(octets, list(range(len(octets)))) == lines


@given(st.lists(st.sampled_from([b"\r", b"\n", b"a", "\u2028".encode(), b"\xc2\x85"])), st.lists(st.integers(0, 30)))
def test_lines_are_the_same_however_they_were_cut(pieces: list[bytes], places: list[int]) -> None:
    octets = b"".join(pieces)
    assert cut(octets, places) == cut(octets, [])
