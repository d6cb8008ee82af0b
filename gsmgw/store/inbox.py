"""The inbox: stores received PDUs unchanged first, then the messages made from them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from gsmgw.model import ConsentVerdict, PartState, format_id
from gsmgw.model.events import MessageCompleted, MessageQuarantined, MessageReceived
from gsmgw.ports import RawPdu
from gsmgw.store import conversations
from gsmgw.store.ids import IdSource
from gsmgw.store.tx import Tx
from gsmgw.store.unreadable import check, check_moments, kinds, readable, readable_page


@dataclass(frozen=True, slots=True)
class Part:
    """A received PDU that is one part of a multi-part message."""

    id: int
    at_ms: int
    seq: int
    pdu: str
    smsc_ms: int | None
    state: PartState
    message_id: int | None
    data: int | None


@dataclass(frozen=True, slots=True)
class Group:
    """The key of the parts of a message: SIM, sender, concatenation reference and number of parts.

    ``modem`` received one of them.
    """

    sim: str
    modem: str
    sender: str
    reference: int
    total: int


@dataclass(frozen=True, slots=True)
class PartFacts:
    """A received PDU before it is stored."""

    state: PartState
    problem: str | None = None
    sender: str | None = None
    reference: int | None = None
    total: int | None = None
    seq: int | None = None
    smsc_ms: int | None = None
    #: True for 8-bit data; None where that does not matter.
    data: bool | None = None


def is_held(tx: Tx, raw: RawPdu) -> bool:
    """Return True if this PDU was stored before and the modem has not confirmed its deletion.

    Told by SIM, slot and PDU (which holds the service centre's time stamp); never by the text alone.
    """
    rows = tx.all("SELECT storage, slot FROM parts WHERE sim = ? AND pdu = ? AND held = 1", (raw.sim, raw.pdu))
    return (raw.storage, raw.index) in rows


def release(tx: Tx, raw: RawPdu) -> None:
    """Record that the modem has deleted the PDU."""
    tx.run(
        "UPDATE parts SET held = 0 WHERE sim = ? AND pdu = ? AND held = 1 AND storage IS ? AND slot IS ?",
        (raw.sim, raw.pdu, raw.storage, raw.index),
    )


def keep(tx: Tx, now_ms: int, raw: RawPdu, facts: PartFacts) -> int:
    """Store a received PDU; the part's id."""
    return tx.insert(
        "INSERT INTO parts (at_ms, modem, sim, storage, slot, pdu, length_octets, state, problem, sender, reference, "
        "total, seq, smsc_ms, data) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            now_ms,
            raw.modem,
            raw.sim,
            raw.storage,
            raw.index,
            raw.pdu,
            raw.length_octets,
            facts.state,
            facts.problem,
            facts.sender,
            facts.reference,
            facts.total,
            facts.seq,
            facts.smsc_ms,
            facts.data,
        ),
    )


def mark_silent(tx: Tx, part: int) -> None:
    """Record a part that a complete message already contains."""
    tx.run("UPDATE parts SET state = 'silent' WHERE id = ?", (part,))


def siblings(tx: Tx, group: Group, since_ms: int) -> list[Part]:
    """Return the parts of a group, oldest first; parts of complete messages only if received after ``since_ms``."""
    rows = tx.all(
        f"SELECT {_PART_COLUMNS} FROM parts WHERE sender = ? AND reference = ? "
        "AND total = ? AND sim = ? AND (state = 'waiting' OR (state = 'assembled' AND at_ms >= ?)) ORDER BY id",
        (group.sender, group.reference, group.total, group.sim, since_ms),
    )
    return tx.readable("parts", _part, rows)


_PART_COLUMNS = "id, at_ms, seq, pdu, smsc_ms, state, message_id, data"
_PART_KINDS = kinds(_PART_COLUMNS, integers="id at_ms seq smsc_ms message_id data", optional="smsc_ms message_id data")
_GROUP_KINDS = kinds("sim, modem, sender, reference, total, id", integers="reference total id")


