"""Conversations: the messages with one peer, and what people do with them.

A received message changes its conversation in its own transaction. Outbound ones follow the event log
(:mod:`gsmgw.dispatch.indexer`), so that a batch costs no more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gsmgw.model import Event, EventType, MessageRecord
from gsmgw.model.events import ConversationChanged
from gsmgw.store.rows import MESSAGE_WIDTH, message_columns, message_of
from gsmgw.store.tx import Tx, as_json
from gsmgw.store.unreadable import check, check_moments, kinds, readable, readable_page
from gsmgw.store.visibility import Sight

#: No message has this identifier or a larger one.
_LAST_ID: Final = 2**63 - 1
#: Unread messages are counted up to this number.
MOST_UNREAD: Final = 1000
#: Of a search in the texts, the newest matches count.
_MATCHES: Final = 10_000
_ACCEPTED = frozenset({EventType.MESSAGE_QUEUED, EventType.MESSAGE_SCHEDULED})


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation without its messages. ``unread`` counts received ones that nobody has marked as read."""

    peer: str
    state: str
    assigned_to: str | None
    #: The modem that received the latest message.
    via: str | None
    unread: int
    #: The name of the contact with this number.
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A note on a conversation. It is never sent."""

    id: int
    at_ms: int
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filter of a listing. ``before_id`` is the keyset cursor; None does not restrict."""

    before_id: int | None = None
    state: str | None = None
    unread: bool | None = None
    assigned_to: str | None = None
    modem: str | None = None
    #: Words: a full-text expression of the texts, and a part of the number or of the contact's name.
    match: str | None = None
    words: str | None = None
    sight: Sight | None = None


_COLUMNS = (
    "known.peer, known.state, known.assigned_to, known.via, (SELECT count(*) FROM (SELECT 1 FROM messages AS fresh "
    "WHERE fresh.peer = known.peer AND fresh.direction = 'inbound' AND fresh.id > known.read_id "
    f"LIMIT {MOST_UNREAD})), (SELECT name FROM contacts WHERE number = known.peer)"
)
_KINDS = kinds("peer, state, assigned_to, via, unread, name", integers="unread", optional="assigned_to via name")
_NOTE_COLUMNS = "id, at_ms, author, text"
_NOTE_KINDS = kinds(_NOTE_COLUMNS, integers="id at_ms")


def _conversation(row: Sequence[Any]) -> Conversation:
    check(row, _KINDS)
    return Conversation(*row)


def _listed(row: Sequence[Any]) -> tuple[MessageRecord, Conversation]:
    return message_of(row[:MESSAGE_WIDTH]), _conversation(row[MESSAGE_WIDTH:])


def _note(row: Sequence[Any]) -> Note:
    check(row, _NOTE_KINDS)
    check_moments(row[1])
    return Note(*row)


def page(db: sqlite3.Connection, wanted: Wanted, limit: int) -> list[tuple[MessageRecord, Conversation]]:
    """Return the conversations with their latest messages, newest first."""
    terms, values = _terms(wanted)
    columns = message_columns("latest")
    before = _LAST_ID if wanted.before_id is None else wanted.before_id
    if wanted.sight is None:
        query = (
            f"SELECT {columns}, {_COLUMNS} FROM conversations AS known CROSS JOIN messages AS latest "
            f"ON latest.id = known.last_id WHERE known.last_id < ?{terms} ORDER BY known.last_id DESC LIMIT ?"
        )
        given: tuple[Any, ...] = (before, *values)
    else:  # the latest message that the caller may see
        seen, own = wanted.sight.clause()
        query = (
            f"SELECT {columns}, {_COLUMNS} FROM messages AS latest CROSS JOIN conversations AS known "
            f"ON known.peer = latest.peer WHERE latest.id < ? AND EXISTS (SELECT 1 FROM messages WHERE "
            f"id = latest.id AND {seen}) AND NOT EXISTS (SELECT 1 FROM messages AS later "
            f"WHERE later.peer = latest.peer AND later.id > latest.id AND {seen}){terms} "
            "ORDER BY latest.id DESC LIMIT ?"
        )
        given = (before, *own, *own, *values)
    return readable_page(db, "messages", _listed, limit, lambda size: db.execute(query, (*given, size)))


