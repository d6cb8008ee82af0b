"""The people in drips: who is enrolled, which step is next, and why somebody gets no more."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from gsmgw.model import format_id
from gsmgw.model.drips import DripEnd, Follower, SavedDrip
from gsmgw.model.events import DripEnded
from gsmgw.store.contacts import Clause
from gsmgw.store.lifecycle import cancel
from gsmgw.store.tx import Tx, as_json
from gsmgw.store.unreadable import check, kinds, readable

_COLUMNS = "id, drip_id, number, contact_id, source, reason, step, due_ms, planned, enrolled_ms, ended_ms"
_KINDS = kinds(
    _COLUMNS,
    integers="id drip_id contact_id step due_ms planned enrolled_ms ended_ms",
    optional="contact_id reason ended_ms",
)
_INSERT = "INSERT OR IGNORE INTO drip_people (drip_id, number, contact_id, source, due_ms, enrolled_ms)"


def _follower(row: Any) -> Follower:
    check(row, _KINDS)
    reason = None if row[5] is None else DripEnd(row[5])
    number, drip_id, to, contact_id, source, _, step, due_ms, planned, enrolled_ms, ended_ms = row
    return Follower(number, drip_id, to, contact_id, source, reason, step, due_ms, bool(planned), enrolled_ms, ended_ms)


# -- enrolling ----------------------------------------------------------------------------------------------------


def enroll(tx: Tx, now_ms: int, drip_id: int, numbers: Iterable[str], source: str, *, again: bool) -> int:
    """Enroll numbers. ``again`` includes those who have left the drip. Return how many are new in it."""
    wanted = as_json(numbers)
    if again:
        tx.run(
            "DELETE FROM drip_people WHERE drip_id = ? AND number IN (SELECT value FROM json_each(?)) "
            "AND reason IS NOT NULL",
            (drip_id, wanted),
        )
    return tx.run(
        f"{_INSERT} SELECT ?1, j.value, (SELECT id FROM contacts WHERE number = j.value), ?2, ?3, ?3 "
        "FROM json_each(?4) j WHERE true",
        (drip_id, source, now_ms, wanted),
    )


def next_numbers(db: sqlite3.Connection, wanted: Clause, after: int, limit: int) -> list[tuple[int, str]]:
    """Return the next contacts that meet a condition: ID and number."""
    condition, values = wanted
    rows = db.execute(
        f"SELECT id, number FROM contacts WHERE id > ? AND ({condition}) ORDER BY id LIMIT ?", (after, *values, limit)
    )
    return [(int(row[0]), str(row[1])) for row in rows]


def enroll_texted(tx: Tx, now_ms: int, drip_id: int, campaign_id: int) -> int:
    """Enroll those who were texted by a campaign and have not answered since. Return how many."""
    return tx.run(
        f"{_INSERT} SELECT ?1, r.number, r.contact_id, 'campaign', ?2, ?2 FROM campaign_recipients r "
        "CROSS JOIN messages m ON m.id = r.message_id "
        "WHERE r.campaign_id = ?3 AND m.status IN ('sent', 'delivered') AND m.campaign = ?4 "
        "AND NOT EXISTS (SELECT 1 FROM messages a WHERE a.peer = r.number AND a.direction = 'inbound' AND a.id > m.id)",
        (drip_id, now_ms, campaign_id, format_id(campaign_id)),
    )


# -- the next step ------------------------------------------------------------------------------------------------


def due(db: sqlite3.Connection, drip_id: int, now_ms: int, limit: int) -> list[Follower]:
    """Return the people whose next step is due, or not planned yet."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM drip_people WHERE drip_id = ? AND reason IS NULL AND due_ms <= ? "
        "ORDER BY due_ms LIMIT ?",
        (drip_id, now_ms, limit),
    )
    return readable(db, "drip_people", _follower, rows)


def next_due(db: sqlite3.Connection, drip_id: int) -> int | None:
    """Return when the next step of anybody is due."""
    row = db.execute("SELECT min(due_ms) FROM drip_people WHERE drip_id = ? AND reason IS NULL", (drip_id,)).fetchone()
    return None if row[0] is None else int(row[0])


def unchanged(tx: Tx, people: Sequence[Follower]) -> list[Follower]:
    """Return those who are as they were read, in the transaction that takes their step up."""
    rows = tx.all(
        f"SELECT {_COLUMNS} FROM drip_people WHERE id IN (SELECT value FROM json_each(?))",
        (as_json([each.id for each in people]),),
    )
    known = set(tx.readable("drip_people", _follower, rows))
    return [each for each in people if each in known]


def plan(tx: Tx, person: Follower, step: int, due_ms: int) -> None:
    """Note which step is next and when it is due."""
    tx.run("UPDATE drip_people SET step = ?, due_ms = ?, planned = 1 WHERE id = ?", (step, due_ms, person.id))


def note_message(tx: Tx, person: Follower, message_id: int) -> None:
    """Note the message of the present step."""
    tx.run("INSERT INTO drip_messages VALUES (?, ?, ?)", (person.id, person.step, message_id))


# -- ending -------------------------------------------------------------------------------------------------------


def end(tx: Tx, now_ms: int, saved: SavedDrip, person: Follower, reason: DripEnd) -> list[tuple[int, str]]:
    """Let a person get no further steps. Return the message that waited and is canceled, with its number."""
    if not tx.run(
        "UPDATE drip_people SET reason = ?, ended_ms = ? WHERE id = ? AND reason IS NULL",
        (reason.value, now_ms, person.id),
    ):
        return []
    tx.event(now_ms, DripEnded(saved.drip.name, person.number, reason.value))
    if reason is DripEnd.FINISHED:
        return []
    last = tx.one("SELECT message_id FROM drip_messages WHERE person_id = ? ORDER BY step DESC LIMIT 1", (person.id,))
    return [(int(last[0]), person.number)] if last is not None and cancel(tx, now_ms, last[0]) else []


def active_of(tx: Tx, number: str) -> list[Follower]:
    """Return in which drips a number is."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM drip_people WHERE number = ? AND reason IS NULL", (number,))
    return tx.readable("drip_people", _follower, rows)


def forget(tx: Tx, number: str) -> None:
    """Remove a number from all drips."""
    tx.run("DELETE FROM drip_people WHERE number = ?", (number,))


def with_open(db: sqlite3.Connection, numbers: Iterable[str]) -> set[str]:
    """Return which numbers are in a drip, or have an open question."""
    rows = db.execute(
        "SELECT j.value FROM json_each(?) j WHERE EXISTS (SELECT 1 FROM drip_people p WHERE p.number = j.value "
        "AND p.reason IS NULL) OR EXISTS (SELECT 1 FROM open_questions q WHERE q.number = j.value)",
        (as_json(numbers),),
    )
    return {str(row[0]) for row in rows}


# -- reading ------------------------------------------------------------------------------------------------------


def of_number(db: sqlite3.Connection, number: str) -> list[Follower]:
    """Return in which drips a number is or was, newest first."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM drip_people WHERE number = ? ORDER BY id DESC", (number,))
    return readable(db, "drip_people", _follower, rows)


def page(db: sqlite3.Connection, drip_id: int, after: str, limit: int, active: bool | None) -> list[Follower]:
    """Return people of a drip by number, after a number."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM drip_people WHERE drip_id = ?1 AND number > ?2 "
        "AND (?3 IS NULL OR (reason IS NULL) = ?3) ORDER BY number LIMIT ?4",
        (drip_id, after, None if active is None else int(active), limit),
    )
    return readable(db, "drip_people", _follower, rows)
