"""Saved templates."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from gsmgw.model.contacts import fold
from gsmgw.store.tx import Tx
from gsmgw.store.unreadable import check, kinds, readable

_COLUMNS = "name, text, created_ms, changed_ms"
_KINDS = kinds(_COLUMNS, integers="created_ms changed_ms")


@dataclass(frozen=True, slots=True)
class SavedTemplate:
    """A template by its name, which is unique without case."""

    name: str
    text: str
    created_ms: int
    changed_ms: int


def _template(row: Any) -> SavedTemplate:
    check(row, _KINDS)
    return SavedTemplate(*row)


def all_templates(db: sqlite3.Connection) -> list[SavedTemplate]:
    """Return all templates by name."""
    return readable(db, "templates", _template, db.execute(f"SELECT {_COLUMNS} FROM templates ORDER BY folded"))


def get(db: sqlite3.Connection, name: str) -> SavedTemplate | None:
    """Return a template, or None if it does not exist."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM templates WHERE folded = ?", (fold(name),))
    return next(iter(readable(db, "templates", _template, rows)), None)


def count(tx: Tx) -> int:
    """Return how many templates there are."""
    return int(tx.one("SELECT count(*) FROM templates")[0])


def exists(tx: Tx, name: str) -> bool:
    """Return True if there is a template of this name."""
    return tx.one("SELECT 1 FROM templates WHERE folded = ?", (fold(name),)) is not None


def save(tx: Tx, now_ms: int, name: str, text: str) -> None:
    """Save a template, or replace the text of the one with this name."""
    tx.run(
        "INSERT INTO templates (folded, name, text, created_ms, changed_ms) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (folded) DO UPDATE SET name = excluded.name, text = excluded.text, "
        "changed_ms = excluded.changed_ms",
        (fold(name), name, text, now_ms, now_ms),
    )


def delete(tx: Tx, name: str) -> bool:
    """Delete a template. Return False if it does not exist."""
    return tx.run("DELETE FROM templates WHERE folded = ?", (fold(name),)) > 0
