"""Bearer tokens of the TCP listener: stored as hashes, shown once."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass

from gsmgw.store.tx import Tx

PREFIX = "gsmgw_"
SCOPES = ("send", "read", "manage")
#: How exactly the last use is noted: not with a write per request.
USE_NOTED_MS = 60_000


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; the token itself is not."""

    id: int
    name: str
    scopes: tuple[str, ...]
    created_ms: int
    expires_ms: int | None
    last_used_ms: int | None

    def is_valid(self, now_ms: int) -> bool:
        """Whether it has not expired."""
        return self.expires_ms is None or now_ms < self.expires_ms


_COLUMNS = "id, name, scopes, created_ms, expires_ms, last_used_ms"


def _token(row: tuple[int, str, str, int, int | None, int | None]) -> Token:
    return Token(row[0], row[1], tuple(row[2].split(",")), row[3], row[4], row[5])


def digest(secret: str) -> str:
    """What is stored of a token. It has 256 random bits, so a plain hash cannot be searched back."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create(tx: Tx, now_ms: int, name: str, scopes: tuple[str, ...], expires_ms: int | None) -> tuple[Token, str]:
    """Make a token; the second value is the secret, to be shown this once. ``IntegrityError`` when the name is used."""
    secret = PREFIX + secrets.token_urlsafe(32)
    number = tx.insert(
        "INSERT INTO tokens (name, digest, scopes, created_ms, expires_ms) VALUES (?, ?, ?, ?, ?)",
        (name, digest(secret), ",".join(scopes), now_ms, expires_ms),
    )
    return Token(number, name, scopes, now_ms, expires_ms, None), secret


def delete(tx: Tx, name: str) -> bool:
    """Revoke a token; False when there is none of that name."""
    return bool(tx.run("DELETE FROM tokens WHERE name = ?", (name,)))


def exists(tx: Tx, name: str) -> bool:
    """Whether there is a token of that name."""
    return tx.one("SELECT 1 FROM tokens WHERE name = ?", (name,)) is not None


def note_use(tx: Tx, now_ms: int, number: int) -> None:
    """A token was used."""
    tx.run("UPDATE tokens SET last_used_ms = ? WHERE id = ?", (now_ms, number))


def find(db: sqlite3.Connection, secret: str) -> Token | None:
    """The token behind a secret."""
    row = db.execute(f"SELECT {_COLUMNS} FROM tokens WHERE digest = ?", (digest(secret),)).fetchone()
    return _token(row) if row else None


def all_tokens(db: sqlite3.Connection) -> list[Token]:
    """All tokens by name."""
    return [_token(row) for row in db.execute(f"SELECT {_COLUMNS} FROM tokens ORDER BY name")]
