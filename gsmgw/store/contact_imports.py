"""Imports of contacts: written in portions, remembered so that they can be undone."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from gsmgw.model.contacts import Contact, Person, fold
from gsmgw.store import contact_groups, contacts
from gsmgw.store.tx import Tx
from gsmgw.store.unreadable import parsed

#: How long an import can be undone, milliseconds.
KEPT_MS = 30 * 86_400_000


class RowOutcome(StrEnum):
    """The result of an import for a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


def begin(tx: Tx, now_ms: int, groups: Iterable[str]) -> int:
    """Start an import and create the groups that it needs. Return its ID. Forgets imports of a month ago."""
    tx.run("DELETE FROM contact_imports WHERE created_ms < ?", (now_ms - KEPT_MS,))
    made = []
    for name in groups:
        if contact_groups.load(tx, name) is None:
            contact_groups.create(tx, now_ms, name, None)
            made.append(name)
    return tx.insert(
        "INSERT INTO contact_imports (created_ms, state, groups) VALUES (?, 'writing', ?)",
        (now_ms, json.dumps(made, ensure_ascii=False)),
    )


def write(tx: Tx, now_ms: int, import_id: int, people: Sequence[tuple[str, Person]]) -> Counter[RowOutcome]:
    """Write a portion of an import."""
    known = contacts.load_many(tx, [number for number, _ in people])
    done: Counter[RowOutcome] = Counter()
    for number, person in people:
        before = known.get(number)
        if before is None:
            contact_id = contacts.create(tx, now_ms, number, person)
            _remember(tx, import_id, contact_id, now_ms, None)
            known[number] = Contact(contact_id, number, person, now_ms, now_ms)
            done[RowOutcome.CREATED] += 1
            continue
        after = _completed(before.person, person)
        if contacts.same(before.person, after):
            done[RowOutcome.UNCHANGED] += 1
            continue
        contacts.update(tx, now_ms, before, number, after)
        _remember(tx, import_id, before.id, now_ms, before.person)
        known[number] = replace(before, person=after, changed_ms=now_ms)
        done[RowOutcome.UPDATED] += 1
    return done


def foresee(db: sqlite3.Connection, people: Sequence[tuple[str, Person]], seen: set[str]) -> Counter[RowOutcome]:
    """Return what writing a portion would do. ``seen`` are the new numbers of earlier portions."""
    known = contacts.get_many(db, [number for number, _ in people])
    done: Counter[RowOutcome] = Counter()
    for number, person in people:
        before = known.get(number)
        if before is None:
            done[RowOutcome.UPDATED if number in seen else RowOutcome.CREATED] += 1
            seen.add(number)
        else:
            after = _completed(before.person, person)
            done[RowOutcome.UNCHANGED if contacts.same(before.person, after) else RowOutcome.UPDATED] += 1
            known[number] = replace(before, person=after)
    return done


def finish(tx: Tx, import_id: int) -> None:
    """Note that an import is complete."""
    tx.run("UPDATE contact_imports SET state = 'done' WHERE id = ?", (import_id,))


def state(db: sqlite3.Connection, import_id: int) -> str | None:
    """Return the state of an import: ``writing``, ``done`` or ``undone``; None if it does not exist."""
    row = db.execute("SELECT state FROM contact_imports WHERE id = ?", (import_id,)).fetchone()
    return None if row is None else str(row[0])


def unfinished(db: sqlite3.Connection) -> list[int]:
    """Return the imports that a restart interrupted."""
    return [row[0] for row in db.execute("SELECT id FROM contact_imports WHERE state = 'writing' ORDER BY id")]


def undo(tx: Tx, now_ms: int, import_id: int, limit: int) -> Counter[str]:
    """Undo a portion of an import: ``removed``, ``restored``, and ``kept`` for contacts that were changed since."""
    rows = tx.all(
        "SELECT contact_id, changed_ms, before FROM contact_import_rows WHERE import_id = ? LIMIT ?",
        (import_id, limit),
    )
    known = contacts.load_by_id(tx, [row[0] for row in rows])
    done: Counter[str] = Counter()
    for contact_id, changed_ms, before in rows:
        contact = known.get(contact_id)
        tx.run("DELETE FROM contact_import_rows WHERE import_id = ? AND contact_id = ?", (import_id, contact_id))
        if contact is None:
            continue
        if contact.changed_ms != changed_ms:
            done["kept"] += 1
        elif before is None:
            contacts.delete(tx, contact)
            done["removed"] += 1
        else:
            contacts.update(tx, now_ms, contact, contact.number, _person(before))
            done["restored"] += 1
    if len(rows) < limit:
        _end_undo(tx, import_id)
    return done


def _end_undo(tx: Tx, import_id: int) -> None:
    """Delete the groups that the import created and nobody is in, and note that it is undone."""
    (names,) = tx.one("SELECT groups FROM contact_imports WHERE id = ?", (import_id,))
    for name in parsed(names, list):
        group = contact_groups.load(tx, name)
        if group is not None and group.segment is None and not contact_groups.has_members(tx, group):
            contact_groups.delete(tx, group)
    tx.run("UPDATE contact_imports SET state = 'undone' WHERE id = ?", (import_id,))


def _remember(tx: Tx, import_id: int, contact_id: int, now_ms: int, before: Person | None) -> None:
    """Note how a contact was before the first row of the import that changed it."""
    tx.run(
        "INSERT INTO contact_import_rows (import_id, contact_id, changed_ms, before) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (import_id, contact_id) DO UPDATE SET changed_ms = excluded.changed_ms",
        (import_id, contact_id, now_ms, None if before is None else _written(before)),
    )


def _completed(before: Person, row: Person) -> Person:
    """Return a person with what a row says; an empty cell changes nothing."""
    known = set(map(fold, before.groups))
    return Person(
        row.name or before.name,
        row.language or before.language,
        row.time_zone or before.time_zone,
        {**before.fields, **row.fields},
        (*before.groups, *(name for name in row.groups if fold(name) not in known)),
    )


def _written(person: Person) -> str:
    value = {
        "name": person.name,
        "language": person.language,
        "time_zone": person.time_zone,
        "fields": dict(person.fields),
        "groups": list(person.groups),
    }
    return json.dumps(value, ensure_ascii=False)


def _person(text: Any) -> Person:
    value: dict[str, Any] = parsed(text, dict)
    return Person(value["name"], value["language"], value["time_zone"], value["fields"], tuple(value["groups"]))
