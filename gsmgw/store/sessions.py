"""Sessions: what a user has after signing in. A session's token is stored as a hash and shown once."""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass, replace
from typing import Any

from gsmgw.model.events import SessionEnded
from gsmgw.store.tokens import digest
from gsmgw.store.tx import Tx
from gsmgw.store.unreadable import check, check_moments, kinds, readable
from gsmgw.store.users import COLUMNS as USER_COLUMNS
from gsmgw.store.users import User, user_of

PREFIX = "gsmgw_session_"
#: A session ends when it is not used for that long, and at that age.
IDLE_MS = 12 * 3_600_000
AGE_MS = 30 * 86_400_000
#: Sessions of one user; the one that was not used for longest makes room.
MOST = 50


@dataclass(frozen=True, slots=True)
class Session:
    """A session's record with its user, without its token."""

    id: int
    created_ms: int
    last_used_ms: int
    source: str
    agent: str
    user: User

    @property
    def expires_ms(self) -> int:
        """When it ends, unless it is used before."""
        return min(self.created_ms + AGE_MS, self.last_used_ms + IDLE_MS)

    def is_valid(self, now_ms: int) -> bool:
        """Return True if it has not ended and its user may use it."""
        return now_ms < self.expires_ms and not self.user.disabled

    def used(self, at_ms: int) -> Session:
        """Return it with a later use."""
        return self if at_ms <= self.last_used_ms else replace(self, last_used_ms=at_ms)


_COLUMNS = "id, created_ms, last_used_ms, source, agent"
_WIDTH = len(_COLUMNS.split(", "))
_KINDS = kinds(_COLUMNS, integers="id created_ms last_used_ms")
_QUERY = (
    f"SELECT {', '.join(f'sessions.{name}' for name in _COLUMNS.split(', '))}, "
    f"{', '.join(f'users.{name}' for name in USER_COLUMNS.split(', '))}, digest "
    "FROM sessions JOIN users ON users.id = sessions.user_id"
)


def _session(row: tuple[Any, ...]) -> Session:
    own, of_user = row[:_WIDTH], row[_WIDTH:-1]
    check(own, _KINDS)
    check_moments(*own[1:3])
    number, created_ms, last_used_ms, source, agent = own
    return Session(number, created_ms, last_used_ms, source, agent, user_of(of_user))


def create(tx: Tx, now_ms: int, user: User, source: str, agent: str) -> tuple[Session, str]:
    """Make a session; the second value is its token. Sessions that have ended are removed, and those above MOST."""
    tx.run("DELETE FROM sessions WHERE created_ms <= ? OR last_used_ms <= ?", (now_ms - AGE_MS, now_ms - IDLE_MS))
    tx.run(
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE user_id = ? "
        "ORDER BY last_used_ms DESC, id DESC LIMIT -1 OFFSET ?)",
        (user.id, MOST - 1),
    )
    secret = PREFIX + secrets.token_urlsafe(32)
    number = tx.insert(
        "INSERT INTO sessions (user_id, digest, created_ms, last_used_ms, source, agent) VALUES (?, ?, ?, ?, ?, ?)",
        (user.id, digest(secret), now_ms, now_ms, source, agent),
    )
    return Session(number, now_ms, now_ms, source, agent, user), secret


def delete(tx: Tx, session_id: int) -> None:
    """End a session."""
    tx.run("DELETE FROM sessions WHERE id = ?", (session_id,))


def delete_of(tx: Tx, user_id: int) -> None:
    """End all sessions of a user."""
    tx.run("DELETE FROM sessions WHERE user_id = ?", (user_id,))


def announce_end(tx: Tx, now_ms: int, user: str, session_id: int | None = None) -> None:
    """Tell that a session has ended, or all of a user. Not before the gateway refuses it: whoever hears it asks."""
    tx.event(now_ms, SessionEnded(user=user, session=session_id))


def note_use(tx: Tx, now_ms: int, session_id: int) -> None:
    """Record the use of a session."""
    tx.run("UPDATE sessions SET last_used_ms = ? WHERE id = ?", (now_ms, session_id))


def by_digest(db: sqlite3.Connection) -> dict[str, Session]:
    """Return all sessions by the digest of their tokens."""
    return dict(readable(db, "sessions", lambda row: (row[-1], _session(row)), db.execute(_QUERY).fetchall()))
