"""Reading the outbox: what waits, in which lane, until when."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from gsmgw.model import Outgoing, SegmentRecord
from gsmgw.store.rows import OUTGOING_COLUMNS, SEGMENT_COLUMNS, outgoing_of, segment_of
from gsmgw.store.states import AT_MODEM, WAITING
from gsmgw.store.unreadable import check, readable, readable_page


def ready_after(
    db: sqlite3.Connection, route: str, client: str, priority: int, after: int, limit: int
) -> list[Outgoing]:
    """Return the messages of one lane that wait for a modem, oldest first."""
    query = (
        f"SELECT {OUTGOING_COLUMNS} FROM messages WHERE status = 'queued' AND due_ms IS NULL AND route = ? "
        "AND client = ? AND priority = ? AND id > ? ORDER BY id LIMIT ?"
    )
    given = (route, client, priority, after)
    return readable_page(db, "messages", outgoing_of, limit, lambda size: db.execute(query, (*given, size)))


def ready_lanes(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return the routes and clients with a waiting message. Needs one index lookup for each."""
    found: list[tuple[str, str]] = []
    row = db.execute(_FIRST_LANE).fetchone()
    while row is not None:
        found.append((row[0], row[1]))
        row = db.execute(_NEXT_LANE, row).fetchone()
    return found


_FIRST_LANE = (
    "SELECT route, client FROM messages WHERE status = 'queued' AND due_ms IS NULL ORDER BY route, client LIMIT 1"
)
_NEXT_LANE = (
    "SELECT route, client FROM messages WHERE status = 'queued' AND due_ms IS NULL AND (route, client) > (?, ?) "
    "ORDER BY route, client LIMIT 1"
)


def next_due_ms(db: sqlite3.Connection) -> int | None:
    """Return the time when the next deferred message or expiry is due."""
    due = db.execute("SELECT min(due_ms) FROM messages WHERE due_ms IS NOT NULL").fetchone()[0]
    expiry = db.execute(f"SELECT min(expires_ms) FROM messages WHERE expires_ms IS NOT NULL AND {WAITING}").fetchone()[
        0
    ]
    return min((moment for moment in (due, expiry) if isinstance(moment, int)), default=None)


def segments_of(db: sqlite3.Connection, message_id: int) -> list[SegmentRecord]:
    """Return the segments of a message in order."""
    rows = db.execute(f"SELECT {SEGMENT_COLUMNS} FROM segments WHERE message_id = ? ORDER BY seq", (message_id,))
    named = ((*row, f"{message_id}/{row[0]}") for row in rows)
    return readable(db, "segments", lambda row: segment_of(row[:-1]), named, -1)


def usage_since(db: sqlite3.Connection, sim: str, since_ms: int) -> list[tuple[int, str, int]]:
    """Return the segments sent with a SIM, oldest first: UTC milliseconds, recipient, segment number."""
    rows = db.execute(
        "SELECT s.sending_ms, m.peer, s.seq FROM segments s JOIN messages m ON m.id = s.message_id "
        "WHERE s.sim = ? AND s.sending_ms >= ? ORDER BY s.sending_ms",
        (sim, since_ms),
    )
    return readable(db, "segments", _use_of, rows)


def pool_usage_since(db: sqlite3.Connection, modems: Sequence[str], since_ms: int) -> list[tuple[int, str, int]]:
    """Return the segments sent with several modems, oldest first."""
    marks = ", ".join("?" * len(modems))
    rows = db.execute(
        "SELECT s.sending_ms, m.peer, s.seq FROM segments s JOIN messages m ON m.id = s.message_id "
        f"WHERE s.sending_ms >= ? AND s.modem IN ({marks}) ORDER BY s.sending_ms",
        (since_ms, *modems),
    )
    return readable(db, "segments", _use_of, rows)


def assigned_since(db: sqlite3.Connection, modems: Sequence[str], since_ms: int) -> list[tuple[int, str, int]]:
    """Return the messages that were assigned to several modems of nodes, with their segments, oldest first."""
    marks = ", ".join("?" * len(modems))
    rows = db.execute(
        "SELECT j.assigned_ms, m.peer, m.segments FROM fleet_jobs j JOIN messages m ON m.id = j.message_id "
        f"WHERE j.assigned_ms >= ? AND m.modem IN ({marks}) ORDER BY j.assigned_ms",
        (since_ms, *modems),
    )
    return readable(db, "messages", _use_of, rows)


def _use_of(row: tuple[int, str, int]) -> tuple[int, str, int]:
    check(row, _USE)
    return row


_USE = (frozenset({int}), frozenset({str}), frozenset({int}))


def last_id(db: sqlite3.Connection) -> int:
    """Return the largest message ID."""
    (message,) = db.execute("SELECT coalesce(max(id), 0) FROM messages").fetchone()
    # Claims have numbers of the same source; those that matter after a restart are the unsettled ones.
    (claim,) = db.execute(f"SELECT coalesce(max(claim), 0) FROM segments WHERE {AT_MODEM}").fetchone()
    return max(int(message), claim if isinstance(claim, int) else 0)
