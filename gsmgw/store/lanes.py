"""Reading the outbox: what waits, in which lane, until when."""

from __future__ import annotations

import sqlite3

from gsmgw.model import Outgoing, SegmentRecord
from gsmgw.store.rows import OUTGOING_COLUMNS, SEGMENT_COLUMNS, outgoing_of, segment_of


def ready_after(db: sqlite3.Connection, route: str, priority: int, after: int, limit: int) -> list[Outgoing]:
    """Messages of one lane that wait for a modem, oldest first."""
    rows = db.execute(
        f"SELECT {OUTGOING_COLUMNS} FROM messages WHERE status = 'queued' AND due_ms IS NULL AND route = ? "
        "AND priority = ? AND id > ? ORDER BY id LIMIT ?",
        (route, priority, after, limit),
    )
    return [outgoing_of(row) for row in rows]


def ready_routes(db: sqlite3.Connection) -> list[str]:
    """The routes that have a message waiting. Steps through the index, one probe per route."""
    routes: list[str] = []
    row = db.execute("SELECT min(route) FROM messages WHERE status = 'queued' AND due_ms IS NULL").fetchone()
    while row and row[0] is not None:
        routes.append(row[0])
        row = db.execute(
            "SELECT min(route) FROM messages WHERE status = 'queued' AND due_ms IS NULL AND route > ?", (row[0],)
        ).fetchone()
    return routes


def next_due_ms(db: sqlite3.Connection) -> int | None:
    """When the next deferred message or expiry is due."""
    due = db.execute("SELECT min(due_ms) FROM messages WHERE due_ms IS NOT NULL").fetchone()[0]
    expiry = db.execute(
        "SELECT min(expires_ms) FROM messages WHERE expires_ms IS NOT NULL AND status IN ('queued', 'scheduled')"
    ).fetchone()[0]
    return min((moment for moment in (due, expiry) if moment is not None), default=None)


def segments_of(db: sqlite3.Connection, message_id: int) -> list[SegmentRecord]:
    """The segments of a message in order."""
    rows = db.execute(f"SELECT {SEGMENT_COLUMNS} FROM segments WHERE message_id = ? ORDER BY seq", (message_id,))
    return [segment_of(row) for row in rows]


def usage_since(db: sqlite3.Connection, sim: str, since_ms: int) -> list[int]:
    """When segments left through a SIM, oldest first, UTC milliseconds."""
    rows = db.execute(
        "SELECT sending_ms FROM segments WHERE sim = ? AND sending_ms >= ? ORDER BY sending_ms", (sim, since_ms)
    )
    return [row[0] for row in rows]


def last_id(db: sqlite3.Connection) -> int:
    """The largest identifier ever given out."""
    (message,) = db.execute("SELECT coalesce(max(id), 0) FROM messages").fetchone()
    # Claims have numbers of the same source; those that matter after a restart are the unsettled ones.
    (claim,) = db.execute(
        "SELECT coalesce(max(claim), 0) FROM segments WHERE status IN ('sending', 'unknown')"
    ).fetchone()
    return max(int(message), int(claim))
