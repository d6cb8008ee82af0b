"""Everything that the database has about one number: to hand it out, and to erase it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from gsmgw.model import Event, Status
from gsmgw.store import (
    campaign_recipients,
    consent_changes,
    contact_history,
    contacts,
    conversations,
    drip_people,
    questions,
    smpp,
)
from gsmgw.store.rows import EVENT_COLUMNS, events_of
from gsmgw.store.tx import Tx, as_json

#: Rows that one transaction erases: limits the delay for other writers to some milliseconds.
PORTION: Final = 200
#: States of a message that a modem has, or whose end is not known: it cannot be erased.
_UNDER_WAY: Final = (Status.SENDING, Status.UNKNOWN)
_WAITING: Final = (Status.QUEUED, Status.SCHEDULED)
#: Replaces the number in the audit log.
_ERASED: Final = "erased"


@dataclass(frozen=True, slots=True)
class Found:
    """Where a number occurs outside of its messages and its contact: IDs of events, keys of answers to requests."""

    events: list[int]
    answers: list[str]


def _of_peer(db: sqlite3.Connection, number: str, states: Iterable[Status]) -> list[int]:
    words = ", ".join(f"'{state.value}'" for state in states)
    rows = db.execute(f"SELECT id FROM messages WHERE peer = ? AND status IN ({words})", (number,))
    return [int(row[0]) for row in rows]


def waiting(db: sqlite3.Connection, number: str) -> list[int]:
    """Return the messages that wait to be sent to a number."""
    return _of_peer(db, number, _WAITING)


def under_way(db: sqlite3.Connection, number: str) -> list[int]:
    """Return the messages to a number that a modem has, or whose outcome is unknown."""
    return _of_peer(db, number, _UNDER_WAY)


def find(db: sqlite3.Connection, number: str) -> Found:
    """Find a number in events and in answers to requests. Reads them all: seconds for a million."""
    quoted = json.dumps(number)
    events = db.execute("SELECT id FROM events WHERE instr(data, ?)", (quoted,))
    answers = db.execute("SELECT key FROM idempotency WHERE instr(answer, ?) OR instr(key, ?)", (number, number))
    return Found([int(row[0]) for row in events], [str(row[0]) for row in answers])


def events_by_id(db: sqlite3.Connection, ids: Sequence[int]) -> list[Event]:
    """Return events by their IDs, oldest first."""
    rows = db.execute(
        f"SELECT {EVENT_COLUMNS} FROM events WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id", (as_json(ids),)
    )
    return events_of(db, rows)


def begin(tx: Tx) -> None:
    """Have SQLite overwrite what is deleted from now on (sqlite.org/pragma.html#pragma_secure_delete)."""
    tx.all("PRAGMA secure_delete = ON")


def end(tx: Tx) -> None:
    """Delete without overwriting again: it is quicker."""
    tx.all("PRAGMA secure_delete = OFF")


def erase_messages(tx: Tx, number: str) -> int:
    """Erase some messages of a number, with their segments, PDUs, events and index entries; how many.

    A received PDU that a modem may still hold is kept without its message: else it would be received again.
    """
    rows = tx.all("SELECT id FROM messages WHERE peer = ? ORDER BY id LIMIT ?", (number, PORTION))
    ids = [int(row[0]) for row in rows]
    if ids:
        which = (as_json(ids),)
        tx.run("DELETE FROM parts WHERE message_id IN (SELECT value FROM json_each(?)) AND held = 0", which)
        tx.run("DELETE FROM events WHERE message_id IN (SELECT value FROM json_each(?))", which)
        tx.run("DELETE FROM messages WHERE id IN (SELECT value FROM json_each(?))", which)
    return len(ids)


def erase_events(tx: Tx, ids: Sequence[int], keys: Sequence[str]) -> None:
    """Empty the data of events, and forget answers to requests."""
    tx.run("UPDATE events SET data = '{}' WHERE id IN (SELECT value FROM json_each(?))", (as_json(ids),))
    tx.run("DELETE FROM idempotency WHERE key IN (SELECT value FROM json_each(?))", (as_json(keys),))


def erase_person(tx: Tx, now_ms: int, number: str, reason: str | None) -> dict[str, int]:
    """Erase what is left: the contact, the conversation, reports, the audit log. An opt-out stays, by its HMAC.

    Returns counts by name.
    """
    contact = contacts.load(tx, number)
    if contact is not None:
        contacts.delete(tx, contact)
    notes = tx.run("DELETE FROM conversation_notes WHERE peer = ?", (number,))
    conversations.delete(tx, number)
    contact_history.forget(tx, number)
    campaign_recipients.forget(tx, number)
    drip_people.forget(tx, number)
    questions.forget(tx, number)
    smpp.forget(tx, number)
    digits = number.lstrip("+")
    tx.run("DELETE FROM reports WHERE recipient IN (?, ?)", (number, digits))
    tx.run("DELETE FROM concat_references WHERE recipient IN (?, ?)", (number, digits))
    tx.run("DELETE FROM parts WHERE sender = ? AND total IS NOT NULL AND held = 0", (number,))
    for column in ("path", "detail"):
        tx.run(
            f"UPDATE audit SET {column} = replace({column}, ?, ?) WHERE instr({column}, ?)", (number, _ERASED, number)
        )
    consent = consent_changes.erase(tx, now_ms, number, reason)
    return {"contacts": int(contact is not None), "notes": notes, "consent": int(consent)}
