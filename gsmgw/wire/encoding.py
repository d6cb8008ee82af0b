"""Encoding of values: JSON in UTF-8, times in RFC 3339."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import overload

from gsmgw.escaping import one_line


@overload
def stamp(ms: int) -> str: ...
@overload
def stamp(ms: int | None) -> str | None: ...
def stamp(ms: int | None) -> str | None:
    """Return a moment as RFC 3339 in UTC with milliseconds."""
    return None if ms is None else _stamp(ms)


@lru_cache(maxsize=4096)
def _stamp(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def dumped(body: object) -> bytes:
    """Return a value as JSON in UTF-8, without line separators."""
    return one_line(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace"))