def _terms(wanted: Wanted) -> tuple[str, list[Any]]:
    terms: list[str] = []
    values: list[Any] = []
    if wanted.state is not None:
        terms.append(f"known.state = '{'closed' if wanted.state == 'closed' else 'open'}'")  # for its index
    if wanted.unread is not None:
        terms.append("known.last_in_id > known.read_id" if wanted.unread else "known.last_in_id <= known.read_id")
    if wanted.assigned_to is not None:
        terms.append("known.assigned_to IS NOT NULL AND known.assigned_to = ?" if wanted.assigned_to else _NOBODY)
        values += [wanted.assigned_to] if wanted.assigned_to else []
    if wanted.modem is not None:
        terms.append("known.via IS NOT NULL AND known.via = ?")
        values.append(wanted.modem)
    if wanted.words is not None:
        part = f"%{''.join(_LIKE.get(char, char) for char in wanted.words)}%"
        found = (
            "known.peer LIKE ? ESCAPE '!' OR known.peer IN (SELECT number FROM contacts WHERE name LIKE ? ESCAPE '!')"
        )
        values += [part, part]
        if wanted.match is not None:
            found += (
                " OR known.peer IN (SELECT peer FROM messages WHERE id IN (SELECT rowid FROM messages_search "
                f"WHERE messages_search MATCH ? ORDER BY rowid DESC LIMIT {_MATCHES}))"
            )
            values.append(wanted.match)
        terms.append(f"({found})")
    return "".join(f" AND {term}" for term in terms), values


_NOBODY: Final = "known.assigned_to IS NULL"
_LIKE: Final[Mapping[str, str]] = {"%": "!%", "_": "!_", "!": "!!"}


