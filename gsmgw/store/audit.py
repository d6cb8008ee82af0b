"""The audit log: management calls with their caller and result. Only the newest entries are kept."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from gsmgw.store.tx import Tx
from gsmgw.store.unreadable import check, check_moments, kinds, parsed, readable_page

#: Entries kept, and of those that any token can cause as often as it likes: some megabytes.
KEPT = 10_000
KEPT_MINOR = 2_000


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry. ``id`` is 0 before it is stored."""

    at_ms: int
    who: str
    origin: str
    method: str
    path: str
    status: int
    detail: dict[str, Any]
    id: int = 0
    #: Refused, or of a token that does not manage the gateway.
    minor: bool = False


def note(tx: Tx, entry: Entry) -> None:
    """Add an entry; the oldest ones make room."""
    tx.insert(
        "INSERT INTO audit (at_ms, who, origin, method, path, status, detail, minor) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.at_ms,
            entry.who,
            entry.origin,
            entry.method,
            entry.path,
            entry.status,
            json.dumps(entry.detail, ensure_ascii=False),
            entry.minor,
        ),
    )
    tx.run(
        "DELETE FROM audit WHERE minor = ? AND id <= "
        "(SELECT id FROM audit WHERE minor = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
        (entry.minor, entry.minor, KEPT_MINOR if entry.minor else KEPT),
    )


def entries(
    db: sqlite3.Connection,
    limit: int,
    *,
    who: str | None = None,
    since_ms: int | None = None,
    until_ms: int | None = None,
    before_id: int | None = None,
) -> list[Entry]:
    """Return a page of the log, newest first."""
    terms = {
        "who = ?": who,
        "at_ms >= ?": since_ms,
        "at_ms < ?": until_ms,
        "id < ?": before_id,
    }
    given = {term: value for term, value in terms.items() if value is not None}
    where = f"WHERE {' AND '.join(given)} " if given else ""
    query = f"SELECT {_COLUMNS} FROM audit {where}ORDER BY id DESC LIMIT ?"
    return readable_page(db, "audit", _entry, limit, lambda size: db.execute(query, (*given.values(), size)), -1)


_COLUMNS = "at_ms, who, origin, method, path, status, detail, id"
_KINDS = kinds(_COLUMNS, integers="at_ms status id")


def _entry(row: Any) -> Entry:
    check(row, _KINDS)
    check_moments(row[0])
    at_ms, who, origin, method, path, status, detail, number = row
    return Entry(at_ms, who, origin, method, path, status, parsed(detail, dict), number)
