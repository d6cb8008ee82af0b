"""Bearer tokens of the TCP listener: stored as hashes, shown once."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any

from gsmgw.store import cursors
from gsmgw.store.ids import first_id
from gsmgw.store.tx import Tx
from gsmgw.store.unreadable import check, check_moments, kinds, readable, strings

PREFIX = "gsmgw_"
SCOPES = ("send", "read", "manage")
#: The names of the cursors of SMPP accounts begin with this.
SMPP_CURSORS = "smpp "
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
    #: It is an SMPP account.
    smpp: bool = False

    def is_valid(self, now_ms: int) -> bool:
        """Return True if the token has not expired."""
        return self.expires_ms is None or now_ms < self.expires_ms


_COLUMNS = (
    "id, name, scopes, created_ms, expires_ms, last_used_ms, per_minute, per_day, modems, pools, smpp IS NOT NULL"
)


_KINDS = kinds(
    _COLUMNS.replace(" IS NOT NULL", ""),
    integers="id created_ms expires_ms last_used_ms per_minute per_day smpp",
    optional="expires_ms last_used_ms per_minute per_day",
)


def _token(row: tuple[Any, ...]) -> Token:
    check(row, _KINDS)
    check_moments(*row[3:6])
    limits = TokenLimits(row[6], row[7], strings(row[8]), strings(row[9]))
    return Token(row[0], row[1], tuple(row[2].split(",")), row[3], row[4], row[5], limits, bool(row[10]))


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
    smpp: str | None = None,
) -> tuple[Token, str]:
    """Make a token; the second value is the secret, to be shown this once. ``IntegrityError`` when the name is used.

    ``smpp`` is the hash of the password of an SMPP account: its receipts and received messages begin now.
    """
    secret = PREFIX + secrets.token_urlsafe(32)
    number = tx.insert(
        "INSERT INTO tokens (name, digest, scopes, created_ms, expires_ms, per_minute, per_day, modems, pools, smpp) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
            smpp,
        ),
    )
    if smpp is not None:
        cursors.open_cursor(tx, smpp_cursor(number), holds=True)
    return Token(number, name, scopes, now_ms, expires_ms, None, limits, smpp is not None), secret


def delete(tx: Tx, name: str) -> int | None:
    """Revoke a token. Return its number, or None if the name does not exist."""
    row = tx.one("SELECT id FROM tokens WHERE name = ?", (name,))
    if row is None:
        return None
    tx.run("DELETE FROM tokens WHERE name = ?", (name,))
    cursors.delete(tx, smpp_cursor(int(row[0])))
    return int(row[0])


def smpp_cursor(number: int) -> str:
    """Return the name of the cursor of an SMPP account, by the number of its token."""
    return f"{SMPP_CURSORS}{number}"


def smpp_account(db: sqlite3.Connection, name: str) -> tuple[Token, str] | None:
    """Return the SMPP account of this name and the hash of its password; None if it does not exist."""
    rows = db.execute(f"SELECT {_COLUMNS}, smpp FROM tokens WHERE name = ? AND smpp IS NOT NULL", (name,)).fetchall()
    found = readable(db, "tokens", lambda row: (_token(row[:-1]), str(row[-1])), rows)
    return found[0] if found else None


def smpp_accounts(db: sqlite3.Connection) -> list[Token]:
    """Return the SMPP accounts by name."""
    return [token for token in all_tokens(db) if token.smpp]


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
