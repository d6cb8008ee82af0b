"""Callbacks that clients of the bridges request with a message."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from gsmgw.digits import is_digits
from gsmgw.store.idempotency import ref_of
from gsmgw.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback. ``mask`` has the requested events as bits of the bridge's protocol; 0 if it does not use bits."""

    url: str
    mask: int = 0


def remember(tx: Tx, message_ids: Iterable[int], callback: Callback) -> None:
    """Keep the callback of messages, in the transaction that accepts them."""
    tx.run_many(
        "INSERT OR IGNORE INTO callbacks (message_id, url, mask) VALUES (?, ?, ?)",
        [(message_id, callback.url, callback.mask) for message_id in message_ids],
    )


def of_message(db: sqlite3.Connection, message_id: int) -> Callback | None:
    """Return the callback of a message."""
    row = db.execute("SELECT url, mask FROM callbacks WHERE message_id = ?", (message_id,)).fetchone()
    return Callback(row[0], row[1]) if row else None


def message_of_ref(db: sqlite3.Connection, owner: int, client_ref: str) -> int | None:
    """Return the message that was accepted with an owner's client_ref, as long as the reference is stored."""
    row = db.execute("SELECT answer FROM idempotency WHERE key = ?", (ref_of(owner, client_ref),)).fetchone()
    return int(row[0]) if row and is_digits(str(row[0])) else None
