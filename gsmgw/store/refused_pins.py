"""PINs that a SIM refused: none is tried a second time."""

from __future__ import annotations

from gsmgw.store.tx import Tx


def add(tx: Tx, now_ms: int, sim: str, fingerprint: str) -> None:
    """Remember that a SIM refused a PIN."""
    tx.run("INSERT OR IGNORE INTO refused_pins (sim, fingerprint, at_ms) VALUES (?, ?, ?)", (sim, fingerprint, now_ms))


def remove(tx: Tx, sim: str, fingerprint: str) -> None:
    """Forget it: the SIM accepted the PIN."""
    tx.run("DELETE FROM refused_pins WHERE sim = ? AND fingerprint = ?", (sim, fingerprint))


def contains(tx: Tx, sim: str, fingerprint: str) -> bool:
    """Return True if the SIM has refused this PIN before."""
    return tx.one("SELECT 1 FROM refused_pins WHERE sim = ? AND fingerprint = ?", (sim, fingerprint)) is not None
