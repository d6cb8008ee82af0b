"""The declared fields of contacts."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from gsmgw.model.contacts import ContactField, FieldType, fold
from gsmgw.store.tx import Tx
from gsmgw.store.unreadable import check, kinds, readable, strings

_COLUMNS = "name, type, choices, searchable"
_KINDS = kinds(_COLUMNS, integers="searchable")


def _field(row: Any) -> ContactField:
    check(row, _KINDS)
    return ContactField(row[0], FieldType(row[1]), strings(row[2]), bool(row[3]))


def all_fields(db: sqlite3.Connection) -> list[ContactField]:
    """Return the declared fields by name."""
    return readable(db, "contact_fields", _field, db.execute(f"SELECT {_COLUMNS} FROM contact_fields ORDER BY name"))


def load_all(tx: Tx) -> list[ContactField]:
    """Return the declared fields by name, in a transaction."""
    return tx.readable("contact_fields", _field, tx.all(f"SELECT {_COLUMNS} FROM contact_fields ORDER BY name"))


def save(tx: Tx, field: ContactField) -> None:
    """Save a field, or replace one of the same name."""
    tx.run(
        "INSERT INTO contact_fields (name, type, choices, searchable) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (name) DO UPDATE SET type = excluded.type, choices = excluded.choices, "
        "searchable = excluded.searchable",
        (field.name, field.type.value, json.dumps(field.choices, ensure_ascii=False), int(field.searchable)),
    )


def uses(tx: Tx, name: str, value: str | None = None) -> int:
    """Return how many contacts have a value in this field, or this value."""
    if value is None:
        return int(tx.one("SELECT count(*) FROM contact_values WHERE field = ?", (name,))[0])
    row = tx.one("SELECT count(*) FROM contact_values WHERE field = ? AND value = ?", (name, fold(value)))
    return int(row[0])


def delete(tx: Tx, now_ms: int, name: str) -> None:
    """Delete a field with all its values."""
    tx.run(
        "UPDATE contacts SET fields = json_remove(fields, '$.' || json_quote(?)), changed_ms = ? "
        "WHERE id IN (SELECT contact_id FROM contact_values WHERE field = ?)",
        (name, now_ms, name),
    )
    tx.run("DELETE FROM contact_values WHERE field = ?", (name,))
    tx.run("DELETE FROM contact_fields WHERE name = ?", (name,))
