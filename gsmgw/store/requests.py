"""What clients asked before: so that the same request gets the same answer, whatever happened in between."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from gsmgw.errors import GsmgwError
from gsmgw.pdu.references import References
from gsmgw.store.tx import Tx


class KeyConflict(GsmgwError):
    """The key was used before for another request."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"{key!r} was used before for another request")


def earlier_answer(tx: Tx, key: str, fingerprint: str) -> str | None:
    """The answer that a request with this key was given; None when it is new.

    Raises :class:`KeyConflict` when the content was another one.
    """
    row = tx.one("SELECT fingerprint, answer FROM idempotency WHERE key = ?", (key,))
    if row is None:
        return None
    if row[0] != fingerprint:
        raise KeyConflict(key.partition(":")[2])
    return str(row[1])


def remember_answer(tx: Tx, now_ms: int, key: str, fingerprint: str, answer: str) -> None:
    """Keep an answer in the same transaction as what it promises."""
    tx.run(
        "INSERT INTO idempotency (key, fingerprint, answer, created_ms) VALUES (?, ?, ?, ?)",
        (key, fingerprint, answer, now_ms),
    )


def are_known(db: sqlite3.Connection, keys: Sequence[str]) -> int:
    """How many of these keys were used before."""
    return sum(db.execute("SELECT 1 FROM idempotency WHERE key = ?", (key,)).fetchone() is not None for key in keys)


def next_reference(tx: Tx, now_ms: int, recipient: str) -> tuple[int, int]:
    """A concatenation reference that the recipient has not seen for a week, and its size in bits (8 or 16).

    TS 23.040 9.2.3.24.1 and .8; see :class:`gsmgw.pdu.references.References`.
    """
    row = tx.one("SELECT state FROM concat_references WHERE recipient = ?", (recipient,))
    if row is None:
        known = References.of(recipient)
    else:
        next_8, next_16, used_s = json.loads(row[0])
        known = References(next_8, next_16, tuple(used_s))
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
