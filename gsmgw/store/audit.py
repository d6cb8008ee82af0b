"""The audit log: who asked for what to be changed, and what came of it. The newest entries are kept."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from gsmgw.store.tx import Tx

#: Entries kept: some megabytes at the most.
KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One call. ``id`` is 0 before it is stored."""

    at_ms: int
    who: str
    origin: str
    method: str
    path: str
    status: int
    detail: dict[str, Any]
    id: int = 0


def note(tx: Tx, entry: Entry) -> None:
    """Add an entry; the oldest ones make room."""
    number = tx.insert(
        "INSERT INTO audit (at_ms, who, origin, method, path, status, detail) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            entry.at_ms,
            entry.who,
            entry.origin,
            entry.method,
            entry.path,
            entry.status,
            json.dumps(entry.detail, ensure_ascii=False),
        ),
    )
    tx.run("DELETE FROM audit WHERE id <= ?", (number - KEPT,))


def entries(
    db: sqlite3.Connection,
    limit: int,
    *,
    who: str | None = None,
    since_ms: int | None = None,
    until_ms: int | None = None,
    before_id: int | None = None,
) -> list[Entry]:
    """A page of the log, newest first."""
    terms = {
        "who = ?": who,
        "at_ms >= ?": since_ms,
        "at_ms < ?": until_ms,
        "id < ?": before_id,
    }
    given = {term: value for term, value in terms.items() if value is not None}
    where = f"WHERE {' AND '.join(given)} " if given else ""
    rows = db.execute(
        f"SELECT at_ms, who, origin, method, path, status, detail, id FROM audit {where}ORDER BY id DESC LIMIT ?",
        (*given.values(), limit),
    )
    return [
        Entry(at_ms, who_, origin, method, path, status, json.loads(detail), number)
        for at_ms, who_, origin, method, path, status, detail, number in rows
    ]
