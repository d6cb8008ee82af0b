"""Limits for request bodies, checked before they are parsed.

A parsed body is in memory as a whole. Twenty megabytes of text stay twenty megabytes, but twenty megabytes of brackets
become gigabytes. So the number of values is limited as well as the number of bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from gsmgw.http.problems import Problem, pointer
from gsmgw.wire.problems import ProblemCode

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """A limit for bodies, in bytes and in values: numbers, strings, lists, objects and fields."""

    max_bytes: int
    max_values: int

    def too_large(self) -> Problem:
        """Return the problem for a body with more bytes."""
        return Problem(ProblemCode.TOO_LARGE, f"the body may have at most {self.max_bytes} bytes")


#: 10 000 messages of about two kilobytes each. One with every field and twenty tags has about forty values.
BATCH = BodyLimit(20 * 1024 * 1024, 500_000)
#: The longest text has 38 760 characters of six bytes each if all are escaped.
SINGLE = BodyLimit(1024 * 1024, 2_000)
#: A file of 100 000 contacts has about ten megabytes. It is not kept in memory.
IMPORT = BodyLimit(200 * 1024 * 1024, 0)
#: Paths whose body is a file: it is streamed to the route.
FILES = frozenset({"/v1/contacts/import"})
_BATCHES = frozenset({"/v1/messages/batch", "/v1/messages/batch/preview"})


def limit_of(path: str) -> BodyLimit:
    """Return the limit for bodies at a path."""
    if path in FILES:
        return IMPORT
    return BATCH if path in _BATCHES else SINGLE


def check_json(raw: bytes, limit: BodyLimit) -> bytes:
    """Return the body without a byte order mark. Raises :class:`Problem` if it is not UTF-8 or above its limit.

    RFC 8259 8.1: JSON is UTF-8, and a byte order mark may be ignored.
    """
    raw = raw.removeprefix(_BOM)
    if b"\0" in raw:
        raise Problem(ProblemCode.INVALID_JSON, f"the byte at {raw.index(0)} is zero: JSON must be UTF-8, not UTF-16")
    try:
        if limit.max_bytes <= SINGLE.max_bytes and not raw.isascii():  # for a batch its own parser checks it
            raw.decode()
    except UnicodeDecodeError as exc:
        raise Problem(ProblemCode.INVALID_JSON, f"the byte at {exc.start} is not valid UTF-8") from None
    # The quick count includes what is inside strings; that is enough for nearly all bodies.
    if sum(map(raw.count, _BEFORE_A_VALUE)) > limit.max_values and _more_than(limit.max_values).match(raw):
        raise Problem(ProblemCode.TOO_LARGE, f"the body may have at most {limit.max_values} values")
    if limit.max_bytes <= SINGLE.max_bytes and _SURROGATE.search(raw):  # in a batch each message is checked by itself
        _refuse_halves(raw)
    return raw


_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _refuse_halves(raw: bytes) -> None:
    """Raise :class:`Problem` if a string has half of a surrogate pair, which JSON allows and UTF-8 does not."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return  # the parser will report it
    for path, text in _strings(value):
        try:
            text.encode()
        except UnicodeEncodeError as exc:
            detail = f"contains half of a surrogate pair at position {exc.start}"
            errors = [{"pointer": pointer(*path), "detail": detail}]
            raise Problem(
                ProblemCode.INVALID_REQUEST, f"{'.'.join(map(str, path)) or 'body'}: {detail}", errors=errors
            ) from None


def _strings(value: Any) -> Iterator[tuple[tuple[object, ...], str]]:
    """Yield all strings of a JSON value, names included, with the path to each."""
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
    """Return a pattern for the beginning of a body with more values. It looks at each byte once."""
    string = r'"(?:[^"\\]++|\\.)*+(?:"|\Z)'
    pattern = rf'(?:(?:[^",\[{{]++|{string})*+[,\[{{]){{{values + 1}}}+'
    return re.compile(pattern.encode(), re.DOTALL)
