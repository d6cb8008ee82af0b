"""Bodies of requests before anything is made of them: how much they may hold, and whether they are JSON's octets.

A body becomes objects as a whole. Twenty megabytes of text stay twenty megabytes, twenty megabytes of brackets are
gigabytes then, and so is a list of all that is wrong with them: so its values are bounded as well as its octets.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from gsmgw.http.problems import Problem, pointer

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Bound:
    """What a body may hold. ``values``: numbers, strings, lists and the like, and fields."""

    octets: int
    values: int

    def too_large(self) -> Problem:
        """More octets than that came, or were announced."""
        return Problem("too_large", f"a body may have {self.octets} octets here at the most")


#: 10 000 messages of some two kilobytes each; with every field and twenty tags, one has some forty values.
BATCH = Bound(20 * 1024 * 1024, 500_000)
#: The longest text has 38 760 characters, six octets each where all are escaped.
SINGLE = Bound(1024 * 1024, 2_000)
_BATCHES = frozenset({"/v1/messages/batch", "/v1/messages/batch/preview"})


def bound_of(path: str) -> Bound:
    """What a body may hold that is sent there."""
    return BATCH if path in _BATCHES else SINGLE


def sound(raw: bytes, bound: Bound) -> bytes:
    """The octets of a body's JSON, without a byte order mark; :class:`Problem` where it is not UTF-8 or holds too much.

    RFC 8259 8.1: JSON is UTF-8, and a mark may be ignored.
    """
    raw = raw.removeprefix(_BOM)
    if b"\0" in raw:
        raise Problem("invalid_json", f"there is a zero octet at {raw.index(0)}: JSON is UTF-8, not UTF-16")
    try:
        if bound.octets <= SINGLE.octets and not raw.isascii():  # of a batch, its own parser says so
            raw.decode()
    except UnicodeDecodeError as exc:
        raise Problem("invalid_json", f"the octet at {exc.start} is no UTF-8") from None
    # What stands in strings counts at first: that is quick, and enough for nearly all bodies.
    if sum(map(raw.count, _BEFORE_A_VALUE)) > bound.values and _more_than(bound.values).match(raw):
        raise Problem("too_large", f"a body may hold {bound.values} values here at the most")
    if bound.octets <= SINGLE.octets and _SURROGATE.search(raw):  # in a batch each message is looked at by itself
        _refuse_halves(raw)
    return raw


_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _refuse_halves(raw: bytes) -> None:
    """:class:`Problem` where a string holds half of a surrogate pair, which JSON can say and UTF-8 cannot."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return  # whoever reads it says what is wrong with it
    for path, text in _strings(value):
        try:
            text.encode()
        except UnicodeEncodeError as exc:
            detail = f"holds half of a surrogate pair at position {exc.start}"
            errors = [{"pointer": pointer(*path), "detail": detail}]
            raise Problem("invalid_request", f"{'.'.join(map(str, path)) or 'body'}: {detail}", errors=errors) from None


def _strings(value: Any) -> Iterator[tuple[tuple[object, ...], str]]:
    """All strings of a JSON value, names too, with the path to each."""
    waiting: list[tuple[tuple[object, ...], Any]] = [((), value)]
    while waiting:
        path, inner = waiting.pop()
        if isinstance(inner, str):
            yield path, inner
        elif isinstance(inner, list):
            waiting += [((*path, number), each) for number, each in enumerate(inner)]
        elif isinstance(inner, dict):
            for name, each in inner.items():
                yield path, name
                waiting.append(((*path, name), each))


_BEFORE_A_VALUE = (b",", b"[", b"{")


@cache
def _more_than(values: int) -> re.Pattern[bytes]:
    """What a body begins with that has more of these outside of strings: each octet is looked at once, none is kept."""
    string = r'"(?:[^"\\]++|\\.)*+(?:"|\Z)'
    pattern = rf'(?:(?:[^",\[{{]++|{string})*+[,\[{{]){{{values + 1}}}+'
    return re.compile(pattern.encode(), re.DOTALL)
