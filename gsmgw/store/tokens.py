"""Bearer tokens of the TCP listener: stored as hashes, shown once."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any

from gsmgw.store.ids import first_id
from gsmgw.store.tx import Tx
from gsmgw.store.unreadable import check, check_moments, kinds, readable, strings

PREFIX = "gsmgw_"
SCOPES = ("send", "read", "manage")
#: Resolution of the last use, seconds: not every request writes.
USE_NOTED_MS = 60_000


@dataclass(frozen=True, slots=True)
class TokenLimits:
    """The limits of a token: messages per minute and day, and the modems and pools that it is restricted to."""

    per_minute: int | None = None
    per_day: int | None = None
    modems: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()


UNLIMITED = TokenLimits()


@dataclass(frozen=True, slots=True)
class Token:
    """A token's record, without its secret."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_ms: int
    expires_ms: int | None
    last_used_ms: int | None
    limits: TokenLimits

    def is_valid(self, now_ms: int) -> bool:
        """Return True if the token has not expired."""
        return self.expires_ms is None or now_ms < self.expires_ms


_COLUMNS = "id, name, scopes, created_ms, expires_ms, last_used_ms, per_minute, per_day, modems, pools"


_KINDS = kinds(
    _COLUMNS,
    integers="id created_ms expires_ms last_used_ms per_minute per_day",
    optional="expires_ms last_used_ms per_minute per_day",
)


def _token(row: tuple[Any, ...]) -> Token:
    check(row, _KINDS)
    check_moments(*row[3:6])
    limits = TokenLimits(row[6], row[7], strings(row[8]), strings(row[9]))
    return Token(row[0], row[1], tuple(row[2].split(",")), row[3], row[4], row[5], limits)


def digest(secret: str) -> str:
    """Return the stored hash of a token. A token has 256 random bits, so a plain hash cannot be reversed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create(
    tx: Tx,
    now_ms: int,
    name: str,
    scopes: tuple[str, ...],
    expires_ms: int | None,
    limits: TokenLimits = UNLIMITED,
) -> tuple[Token, str]:
    """Make a token; the second value is the secret, to be shown this once. ``IntegrityError`` when the name is used."""
    secret = PREFIX + secrets.token_urlsafe(32)
    number = tx.insert(
        "INSERT INTO tokens (name, digest, scopes, created_ms, expires_ms, per_minute, per_day, modems, pools) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            name,
            digest(secret),
            ",".join(scopes),
            now_ms,
            expires_ms,
            limits.per_minute,
            limits.per_day,
            json.dumps(limits.modems),
            json.dumps(limits.pools),
        ),
    )
    return Token(number, name, scopes, now_ms, expires_ms, None, limits), secret


def delete(tx: Tx, name: str) -> int | None:
    """Revoke a token. Return its number, or None if the name does not exist."""
    row = tx.one("SELECT id FROM tokens WHERE name = ?", (name,))
    tx.run("DELETE FROM tokens WHERE name = ?", (name,))
    return None if row is None else int(row[0])


def exists(tx: Tx, name: str) -> bool:
    """Return True if a token with this name exists."""
    return tx.one("SELECT 1 FROM tokens WHERE name = ?", (name,)) is not None


def note_use(tx: Tx, now_ms: int, number: int) -> None:
    """Record the use of a token."""
    tx.run("UPDATE tokens SET last_used_ms = ? WHERE id = ?", (now_ms, number))


def by_digest(db: sqlite3.Connection) -> dict[str, Token]:
    """Return all tokens by the :func:`digest` of their secrets."""
    rows = db.execute(f"SELECT {_COLUMNS}, digest FROM tokens").fetchall()
    return dict(readable(db, "tokens", lambda row: (row[-1], _token(row[:-1])), rows))


def all_tokens(db: sqlite3.Connection) -> list[Token]:
    """Return all tokens by name."""
    return readable(db, "tokens", _token, db.execute(f"SELECT {_COLUMNS} FROM tokens ORDER BY name"))


def accepted_by_second(db: sqlite3.Connection, owner: int, since_ms: int) -> list[tuple[int, int]]:
    """Return the number of messages accepted for a token in each second (UTC) since a time."""
    rows = db.execute(
        "SELECT created_ms / 1000, count(*) FROM messages WHERE id >= ? AND owner = ? AND direction = 'outbound' "
        "GROUP BY 1 ORDER BY 1",
        (first_id(since_ms), owner),
    )
    return [(int(second), int(count)) for second, count in rows]
