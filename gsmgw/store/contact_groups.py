"""Groups of contacts, and who is in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from gsmgw.model.contacts import ContactGroup, fold
from gsmgw.store.tx import Tx, as_json
from gsmgw.store.unreadable import check, check_moments, kinds, readable

_COLUMNS = "id, name, segment, created_ms"
_KINDS = kinds(_COLUMNS, integers="id created_ms", optional="segment")


def _group(row: Any) -> ContactGroup:
    check(row, _KINDS)
    check_moments(row[3])
    return ContactGroup(*row)


def all_groups(db: sqlite3.Connection) -> list[ContactGroup]:
    """Return all groups by name."""
    return readable(db, "contact_groups", _group, db.execute(f"SELECT {_COLUMNS} FROM contact_groups ORDER BY folded"))


def member_counts(db: sqlite3.Connection) -> dict[int, int]:
    """Return the number of members by the ID of the group; smart groups have none here."""
    return dict(db.execute("SELECT group_id, count(*) FROM group_members GROUP BY group_id").fetchall())


def load(tx: Tx, name: str) -> ContactGroup | None:
    """Return a group by its name, in a transaction."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM contact_groups WHERE folded = ?", (fold(name),))
    found = tx.readable("contact_groups", _group, rows)
    return found[0] if found else None


def load_all(tx: Tx) -> list[ContactGroup]:
    """Return all groups, in a transaction."""
    return tx.readable("contact_groups", _group, tx.all(f"SELECT {_COLUMNS} FROM contact_groups ORDER BY folded"))


def create(tx: Tx, now_ms: int, name: str, segment: str | None) -> int:
    """Save a new group. Return its ID."""
    return tx.insert(
        "INSERT INTO contact_groups (name, folded, segment, created_ms) VALUES (?, ?, ?, ?)",
        (name, fold(name), segment, now_ms),
    )


def update(tx: Tx, group: ContactGroup, name: str, segment: str | None) -> None:
    """Rename a group, or change its segment."""
    tx.run(
        "UPDATE contact_groups SET name = ?, folded = ?, segment = ? WHERE id = ?",
        (name, fold(name), segment, group.id),
    )


def delete(tx: Tx, group: ContactGroup) -> None:
    """Delete a group. Its members stay contacts."""
    tx.run("DELETE FROM group_members WHERE group_id = ?", (group.id,))
    tx.run("DELETE FROM contact_groups WHERE id = ?", (group.id,))


def has_members(tx: Tx, group: ContactGroup) -> bool:
    """Return True if a contact was added to the group."""
    return tx.one("SELECT 1 FROM group_members WHERE group_id = ? LIMIT 1", (group.id,)) is not None


def add(tx: Tx, now_ms: int, group: ContactGroup, contact_ids: Iterable[int]) -> int:
    """Add contacts to a group. Return how many were not in it."""
    return _change(
        tx,
        now_ms,
        group,
        contact_ids,
        "INSERT OR IGNORE INTO group_members (group_id, contact_id) SELECT ?, value FROM json_each(?) "
        "WHERE value IN (SELECT id FROM contacts)",
    )


def remove(tx: Tx, now_ms: int, group: ContactGroup, contact_ids: Iterable[int]) -> int:
    """Remove contacts from a group. Return how many were in it."""
    return _change(
        tx,
        now_ms,
        group,
        contact_ids,
        "DELETE FROM group_members WHERE group_id = ? AND contact_id IN (SELECT value FROM json_each(?))",
    )


def _change(tx: Tx, now_ms: int, group: ContactGroup, contact_ids: Iterable[int], sql: str) -> int:
    ids = as_json(contact_ids)
    changed = tx.run(sql, (group.id, ids))
    if changed:
        tx.run("UPDATE contacts SET changed_ms = ? WHERE id IN (SELECT value FROM json_each(?))", (now_ms, ids))
    return changed


def set_groups(tx: Tx, now_ms: int, contact_id: int, names: Iterable[str]) -> None:
    """Make a contact a member of exactly these groups. Groups that do not exist are created."""
    ids = join(tx, now_ms, contact_id, names)
    tx.run(
        "DELETE FROM group_members WHERE contact_id = ? AND group_id NOT IN (SELECT value FROM json_each(?))",
        (contact_id, as_json(ids)),
    )


def join(tx: Tx, now_ms: int, contact_id: int, names: Iterable[str]) -> list[int]:
    """Make a contact a member of these groups, too, and return their IDs. Groups that do not exist are created."""
    ids = []
    for name in names:
        row = tx.one("SELECT id FROM contact_groups WHERE folded = ?", (fold(name),))
        ids.append(create(tx, now_ms, name, None) if row is None else int(row[0]))
    tx.run_many(
        "INSERT OR IGNORE INTO group_members (group_id, contact_id) VALUES (?, ?)",
        [(group_id, contact_id) for group_id in ids],
    )
    return ids
