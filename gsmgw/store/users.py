"""People who sign in. Their passwords are stored as hashes (:mod:`gsmgw.api.access.passwords`)."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from gsmgw.store import conversations
from gsmgw.store.tx import Tx
from gsmgw.store.unreadable import check, check_moments, kinds, readable, readable_one


@dataclass(frozen=True, slots=True)
class User:
    """A user's record. ``password`` is the hash."""

    id: int
    name: str
    role: str
    password: str
    language: str | None
    time_zone: str | None
    disabled: bool
    created_ms: int
    signed_in_ms: int | None


COLUMNS = "id, name, role, password, language, time_zone, disabled, created_ms, signed_in_ms"
#: Columns that a change may set.
CHANGEABLE = frozenset({"role", "password", "language", "time_zone", "disabled"})
_KINDS = kinds(COLUMNS, integers="id disabled created_ms signed_in_ms", optional="language time_zone signed_in_ms")


def user_of(row: tuple[Any, ...]) -> User:
    """Decode a row of :data:`COLUMNS`."""
    check(row, _KINDS)
    check_moments(*row[7:9])
    number, name, role, password, language, time_zone, disabled, created_ms, signed_in_ms = row
    return User(number, name, role, password, language, time_zone, bool(disabled), created_ms, signed_in_ms)


def create(
    tx: Tx, now_ms: int, name: str, role: str, password: str, language: str | None, time_zone: str | None
) -> User | None:
    """Add a user; None if the name is taken, in whatever case."""
    if tx.one("SELECT 1 FROM users WHERE name = ?", (name,)) is not None:
        return None
    number = tx.insert(
        "INSERT INTO users (name, role, password, language, time_zone, created_ms) VALUES (?, ?, ?, ?, ?, ?)",
        (name, role, password, language, time_zone, now_ms),
    )
    return User(number, name, role, password, language, time_zone, False, now_ms, None)


def create_first(
    tx: Tx, now_ms: int, name: str, password: str, language: str | None, time_zone: str | None
) -> User | None:
    """Add the first user, an owner; None if there is a user."""
    if tx.one("SELECT 1 FROM users LIMIT 1") is not None:
        return None
    return create(tx, now_ms, name, "owner", password, language, time_zone)


def change(tx: Tx, user_id: int, fields: dict[str, str | bool | None]) -> None:
    """Set some of :data:`CHANGEABLE`."""
    names = [name for name in fields if name in CHANGEABLE]
    if names:
        words = ", ".join(f"{name} = ?" for name in names)
        tx.run(f"UPDATE users SET {words} WHERE id = ?", (*(fields[name] for name in names), user_id))


def delete(tx: Tx, user_id: int) -> None:
    """Remove a user with all sessions."""
    row = tx.one("SELECT name FROM users WHERE id = ?", (user_id,))
    if row is not None:
        conversations.unassign_all(tx, row[0])
    tx.run("DELETE FROM users WHERE id = ?", (user_id,))


def note_sign_in(tx: Tx, now_ms: int, user_id: int) -> None:
    """Record the time of a sign-in."""
    tx.run("UPDATE users SET signed_in_ms = ? WHERE id = ?", (now_ms, user_id))


def owners(tx: Tx) -> list[int]:
    """Return the users that may manage the gateway now."""
    return [row[0] for row in tx.all("SELECT id FROM users WHERE role = 'owner' AND disabled = 0")]


def by_name(db: sqlite3.Connection, name: str) -> User | None:
    """Return a user; upper and lower case are the same."""
    row = db.execute(f"SELECT {COLUMNS} FROM users WHERE name = ?", (name,)).fetchone()
    return readable_one(db, "users", user_of, row)


def by_id(tx: Tx, user_id: int) -> User | None:
    """Return a user as this transaction sees it."""
    found = tx.readable("users", user_of, tx.all(f"SELECT {COLUMNS} FROM users WHERE id = ?", (user_id,)))
    return found[0] if found else None


def all_users(db: sqlite3.Connection) -> list[User]:
    """Return all users by name."""
    return readable(db, "users", user_of, db.execute(f"SELECT {COLUMNS} FROM users ORDER BY name"))