def get(db: sqlite3.Connection, peer: str) -> Conversation | None:
    """Return one conversation."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM conversations AS known WHERE known.peer = ?", (peer,))
    return next(iter(readable(db, "conversations", _conversation, rows)), None)


def notes(db: sqlite3.Connection, peer: str) -> list[Note]:
    """Return the notes on a conversation, oldest first."""
    rows = db.execute(f"SELECT {_NOTE_COLUMNS} FROM conversation_notes WHERE peer = ? ORDER BY id", (peer,))
    return readable(db, "conversation_notes", _note, rows)


# -- changes --------------------------------------------------------------------------------------------------------


def note_received(tx: Tx, now_ms: int, peer: str, message_id: int, modem: str) -> None:
    """A message was received: its conversation is open, and unread."""
    row = tx.one("SELECT state FROM conversations WHERE peer = ?", (peer,))
    tx.run(
        "INSERT INTO conversations (peer, last_id, last_in_id, via) VALUES (?, ?, ?, ?) ON CONFLICT (peer) DO UPDATE "
        "SET last_id = max(last_id, excluded.last_id), last_in_id = max(last_in_id, excluded.last_in_id), "
        "via = excluded.via, state = 'open'",
        (peer, message_id, message_id, modem),
    )
    if row is not None and row[0] == "closed":
        _announce(tx, now_ms, peer, "reopened", None)


def note_accepted(tx: Tx, events: Sequence[Event]) -> None:
    """Messages were accepted: each may be the latest one of its conversation."""
    ids = [event.message_id for event in events if event.type in _ACCEPTED and event.message_id is not None]
    if ids:
        tx.run(
            "INSERT INTO conversations (peer, last_id) SELECT peer, id FROM messages WHERE id IN "
            "(SELECT value FROM json_each(?)) ON CONFLICT (peer) DO UPDATE "
            "SET last_id = excluded.last_id WHERE excluded.last_id > last_id",
            (as_json(ids),),
        )


def mark_read(tx: Tx, now_ms: int, peer: str, up_to: int | None, by: str) -> None:
    """Mark received messages as read: all, or those up to one."""
    changed = tx.run(
        "UPDATE conversations SET read_id = min(last_in_id, ?) WHERE peer = ? AND read_id < min(last_in_id, ?)",
        (bound := _LAST_ID if up_to is None else up_to, peer, bound),
    )
    if changed:
        _announce(tx, now_ms, peer, "read", by)


def mark_unread(tx: Tx, now_ms: int, peer: str, by: str) -> None:
    """Mark the latest received message as unread."""
    changed = tx.run(
        "UPDATE conversations SET read_id = last_in_id - 1 WHERE peer = ? AND last_in_id > 0 AND read_id >= last_in_id",
        (peer,),
    )
    if changed:
        _announce(tx, now_ms, peer, "unread", by)


def set_state(tx: Tx, now_ms: int, peer: str, state: str, by: str) -> None:
    """Open or close a conversation."""
    if tx.run("UPDATE conversations SET state = ? WHERE peer = ? AND state <> ?", (state, peer, state)):
        _announce(tx, now_ms, peer, "closed" if state == "closed" else "reopened", by)


def assign(tx: Tx, now_ms: int, peer: str, user: str | None, by: str) -> None:
    """Assign a conversation to a user, or to nobody."""
    if tx.run("UPDATE conversations SET assigned_to = ? WHERE peer = ? AND assigned_to IS NOT ?", (user, peer, user)):
        _announce(tx, now_ms, peer, "assigned", by)


def unassign_all(tx: Tx, user: str) -> None:
    """Take a user who leaves off all conversations."""
    tx.run("UPDATE conversations SET assigned_to = NULL WHERE assigned_to IS NOT NULL AND assigned_to = ?", (user,))


def add_note(tx: Tx, now_ms: int, peer: str, author: str, text: str) -> Note | None:
    """Add a note; None if there is no such conversation."""
    if tx.one("SELECT 1 FROM conversations WHERE peer = ?", (peer,)) is None:
        return None
    number = tx.insert(
        "INSERT INTO conversation_notes (peer, at_ms, author, text) VALUES (?, ?, ?, ?)", (peer, now_ms, author, text)
    )
    _announce(tx, now_ms, peer, "note", author)
    return Note(number, now_ms, author, text)


def delete_note(tx: Tx, peer: str, number: int) -> bool:
    """Delete a note. Return False if it does not exist."""
    return bool(tx.run("DELETE FROM conversation_notes WHERE peer = ? AND id = ?", (peer, number)))


def forget(tx: Tx, message_ids: Collection[int]) -> None:
    """Messages were deleted: their conversations end with an earlier one, or go with the last."""
    ids = [(number,) for number in message_ids]
    tx.run_many(
        "UPDATE conversations SET last_id = coalesce((SELECT max(id) FROM messages "
        "WHERE peer = conversations.peer), 0) WHERE last_id = ?",
        ids,
    )
    tx.run("DELETE FROM conversations WHERE last_id = 0")


def delete(tx: Tx, peer: str) -> None:
    """Delete a conversation with its notes."""
    tx.run("DELETE FROM conversations WHERE peer = ?", (peer,))


def _announce(tx: Tx, now_ms: int, peer: str, change: str, by: str | None) -> None:
    row = tx.one("SELECT state, assigned_to FROM conversations WHERE peer = ?", (peer,))
    if row is not None:
        tx.event(now_ms, ConversationChanged(number=peer, change=change, state=row[0], assigned_to=row[1], by=by))


# -- canned answers -------------------------------------------------------------------------------------------------


def answers(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return the names and texts of the canned answers."""
    rows = db.execute("SELECT name, text FROM answers ORDER BY name")
    return readable(db, "answers", _answer, rows)


def _answer(row: Sequence[Any]) -> tuple[str, str]:
    check(row, kinds("name, text"))
    name, text = row
    return name, text


def put_answer(tx: Tx, name: str, text: str) -> bool:
    """Add or replace a canned answer. Return True if it is new."""
    if tx.run("UPDATE answers SET text = ? WHERE name = ?", (text, name)):
        return False
    tx.run("INSERT INTO answers (name, text) VALUES (?, ?)", (name, text))
    return True


def delete_answer(tx: Tx, name: str) -> bool:
    """Delete a canned answer. Return False if it does not exist."""
    return bool(tx.run("DELETE FROM answers WHERE name = ?", (name,)))
