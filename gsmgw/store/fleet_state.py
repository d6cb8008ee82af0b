"""State that hub and node of a fleet keep between two connections."""

from __future__ import annotations

import sqlite3
from enum import StrEnum

from gsmgw.model import ConsentState
from gsmgw.store import consent
from gsmgw.store.tx import Tx


class Mark(StrEnum):
    """How far something was taken or told."""

    #: The last message of the events' stream that the hub has taken.
    EVENTS = "stream"
    #: The last event of the portion that a node publishes or has published.
    PORTION = "portion"
    #: The last erasure that a node has done.
    ERASURES = "erasures"


def mark(db: sqlite3.Connection, which: Mark) -> int | None:
    """Return a mark; None at the beginning."""
    row = db.execute("SELECT value FROM fleet_state WHERE key = ?", (which.value,)).fetchone()
    return None if row is None else int(row[0])


def set_mark(tx: Tx, which: Mark, value: int) -> None:
    """Move a mark."""
    tx.run(
        "INSERT INTO fleet_state (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (which.value, value),
    )


def opted_out(db: sqlite3.Connection) -> list[tuple[str, str]]:
    """Return the numbers that opted out, each with the list. Those that were erased are not known any more."""
    rows = db.execute(
        "SELECT number, list FROM consent WHERE state = 'out' AND number IS NOT NULL ORDER BY number, list"
    )
    return [(number, name) for number, name in rows]


def opt_outs_of(db: sqlite3.Connection, number: str) -> list[str]:
    """Return the lists that a number has opted out of, also one that was erased: its opt-outs are kept by its HMAC."""
    query = consent.on(db)
    person = consent.person_of(consent.secret_of(query), number)
    standings = consent.standings_of(query, [person]).get(person, {})
    return sorted(name for name, standing in standings.items() if standing.state is ConsentState.OUT)


def note_erasure(tx: Tx, now_ms: int, number: str) -> None:
    """Note that the nodes have to erase a number."""
    tx.run("INSERT INTO fleet_erasures (number, at_ms) VALUES (?, ?) ON CONFLICT DO NOTHING", (number, now_ms))


def erasures(db: sqlite3.Connection) -> list[str]:
    """Return the numbers that nodes have not been told to erase, oldest first."""
    return [str(row[0]) for row in db.execute("SELECT number FROM fleet_erasures ORDER BY at_ms, number")]


def forget_erasure(tx: Tx, number: str) -> None:
    """Forget a number that the nodes have been told to erase; the disk too."""
    tx.all("PRAGMA secure_delete = ON")
    tx.run("DELETE FROM fleet_erasures WHERE number = ?", (number,))
    tx.all("PRAGMA secure_delete = OFF")
