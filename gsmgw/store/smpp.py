"""Message IDs that SMPP clients know, and parts of long messages that wait for others."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from gsmgw.store.tx import Tx, as_json
from gsmgw.store.unreadable import check, kinds, readable


class Submitted(NamedTuple):
    """A message as its client knows it: under ``id``, with the addresses as the client wrote them."""

    message_id: int
    id: int
    #: The parameter ``registered_delivery``.
    registered: int
    source: str
    destination: str


class Part(NamedTuple):
    """A part of a long message. ``whole`` says which message it is of, ``number`` counts from 1."""

    id: int
    owner: int
    whole: str
    number: int
    #: The recipient in the form of the API.
    peer: str
    octets: bytes
    registered: int
    source: str
    destination: str
    created_ms: int


_SUBMITTED = ", ".join(Submitted._fields)
_SUBMITTED_KINDS = kinds(_SUBMITTED, integers="message_id id registered")
_PART = ", ".join(Part._fields)
_PART_KINDS = kinds(_PART, integers="id owner number registered created_ms", octets="octets")


def _submitted(row: Any) -> Submitted:
    check(row, _SUBMITTED_KINDS)
    return Submitted(*row)


def _part(row: Any) -> Part:
    check(row, _PART_KINDS)
    return Part(*row)


def remember(tx: Tx, known: Iterable[Submitted]) -> None:
    """Note what a client knows of messages, in the transaction that accepts them."""
    tx.insert_many(f"INSERT INTO smpp_messages ({_SUBMITTED})", known)


def of_messages(db: sqlite3.Connection, ids: Collection[int]) -> dict[int, list[Submitted]]:
    """Return what their clients know of messages, by the IDs of the messages."""
    rows = db.execute(
        f"SELECT {_SUBMITTED} FROM smpp_messages WHERE message_id IN (SELECT value FROM json_each(?))", (as_json(ids),)
    )
    found: dict[int, list[Submitted]] = {}
    for each in readable(db, "smpp_messages", _submitted, rows):
        found.setdefault(each.message_id, []).append(each)
    return found


def messages_of(db: sqlite3.Connection, known_id: int) -> list[int]:
    """Return the messages behind an ID that a client was given, oldest first."""
    rows = db.execute("SELECT message_id FROM smpp_messages WHERE id = ? ORDER BY message_id", (known_id,))
    return [int(row[0]) for row in rows]


def keep_part(tx: Tx, part: Part, total: int) -> Sequence[Part] | None:
    """Keep a part until the others have come. Return them if this is the last one, which is not kept then."""
    rows = tx.all(
        f"SELECT {_PART} FROM smpp_parts WHERE owner = ? AND whole = ? AND number <> ? ORDER BY number",
        (part.owner, part.whole, part.number),
    )
    if len(others := tx.readable("smpp_parts", _part, rows)) == total - 1:
        return others
    tx.run(f"INSERT OR REPLACE INTO smpp_parts ({_PART}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", part)
    return None


def parts_before(db: sqlite3.Connection, owner: int, before_ms: int) -> list[Part]:
    """Return the parts of an account that came before a time, oldest first."""
    rows = db.execute(
        f"SELECT {_PART} FROM smpp_parts WHERE owner = ? AND created_ms < ? ORDER BY id", (owner, before_ms)
    )
    return readable(db, "smpp_parts", _part, rows)


def part(db: sqlite3.Connection, owner: int, part_id: int) -> Part | None:
    """Return a part of an account that waits for others."""
    rows = db.execute(f"SELECT {_PART} FROM smpp_parts WHERE owner = ? AND id = ?", (owner, part_id))
    found = readable(db, "smpp_parts", _part, rows)
    return found[0] if found else None


def drop_parts(tx: Tx, ids: Collection[int]) -> int:
    """Delete parts; how many."""
    return tx.run("DELETE FROM smpp_parts WHERE id IN (SELECT value FROM json_each(?))", (as_json(ids),))


def forget(tx: Tx, number: str) -> None:
    """Delete the parts of messages to a number."""
    tx.run("DELETE FROM smpp_parts WHERE peer = ?", (number,))
