"""Contacts: reading, saving and merging them, and the index of their values."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from gsmgw.model.contacts import Contact, FieldValue, Person, fold, index_value
from gsmgw.store import contact_groups
from gsmgw.store.tx import Tx, as_json
from gsmgw.store.unreadable import check, check_moments, kinds, parsed, readable, readable_page, strings

#: A condition on the table of contacts, with its parameters.
Clause: TypeAlias = tuple[str, Sequence[object]]

_COLUMNS = "id, number, name, language, time_zone, fields, created_ms, changed_ms, groups"
_KINDS = kinds(_COLUMNS, integers="id created_ms changed_ms", optional="name language time_zone")
_SELECT = (
    "SELECT id, number, name, language, time_zone, fields, created_ms, changed_ms, "
    "(SELECT json_group_array(known.name) FROM group_members AS member JOIN contact_groups AS known "
    "ON known.id = member.group_id WHERE member.contact_id = contacts.id) FROM contacts"
)


_INSERT_VALUE = "INSERT INTO contact_values (field, value, contact_id) VALUES (?, ?, ?)"


def contact_of(row: Any) -> Contact:
    """Convert a row of a contact."""
    check(row, _KINDS)
    check_moments(row[6], row[7])
    person = Person(row[2], row[3], row[4], fields_of(row[5]), tuple(sorted(strings(row[8]), key=fold)))
    return Contact(row[0], row[1], person, row[6], row[7])


def fields_of(text: Any) -> dict[str, FieldValue]:
    """Return the values in a column of fields."""
    found: dict[str, FieldValue] = parsed(text, dict)
    if any(not isinstance(value, str | int | float) for value in found.values()):
        raise TypeError("a field whose value is not a text, a number or a boolean")
    return found


def reference(contact: int | str) -> Clause:
    """Return the condition for one contact, by its ID or its number."""
    return ("id = ?" if isinstance(contact, int) else "number = ?"), (contact,)


def get(db: sqlite3.Connection, contact: int | str) -> Contact | None:
    """Return the contact with this ID or number."""
    found = find(db, reference(contact), 1)
    return found[0] if found else None


def find(db: sqlite3.Connection, wanted: Clause, limit: int) -> list[Contact]:
    """Return contacts that meet a condition, newest first."""
    where, values = wanted
    query = f"{_SELECT} WHERE {where} ORDER BY id DESC LIMIT ?"
    return readable_page(db, "contacts", contact_of, limit, lambda size: db.execute(query, (*values, size)))


def names_of(db: sqlite3.Connection, numbers: Iterable[str]) -> dict[str, str]:
    """Return the names of the contacts that have one, by their numbers."""
    rows = db.execute(
        "SELECT number, name FROM contacts WHERE number IN (SELECT value FROM json_each(?)) AND name IS NOT NULL",
        (as_json(numbers),),
    )
    return {str(number): str(name) for number, name in rows}


def get_many(db: sqlite3.Connection, numbers: Iterable[str]) -> dict[str, Contact]:
    """Return contacts by their numbers; a number without a contact is left out."""
    rows = db.execute(f"{_SELECT} WHERE number IN (SELECT value FROM json_each(?))", (as_json(numbers),))
    found = readable(db, "contacts", contact_of, rows)
    return {contact.number: contact for contact in found}


def count(db: sqlite3.Connection, wanted: Clause) -> int:
    """Return the number of contacts that meet a condition."""
    where, values = wanted
    return int(db.execute(f"SELECT count(*) FROM contacts WHERE {where}", values).fetchone()[0])


def search(words: Iterable[str], searchable: Iterable[str]) -> Clause:
    """Return the condition for contacts with all these words in their name, number or searchable fields."""
    fields = as_json(["name", *searchable])
    terms, values = [], list[object]()
    for word in words:
        terms.append(
            "(instr(number, ?) > 0 OR id IN (SELECT contact_id FROM contact_values "
            "WHERE field IN (SELECT value FROM json_each(?)) AND instr(value, ?) > 0))"
        )
        values += [word, fields, fold(word)]
    return " AND ".join(terms) or "1", values


def named(name: str) -> Clause:
    """Return the condition for contacts with this name; case and notation do not count."""
    return "id IN (SELECT contact_id FROM contact_values WHERE field = 'name' AND value = ?)", (fold(name),)


def both(one: Clause, other: Clause) -> Clause:
    """Return the condition that both conditions are met."""
    return f"({one[0]}) AND ({other[0]})", (*one[1], *other[1])


# -- in a transaction -------------------------------------------------------------------------------------------------


def load(tx: Tx, contact: int | str) -> Contact | None:
    """Return the contact with this ID or number, in a transaction."""
    where, values = reference(contact)
    found = tx.readable("contacts", contact_of, tx.all(f"{_SELECT} WHERE {where}", values))
    return found[0] if found else None


def load_many(tx: Tx, numbers: Iterable[str]) -> dict[str, Contact]:
    """Return contacts by their numbers, in a transaction."""
    rows = tx.all(f"{_SELECT} WHERE number IN (SELECT value FROM json_each(?))", (as_json(numbers),))
    return {contact.number: contact for contact in tx.readable("contacts", contact_of, rows)}


def load_by_id(tx: Tx, ids: Iterable[int]) -> dict[int, Contact]:
    """Return contacts by their IDs, in a transaction."""
    rows = tx.all(f"{_SELECT} WHERE id IN (SELECT value FROM json_each(?))", (as_json(ids),))
    return {contact.id: contact for contact in tx.readable("contacts", contact_of, rows)}


def create(tx: Tx, now_ms: int, number: str, person: Person) -> int:
    """Save a new contact. Return its ID."""
    contact_id = tx.insert(
        "INSERT INTO contacts (number, name, language, time_zone, fields, created_ms, changed_ms) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (number, person.name, person.language, person.time_zone, _written(person.fields), now_ms, now_ms),
    )
    rows = [(field, value, contact_id) for field, value in _values(person)]
    tx.run_many(_INSERT_VALUE, rows)
    contact_groups.join(tx, now_ms, contact_id, person.groups)
    return contact_id


def update(tx: Tx, now_ms: int, contact: Contact, number: str, person: Person) -> None:
    """Replace what is known about a contact."""
    tx.run(
        "UPDATE contacts SET number = ?, name = ?, language = ?, time_zone = ?, fields = ?, changed_ms = ? "
        "WHERE id = ?",
        (number, person.name, person.language, person.time_zone, _written(person.fields), now_ms, contact.id),
    )
    _index(tx, contact.id, contact.person, person)
    if fold_all(contact.person.groups) != fold_all(person.groups):
        contact_groups.set_groups(tx, now_ms, contact.id, person.groups)


def delete(tx: Tx, contact: Contact) -> None:
    """Delete a contact, also from what imports remember."""
    _index(tx, contact.id, contact.person, Person())
    tx.run("DELETE FROM contact_import_rows WHERE contact_id = ?", (contact.id,))
    tx.run("DELETE FROM group_members WHERE contact_id = ?", (contact.id,))
    tx.run("DELETE FROM contacts WHERE id = ?", (contact.id,))


def merged(kept: Person, other: Person) -> Person:
    """Return one person made of two: what ``kept`` lacks comes from ``other``, and all groups of both."""
    known = set(fold_all(kept.groups))
    return replace(
        kept,
        name=kept.name or other.name,
        language=kept.language or other.language,
        time_zone=kept.time_zone or other.time_zone,
        fields={**other.fields, **kept.fields},
        groups=(*kept.groups, *(name for name in other.groups if fold(name) not in known)),
    )


def same(one: Person, other: Person) -> bool:
    """Return True if two descriptions say the same; the order of groups and their case do not matter."""
    groups = fold_all(one.groups) == fold_all(other.groups)
    return groups and replace(one, groups=()) == replace(other, groups=())


def fold_all(names: Iterable[str]) -> list[str]:
    """Return names for a comparison that ignores case and order."""
    return sorted(map(fold, names))


def _written(fields: Mapping[str, FieldValue]) -> str:
    return json.dumps(dict(sorted(fields.items())), ensure_ascii=False, separators=(",", ":"))


def _index(tx: Tx, contact_id: int, before: Person, after: Person) -> None:
    """Keep the index of values in step with a contact."""
    was, now = set(_values(before)), set(_values(after))
    for field, value in was - now:
        tx.run(
            "DELETE FROM contact_values WHERE field = ? AND value = ? AND contact_id = ?", (field, value, contact_id)
        )
    for field, value in now - was:
        tx.run(_INSERT_VALUE, (field, value, contact_id))


def _values(person: Person) -> Iterable[tuple[str, str | int | float]]:
    for field, text in (("name", person.name), ("language", person.language), ("time_zone", person.time_zone)):
        if text:
            yield field, fold(text)
    for field, value in person.fields.items():
        yield field, index_value(value)
