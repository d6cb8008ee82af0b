"""Rows that cannot be decoded: each is skipped and reported once; other rows are not affected."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

#: The errors that decoding raises because of the contents of a row.
_FAULTS: Final = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError,
)  # fmt: skip
#: Tables whose rows are decoded.
TABLES: Final = (
    "messages", "segments", "parts", "reports", "events", "idempotency", "concat_references", "tokens", "webhooks",
    "webhook_deliveries", "cursors", "audit", "contacts", "contact_fields", "contact_groups", "templates", "rules",
    "campaigns", "drips", "drip_people", "open_questions", "users", "sessions", "conversations",
    "conversation_notes", "answers", "smpp_messages", "smpp_parts",
)  # fmt: skip
#: Rows that are remembered, so that each is reported once. Later ones are only counted.
REMEMBERED: Final = 10_000
#: The years 1 and 9999, UTC milliseconds: no other moment has a form in RFC 3339.
_FIRST_MS, _LAST_MS = -62_135_596_800_000, 253_402_300_799_999


class Unreadable:
    """The rows of one database that could not be decoded. Thread-safe."""

    def __init__(self, told: Callable[[str, Any, str], None] | None = None) -> None:
        self._told = told
        self._known: set[tuple[str, Any]] = set()
        self._lock = threading.Lock()
        #: Number of rows by table.
        self.counts: Counter[str] = Counter(dict.fromkeys(TABLES, 0))

    def note(self, table: str, key: object, cause: Exception) -> None:
        """Record that a row could not be decoded; the first time it is reported."""
        with self._lock:
            if (table, key) in self._known or len(self._known) >= REMEMBERED:
                return
            self._known.add((table, key))
            self.counts[table] += 1
        why = f"{type(cause).__name__}: {cause}"
        log.error("store: row cannot be decoded and is skipped table=%s row=%s error=%s", table, key, why)
        if self._told is not None:
            self._told(table, key, why)


class Connection(sqlite3.Connection):
    """A connection with the record of unreadable rows."""

    unreadable: Unreadable | None = None


def is_odd_text(exc: BaseException) -> bool:
    """Return True if a statement failed because a text in the database is not UTF-8."""
    return isinstance(exc, sqlite3.OperationalError) and str(exc).startswith("Could not decode to UTF-8")


def readable(
    db: sqlite3.Connection, table: str, decode: Callable[[Any], T], rows: Iterable[Any], key: int = 0
) -> list[T]:
    """Decode rows and leave out those that cannot be; ``key`` is the column by which a row is named in the report."""
    found: list[T] = []
    for row in rows:
        try:
            found.append(decode(row))
        except _FAULTS as exc:
            note(db, table, row[key], exc)
    return found


def readable_one(db: sqlite3.Connection, table: str, decode: Callable[[Any], T], row: Any, key: int = 0) -> T | None:
    """Decode a row. Return None if there is none or it cannot be decoded."""
    found = readable(db, table, decode, () if row is None else (row,), key)
    return found[0] if found else None


def readable_page(
    db: sqlite3.Connection,
    table: str,
    decode: Callable[[Any], T],
    limit: int,
    query: Callable[[int], sqlite3.Cursor],
    key: int = 0,
) -> list[T]:
    """Decode the first ``limit`` readable rows. ``query`` returns a given number of rows; fewer mean the end."""
    asked = limit
    while True:
        rows = query(asked).fetchall()
        found = readable(db, table, decode, rows, key)
        if len(found) >= limit or len(rows) < asked:
            return found[:limit]
        asked *= 2


def note(db: sqlite3.Connection, table: str, key: object, cause: Exception) -> None:
    """Report a row that could not be decoded."""
    ledger = getattr(db, "unreadable", None)
    if ledger is None:
        log.error("store: row cannot be decoded and is skipped table=%s row=%s error=%s", table, key, cause)
    else:
        ledger.note(table, key, cause)


# -- columns of a row: each returns a value of the right type, or raises --------------------------------------------


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


_decoder: Final = json.JSONDecoder(parse_constant=_no_constant)


def parsed(text: Any, kind: type[T]) -> T:
    """Return the JSON in a column, which must have the given type. Lone surrogates become U+FFFD."""
    if text.__class__ is not str:
        raise TypeError(f"{type(text).__name__} instead of JSON")
    value = _decoder.decode(text)
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} instead of {kind.__name__}")
    return _whole(value) if "\\u" in text else value


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return list(map(_whole, value))
    if isinstance(value, dict):
        return {_whole(name): _whole(inner) for name, inner in value.items()}
    return value


def strings(text: Any) -> tuple[str, ...]:
    """Return the JSON array of strings in a column."""
    found = tuple(parsed(text, list))
    if any(value.__class__ is not str for value in found):
        raise TypeError("a list with values that are not strings")
    return found


def kinds(columns: str, *, integers: str = "", octets: str = "", optional: str = "") -> tuple[frozenset[type], ...]:
    """Return the allowed types of each column; text by default."""
    whole, raw, empty = set(integers.split()), set(octets.split()), set(optional.split())
    none = type(None)
    return tuple(
        frozenset({int if name in whole else bytes if name in raw else str} | ({none} if name in empty else set()))
        for name in columns.split(", ")
    )


def check(row: Sequence[Any], allowed: Sequence[frozenset[type]]) -> None:
    """Raise TypeError where a column holds something else than it may."""
    wrong = _misfit(tuple(map(type, row)), tuple(allowed))
    if wrong is not None:
        raise TypeError(f"column {wrong} holds {type(row[wrong]).__name__}")


@lru_cache(maxsize=1024)
def _misfit(found: tuple[type, ...], allowed: tuple[frozenset[type], ...]) -> int | None:
    """Return the first column with a wrong type. Cached: rows have few combinations of types."""
    pairs = enumerate(zip(found, allowed, strict=True))
    return next((number for number, (kind, kinds_) in pairs if kind not in kinds_), None)


def check_moments(*moments: int | None) -> None:
    """Raise ValueError for UTC milliseconds that no time of RFC 3339 can say."""
    for moment in moments:
        if moment is not None and not _FIRST_MS <= moment <= _LAST_MS:
            raise ValueError(f"{moment} is outside the years 1 to 9999")
