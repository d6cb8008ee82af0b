"""Durable cursors in the event log: how far each consumer is."""

from __future__ import annotations

from collections.abc import Collection

from gsmgw.store.tx import Tx

#: The cursors of the bridges that pass on events.
MQTT, MAIL, FLEET = "mqtt", "mail", "fleet"


def open_cursor(tx: Tx, name: str, *, first: int | None = None, holds: bool = False) -> int:
    """Return the last event that a consumer has finished; for a new consumer ``first``, or the newest event.

    ``holds`` keeps events that the consumer has not seen from being deleted by age.
    """
    row = tx.one("SELECT event_id FROM cursors WHERE name = ?", (name,))
    if row is not None and isinstance(row[0], int):
        tx.run("UPDATE cursors SET holds = ? WHERE name = ? AND holds <> ?", (holds, name, holds))
        return int(row[0])
    if row is not None:
        tx.note_unreadable("cursors", name, TypeError(f"{row[0]!r} is not the number of an event"))
        tx.run("DELETE FROM cursors WHERE name = ?", (name,))
    last = int(tx.one("SELECT coalesce(max(id), 0) FROM events")[0]) if first is None else first
    tx.run("INSERT INTO cursors (name, event_id, holds) VALUES (?, ?, ?)", (name, last, holds))
    return last


def move(tx: Tx, name: str, event_id: int) -> None:
    """Note that a consumer has done with the events up to this one. A cursor never moves back."""
    tx.run("UPDATE cursors SET event_id = ? WHERE name = ? AND event_id < ?", (event_id, name, event_id))


def keep_only(tx: Tx, prefix: str, names: Collection[str]) -> None:
    """Delete the cursors of removed consumers: names that begin with ``prefix`` and are not listed."""
    known = tx.all("SELECT name FROM cursors WHERE name >= ? AND name < ?", (prefix, prefix + "\U0010ffff"))
    tx.run_many("DELETE FROM cursors WHERE name = ?", [row for row in known if row[0] not in names])


def delete(tx: Tx, name: str) -> None:
    """Delete the cursor of a removed consumer."""
    tx.run("DELETE FROM cursors WHERE name = ?", (name,))


def release(tx: Tx, prefix: str) -> int:
    """Let events be deleted by age that consumers whose names begin so have not seen; how many such consumers."""
    return tx.run(
        "UPDATE cursors SET holds = 0 WHERE name >= ? AND name < ? AND holds <> 0", (prefix, prefix + "\U0010ffff")
    )
