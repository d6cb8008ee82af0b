"""What clients asked before: so that the same request gets the same answer, whatever happened in between."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gsmgw.errors import GsmgwError
from gsmgw.pdu.references import References
from gsmgw.store.tx import Tx, as_json
from gsmgw.store.unreadable import check, parsed


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


def _references(row: tuple[str, Any]) -> References:
    next_8, next_16, used_s = parsed(row[1], list)
    check((next_8, next_16, *used_s), _REFERENCES)
    return References(next_8 & 0xFF, next_16 & 0xFFFF, tuple(used_s))


_INTEGER: frozenset[type] = frozenset({int})
_MOMENT: frozenset[type] = frozenset({int, float, type(None)})
_REFERENCES = [_INTEGER, _INTEGER, *[_MOMENT] * len(References(0, 0).used_s)]


def next_reference(tx: Tx, now_ms: int, recipient: str) -> tuple[int, int]:
    """A concatenation reference that the recipient has not seen for a week, and its size in bits (8 or 16).

    TS 23.040 9.2.3.24.1 and .8; see :class:`gsmgw.pdu.references.References`.
    """
    row = tx.one("SELECT state FROM concat_references WHERE recipient = ?", (recipient,))
    rows = () if row is None else ((recipient, row[0]),)
    found: list[References] = tx.readable("concat_references", _references, rows)
    known = found[0] if found else References.of(recipient)
    bits = known.bits(now_ms / 1000)
    reference, after = known.take(now_ms / 1000, bits)
    tx.run(
        "INSERT INTO concat_references (recipient, state, used_ms) VALUES (?, ?, ?) "
        "ON CONFLICT (recipient) DO UPDATE SET state = excluded.state, used_ms = excluded.used_ms",
        (recipient, json.dumps([after.next_8, after.next_16, after.used_s]), now_ms),
    )
    return reference, bits


def refuse_pin(tx: Tx, now_ms: int, sim: str, fingerprint: str) -> None:
    """Remember that a SIM refused a PIN."""
    tx.run("INSERT OR IGNORE INTO refused_pins (sim, fingerprint, at_ms) VALUES (?, ?, ?)", (sim, fingerprint, now_ms))


def forgive_pin(tx: Tx, sim: str, fingerprint: str) -> None:
    """The SIM took the PIN."""
    tx.run("DELETE FROM refused_pins WHERE sim = ? AND fingerprint = ?", (sim, fingerprint))


def is_refused_pin(tx: Tx, sim: str, fingerprint: str) -> bool:
    """Whether the SIM refused this PIN before."""
    return tx.one("SELECT 1 FROM refused_pins WHERE sim = ? AND fingerprint = ?", (sim, fingerprint)) is not None