def _part(row: Sequence[Any]) -> Part:
    check(row, _PART_KINDS)
    check_moments(row[1], row[4])
    number, at_ms, seq, pdu, smsc_ms, state, message_id, data = row
    return Part(number, at_ms, seq, pdu, smsc_ms, PartState(state), message_id, data)


def _group(row: Sequence[Any]) -> Group:
    check(row, _GROUP_KINDS)
    return Group(*row[:-1])


def overdue(db: sqlite3.Connection, now_ms: int, after_ms: int) -> list[Group]:
    """Return the groups with a part that no message shows and that is older than ``after_ms``, oldest first.

    A part that came in the future, by a clock that was wrong, counts as one that came long ago.
    """
    rows = db.execute(
        "SELECT sim, modem, sender, reference, total, min(id) FROM parts "
        "WHERE state = 'waiting' AND message_id IS NULL AND (at_ms < ? OR at_ms > ?) "
        "GROUP BY sim, sender, reference, total ORDER BY min(id)",
        (now_ms - after_ms, now_ms + after_ms),
    )
    return readable(db, "parts", _group, rows, -1)


@dataclass(frozen=True, slots=True)
class Received:
    """An inbound message to create from parts."""

    sender: str
    modem: str
    own: str | None
    encoding: str
    segments: int
    text: str | None
    data: bytes | None = None
    port: int | None = None
    message_class: int | None = None
    smsc_ms: int | None = None
    incomplete: bool = False
    #: The TP-PID of a message that takes the place of an earlier one (TS 23.040 9.2.3.9: 0x41 to 0x47).
    replace_type: int | None = None


def add_message(tx: Tx, now_ms: int, ids: IdSource, received: Received, parts: Sequence[int]) -> int:
    """Make an inbound message of stored parts; its id. ``now_ms`` is when they were received."""
    message_id = ids.next(now_ms)
    replaces = None
    if received.replace_type is not None:
        replaces = _replaced(tx, received, parts[0])
        tx.run("UPDATE messages SET replaced_by = ? WHERE id = ?", (message_id, replaces))
    tx.run(
        "INSERT INTO messages (id, direction, status, peer, own, text, data, port, encoding, segments, modem, "
        "message_class, created_ms, received_ms, smsc_ms, incomplete, replace_type, replaces) "
        "VALUES (?, 'inbound', 'received', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            message_id,
            received.sender,
            received.own,
            received.text,
            received.data,
            received.port,
            received.encoding,
            received.segments,
            received.modem,
            received.message_class,
            now_ms,
            now_ms,
            received.smsc_ms,
            received.incomplete,
            received.replace_type,
            replaces,
        ),
    )
    conversations.note_received(tx, now_ms, received.sender, message_id, received.modem)
    _attach(tx, message_id, parts, received.incomplete)
    _announce(tx, now_ms, MessageReceived, message_id, received, replaces)
    return message_id


def note_consent(tx: Tx, message_id: int, verdict: ConsentVerdict) -> None:
    """Record the meaning of a received text for consent."""
    tx.run("UPDATE messages SET consent = ? WHERE id = ?", (verdict.value, message_id))


def add_tag(tx: Tx, message_id: int, tag: str) -> None:
    """Add a tag to a received message, unless it has it."""
    tx.run(
        "UPDATE messages SET tags = json_insert(coalesce(tags, '[]'), '$[#]', ?) WHERE id = ? AND "
        "NOT EXISTS (SELECT 1 FROM json_each(coalesce(messages.tags, '[]')) WHERE value = ?)",
        (tag, message_id, tag),
    )


def _replaced(tx: Tx, received: Received, part: int) -> int | None:
    """Return the latest message with the same sender, SIM and replace type."""
    row = tx.one(
        "SELECT m.id FROM messages m WHERE m.peer = ? AND m.replace_type = ? AND EXISTS (SELECT 1 FROM parts old "
        "JOIN parts new ON new.sim = old.sim WHERE old.message_id = m.id AND new.id = ?) ORDER BY m.id DESC LIMIT 1",
        (received.sender, received.replace_type, part),
    )
    return None if row is None else int(row[0])


