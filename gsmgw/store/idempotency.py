"""Answers to earlier requests: the same request gets the same answer, whatever happened in between."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gsmgw.errors import GsmgwError
from gsmgw.store.tx import Tx, as_json


class KeyConflict(GsmgwError):
    """The key was used before for another request."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"{key!r} was used before for another request")


@dataclass(frozen=True, slots=True)
class Answered:
    """What a request was answered with, and what tells whether another one asks for the same."""

    fingerprint: str
    answer: str

    def repeated(self, key: str, fingerprint: str) -> str:
        """The answer to a request with that key; :class:`KeyConflict` when its content was another one."""
        if fingerprint != self.fingerprint:
            raise KeyConflict(key.partition(":")[2])
        return self.answer


def key_of(owner: int, key: str) -> str:
    """Return an Idempotency-Key among those of its owner."""
    return f"#{owner}\n{key}"


def ref_of(owner: int, client_ref: str) -> str:
    """Return what the answer to a ``client_ref`` is remembered by: two owners do not know of each other's."""
    return f"ref:#{owner}\n{client_ref}"


def earlier_answers(tx: Tx, keys: Iterable[str]) -> dict[str, Answered]:
    """What requests with these keys were answered; new ones are not there. A key has no NUL."""
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


def known_of(db: sqlite3.Connection, keys: Iterable[str]) -> set[str]:
    """Those of these keys that were used before."""
    query = "SELECT key FROM idempotency WHERE key IN (SELECT value FROM json_each(?))"
    return {row[0] for row in db.execute(query, (as_json(keys),))}
