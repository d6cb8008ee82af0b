"""What clients asked before: so that the same request gets the same answer, whatever happened in between."""

from __future__ import annotations

from gsmgw.errors import GsmgwError
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


def next_reference(tx: Tx, now_ms: int, recipient: str) -> int:
    """A concatenation reference (TS 23.040 9.2.3.24.1) that was not used lately for the recipient: counted up."""
    row = tx.one("SELECT reference FROM concat_references WHERE recipient = ?", (recipient,))
    reference = (int(row[0]) + 1) % 256 if row else now_ms % 256
    tx.run(
        "INSERT INTO concat_references (recipient, reference, used_ms) VALUES (?, ?, ?) "
        "ON CONFLICT (recipient) DO UPDATE SET reference = excluded.reference, used_ms = excluded.used_ms",
        (recipient, reference, now_ms),
    )
    return reference


def refuse_pin(tx: Tx, now_ms: int, sim: str, fingerprint: str) -> None:
    """Remember that a SIM refused a PIN."""
    tx.run("INSERT OR IGNORE INTO refused_pins (sim, fingerprint, at_ms) VALUES (?, ?, ?)", (sim, fingerprint, now_ms))


def forgive_pin(tx: Tx, sim: str, fingerprint: str) -> None:
    """The SIM took the PIN."""
    tx.run("DELETE FROM refused_pins WHERE sim = ? AND fingerprint = ?", (sim, fingerprint))


def is_refused_pin(tx: Tx, sim: str, fingerprint: str) -> bool:
    """Whether the SIM refused this PIN before."""
    return tx.one("SELECT 1 FROM refused_pins WHERE sim = ? AND fingerprint = ?", (sim, fingerprint)) is not None
