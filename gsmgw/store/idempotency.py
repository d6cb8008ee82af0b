"""Idempotency: a repeated request gets the answer to the first one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gsmgw.errors import GsmgwError
from gsmgw.store.tx import Tx, as_json


class KeyConflict(GsmgwError):
    """The key was used for a different request."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"{key!r} was used before for another request")


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a request, and a digest to compare it with other requests."""

    fingerprint: str
    answer: str

    def repeated(self, key: str, fingerprint: str) -> str:
        """Return the answer to a request with a key. Raises :class:`KeyConflict` if the request differs."""
        if fingerprint != self.fingerprint:
            raise KeyConflict(key.partition(":")[2])
        return self.answer


def key_of(owner: int, key: str) -> str:
    """Return the stored key for an owner's Idempotency-Key."""
    return f"key:#{owner}\n{key}"


def ref_of(owner: int, client_ref: str) -> str:
    """Return the stored key for an owner's ``client_ref``: owners are independent of each other."""
    return f"ref:#{owner}\n{client_ref}"


def earlier_answers(tx: Tx, keys: Iterable[str]) -> dict[str, Answered]:
    """Return the answers by key; unknown keys are left out. A key contains no NUL."""
    found = tx.all(
        "SELECT key, fingerprint, answer FROM idempotency WHERE key IN (SELECT value FROM json_each(?))",
        (as_json(keys),),
    )
    return {key: Answered(fingerprint, answer) for key, fingerprint, answer in found}


def remember_answers(tx: Tx, now_ms: int, given: Mapping[str, Answered]) -> None:
    """Keep answers by their keys, in the same transaction as what they promise."""
    tx.insert_many(
        "INSERT INTO idempotency (key, fingerprint, answer, created_ms)",
        ((key, each.fingerprint, each.answer, now_ms) for key, each in given.items()),
    )


def latest_of(db: sqlite3.Connection, owner: int, prefix: str, since_ms: int) -> str | None:
    """Return the last of an owner's keys that begin so and were used since a moment, in their alphabetical order."""
    stored = key_of(owner, prefix)
    row = db.execute(
        "SELECT max(key) FROM idempotency WHERE key >= ? AND key < ? AND created_ms >= ?",
        (stored, stored + "\U0010ffff", since_ms),
    ).fetchone()
    return None if row[0] is None else str(row[0])[len(key_of(owner, "")) :]


def known_of(db: sqlite3.Connection, keys: Iterable[str]) -> set[str]:
    """Those of these keys that were used before."""
    query = "SELECT key FROM idempotency WHERE key IN (SELECT value FROM json_each(?))"
    return {row[0] for row in db.execute(query, (as_json(keys),))}
