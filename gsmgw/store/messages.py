"""Reading messages and events: one, a page, a history."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from gsmgw.model import Direction, Event, MessageRecord, Purpose, Status
from gsmgw.store import contacts
from gsmgw.store.rows import EVENT_COLUMNS, events_of, message_columns, message_of
from gsmgw.store.states import OPEN, OPEN_STATES
from gsmgw.store.unreadable import readable_one, readable_page
from gsmgw.store.visibility import Sight


@dataclass(frozen=True, slots=True)
class Filter:
    """The filter of a listing. ``before_id`` is the keyset cursor: only older messages."""

    direction: Direction | None = None
    statuses: tuple[Status, ...] = ()
    peer: str | None = None
    modem: str | None = None
    client_ref: str | None = None
    purpose: Purpose | None = None
    list: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    sent_since_ms: int | None = None
    sent_until_ms: int | None = None
    before_id: int | None = None
    #: An expression of store.search.
    match: str | None = None
    sight: Sight | None = None


def get_message(db: sqlite3.Connection, message_id: int) -> MessageRecord | None:
    """Return one message."""
    row = db.execute(f"SELECT {message_columns()} FROM messages WHERE id = ?", (message_id,)).fetchone()
    return readable_one(db, "messages", message_of, row)


def get_messages(db: sqlite3.Connection, ids: Sequence[int]) -> list[MessageRecord | None]:
    """Several messages in the order asked for."""
    return [get_message(db, message_id) for message_id in ids]


def list_messages(db: sqlite3.Connection, wanted: Filter, limit: int) -> list[MessageRecord]:
    """Return a page of messages, newest first."""
    terms: list[str] = []
    values: list[object] = []

    def term(sql: str, value: object) -> None:
        terms.append(sql)
        values.append(value)

    if wanted.direction is not None:
        terms.append(f"direction = '{wanted.direction.value}'")  # a constant: the index of inbound ones needs it
    if wanted.statuses:
        if OPEN_STATES.issuperset(wanted.statuses):
            terms.append(OPEN)
        terms.append(f"status IN ({', '.join('?' * len(wanted.statuses))})")
        values.extend(status.value for status in wanted.statuses)
    if wanted.peer is not None:
        term("peer = ?", wanted.peer)
    if wanted.modem is not None:
        term("modem = ?", wanted.modem)
    if wanted.client_ref is not None:
        term("client_ref = ?", wanted.client_ref)
    if wanted.purpose is not None:
        term("direction = 'outbound' AND purpose = ?", wanted.purpose.value)
    if wanted.list is not None:
        term("list = ?", wanted.list)
    if wanted.since_ms is not None:
        term("created_ms >= ?", wanted.since_ms)
    if wanted.until_ms is not None:
        term("created_ms < ?", wanted.until_ms)
    if wanted.sent_since_ms is not None:
        term("sent_ms >= ?", wanted.sent_since_ms)
    if wanted.sent_until_ms is not None:
        term("sent_ms < ?", wanted.sent_until_ms)
    if wanted.sight is not None:
        words, seen = wanted.sight.clause()
        terms.append(words)
        values.extend(seen)
    if wanted.before_id is not None:
        term("id < ?", wanted.before_id)
    if wanted.match is not None:
        return _search(db, wanted.match, terms, values, wanted.before_id, limit)
    where = f"WHERE {' AND '.join(terms)} " if terms else ""
    query = f"SELECT {message_columns()} FROM messages {where}ORDER BY id DESC LIMIT ?"
    return readable_page(db, "messages", message_of, limit, lambda size: db.execute(query, (*values, size)))


def with_names(db: sqlite3.Connection, found: Sequence[MessageRecord]) -> list[tuple[MessageRecord, str | None]]:
    """Return messages, each with the name of its contact."""
    known = {message.peer for message in found if message.contact is not None and message.peer is not None}
    names = contacts.names_of(db, known) if known else {}
    return [(message, names.get(message.peer or "")) for message in found]


def _search(
    db: sqlite3.Connection, match: str, terms: Sequence[str], values: Sequence[object], before: int | None, limit: int
) -> list[MessageRecord]:
    """Walk the matches newest first, looking at each message, until there are enough of them."""
    where = "".join(f" AND {term}" for term in terms)  # the index has none of these columns
    bound = "" if before is None else " AND messages_search.rowid < ?"
    query = (
        f"SELECT {message_columns()} FROM messages_search CROSS JOIN messages ON messages.id = messages_search.rowid "
        f"WHERE messages_search MATCH ?{bound}{where} ORDER BY messages_search.rowid DESC LIMIT ?"
    )
    given = (match, *(() if before is None else (before,)), *values)
    return readable_page(db, "messages", message_of, limit, lambda size: db.execute(query, (*given, size)))


def history(db: sqlite3.Connection, message_id: int) -> list[Event]:
    """Return the events of one message, oldest first."""
    rows = db.execute(f"SELECT {EVENT_COLUMNS} FROM events WHERE message_id = ? ORDER BY id", (message_id,))
    return events_of(db, rows)


def events_after(db: sqlite3.Connection, after: int, limit: int) -> list[Event]:
    """Return the events after a cursor, oldest first."""
    rows = db.execute(f"SELECT {EVENT_COLUMNS} FROM events WHERE id > ? ORDER BY id LIMIT ?", (after, limit))
    return events_of(db, rows)


def event_heads_after(db: sqlite3.Connection, after: int, limit: int) -> list[Event]:
    """Return the events after a cursor, oldest first, with empty ``data``. A damaged one has no message."""
    rows = db.execute(
        "SELECT id, at_ms, type, message_id, modem FROM events WHERE id > ? ORDER BY id LIMIT ?", (after, limit)
    )
    return [
        Event(id_, at_ms, type_, message_id if message_id.__class__ is int else None, modem, {})
        for id_, at_ms, type_, message_id, modem in rows
    ]


def event_range(db: sqlite3.Connection) -> tuple[int, int]:
    """Return the oldest and the newest stored event; zeros if there is none."""
    (first,) = db.execute("SELECT coalesce(min(id), 0) FROM events").fetchone()  # asked for together they cost a scan
    (last,) = db.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()
    return int(first), int(last)


def oldest_queued_ms(db: sqlite3.Connection) -> int | None:
    """Return the time of acceptance of the oldest queued message, or None."""
    row = db.execute(
        f"SELECT created_ms FROM messages WHERE {OPEN} AND status = 'queued' ORDER BY id LIMIT 1"
    ).fetchone()
    return row[0] if row is not None and isinstance(row[0], int) else None


def queued_sample(db: sqlite3.Connection, limit: int) -> tuple[str, float]:
    """Return the recipient of the oldest queued message, and how many segments the oldest ones have on average."""
    oldest = f"SELECT peer, segments FROM messages WHERE {OPEN} AND status = 'queued' ORDER BY id LIMIT ?"
    rows = db.execute(oldest, (limit,)).fetchall()
    counted = [row[1] for row in rows if isinstance(row[1], int)]
    return (str(rows[0][0]) if rows else "", sum(counted) / len(counted) if counted else 1.0)


def counts(db: sqlite3.Connection) -> dict[str, int]:
    """Return the number of messages in each state that is not final."""
    rows = db.execute(f"SELECT status, count(*) FROM messages WHERE {OPEN} GROUP BY status")
    return dict(rows.fetchall())