def complete_message(tx: Tx, now_ms: int, message_id: int, received: Received, parts: Sequence[int]) -> None:
    """More parts of a message came that was shown as incomplete."""
    tx.run(
        "UPDATE messages SET text = ?, data = ?, incomplete = ?, smsc_ms = ? WHERE id = ?",
        (received.text, received.data, received.incomplete, received.smsc_ms, message_id),
    )
    _attach(tx, message_id, parts, received.incomplete)
    _announce(tx, now_ms, MessageCompleted, message_id, received)


def _attach(tx: Tx, message_id: int, parts: Sequence[int], incomplete: bool) -> None:
    state = PartState.WAITING if incomplete else PartState.ASSEMBLED
    tx.run_many(
        "UPDATE parts SET message_id = ?, state = ? WHERE id = ?", [(message_id, state, part) for part in parts]
    )


def _announce(
    tx: Tx,
    now_ms: int,
    kind: type[MessageReceived],
    message_id: int,
    received: Received,
    replaces: int | None = None,
) -> None:
    data = kind(
        received.sender,
        received.own,
        received.text,
        received.segments,
        received.incomplete or None,
        None if replaces is None else format_id(replaces),
    )
    tx.event(now_ms, data, message_id, received.modem)


# -- what could not be understood ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A received PDU that could not be decoded, and the reason."""

    id: int
    at_ms: int
    problem: str
    raw: RawPdu


def quarantined(
    db: sqlite3.Connection, limit: int = 100, before: int | None = None, modems: Collection[str] | None = None
) -> list[Quarantined]:
    """PDUs that could not be understood, newest first; those with a smaller id than ``before``, of these modems."""
    narrowed = "" if modems is None else "AND modem IN (SELECT value FROM json_each(?)) "
    query = (
        f"SELECT {_QUARANTINED} FROM parts WHERE state = 'quarantined' AND id < ? {narrowed}ORDER BY id DESC LIMIT ?"
    )
    given = (2**63 - 1 if before is None else before, *(() if modems is None else (json.dumps(sorted(modems)),)))
    return readable_page(db, "parts", _quarantined, limit, lambda size: db.execute(query, (*given, size)))


_QUARANTINED = "id, at_ms, problem, modem, sim, pdu, length_octets"
_QUARANTINED_KINDS = kinds(_QUARANTINED, integers="id at_ms length_octets", optional="length_octets")


def _quarantined(row: Any) -> Quarantined:
    check(row, _QUARANTINED_KINDS)
    check_moments(row[1])
    return Quarantined(row[0], row[1], row[2], RawPdu(*row[3:]))


def understand(tx: Tx, part: int, facts: PartFacts) -> bool:
    """Record the result for a quarantined PDU. Return False if it is no longer in quarantine."""
    changed = tx.run(
        "UPDATE parts SET state = ?, problem = ?, sender = ?, reference = ?, total = ?, seq = ?, smsc_ms = ?, data = ? "
        "WHERE id = ? AND state = 'quarantined'",
        (
            facts.state,
            facts.problem,
            facts.sender,
            facts.reference,
            facts.total,
            facts.seq,
            facts.smsc_ms,
            facts.data,
            part,
        ),
    )
    return bool(changed)


def quarantine(tx: Tx, now_ms: int, problem: str, parts: Sequence[int]) -> None:
    """Put stored PDUs into quarantine, with the reason. Those that a message shows stay where they are."""
    for part in parts:
        row = tx.one("SELECT modem, pdu FROM parts WHERE id = ? AND message_id IS NULL", (part,))
        if row is not None:
            tx.run("UPDATE parts SET state = 'quarantined', problem = ? WHERE id = ?", (problem, part))
            tx.event(now_ms, MessageQuarantined(problem=problem, pdu=row[1]), None, row[0])
