"""Adjust the database when the system clock is set while the gateway runs.

A box without a clock battery starts with a time of the past and gets the right one from the network minutes later. A
span that was counted from "now" in between (validity of a message, pause before a retry, window of a limit) keeps its
length. A moment that the client named (``send_at``) stays that moment.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace

from gsmgw.model.events import ClockSet
from gsmgw.store.tx import Tx

#: Of what left longer ago than that by the old clock, the limits' counts are not corrected.
_USAGE_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Boot:
    """A boot of the machine. Times are UTC milliseconds of the current clock.

    ``boot_ms`` is when it began: the same for as long as nobody sets the clock. The gateway runs in it since
    ``since_ms``, and has accepted messages behind ``first_id``.
    """

    boot_id: str
    boot_ms: int
    since_ms: int
    first_id: int


def last_boot(db: sqlite3.Connection) -> Boot | None:
    """Return the latest boot in which the gateway ran."""
    row = db.execute("SELECT boot_id, boot_ms, since_ms, first_id FROM boots WHERE one = 1").fetchone()
    return Boot(*row) if row else None


def note_boot(tx: Tx, boot: Boot) -> None:
    """Record the boot in which the gateway runs."""
    tx.run(
        "INSERT OR REPLACE INTO boots (one, boot_id, boot_ms, since_ms, first_id) VALUES (1, ?, ?, ?, ?)",
        (boot.boot_id, boot.boot_ms, boot.since_ms, boot.first_id),
    )


def latest_ms(db: sqlite3.Connection) -> int:
    """Return the time of the last event, UTC milliseconds, or 0: a correct clock is never earlier."""
    row = db.execute("SELECT at_ms FROM events ORDER BY id DESC LIMIT 1").fetchone()
    return row[0] if row and isinstance(row[0], int) else 0


def follow(tx: Tx, now_ms: int, by_ms: int, boot: Boot, last_id: int, grace_ms: int) -> Boot:
    """Follow a clock that was set by ``by_ms`` to ``now_ms``; ``boot`` is by the old clock, the result by the new one.

    Messages accepted in this boot are those behind ``boot.first_id`` up to ``last_id``.
    """
    old_now_ms, since_ms = now_ms - by_ms, boot.since_ms
    tx.run(
        "UPDATE messages SET expires_ms = expires_ms + ? WHERE id > ? AND id <= ? AND expires_ms IS NOT NULL "
        "AND send_at_ms IS NULL",
        (by_ms, boot.first_id, last_id),
    )
    # Why a message was put off is looked at anew: an hour at its recipient's, a limit, a pause of minutes.
    tx.run("UPDATE messages SET due_ms = ? WHERE due_ms IS NOT NULL AND status = 'queued'", (now_ms,))
    tx.run(
        "UPDATE messages SET due_ms = ? + max(0, min(due_ms - ?, ?)) WHERE due_ms IS NOT NULL AND status = 'unknown'",
        (now_ms, old_now_ms, grace_ms),
    )
    used_since_ms = max(since_ms, old_now_ms - _USAGE_MS)
    for (sim,) in tx.all("SELECT sim FROM sims"):
        tx.run(
            "UPDATE segments SET sending_ms = sending_ms + ? WHERE sim = ? AND sending_ms BETWEEN ? AND ?",
            (by_ms, sim, used_since_ms, old_now_ms),
        )
    tx.run(
        "UPDATE parts SET at_ms = at_ms + ? WHERE state = 'waiting' AND at_ms BETWEEN ? AND ?",
        (by_ms, since_ms, old_now_ms),
    )
    tx.run("UPDATE reports SET at_ms = at_ms + ? WHERE at_ms BETWEEN ? AND ?", (by_ms, since_ms, old_now_ms))
    tx.run(
        "UPDATE webhook_deliveries SET due_ms = ? + max(0, due_ms - ?) WHERE state = 'pending' AND due_ms > ?",
        (now_ms, old_now_ms, now_ms),
    )
    tx.event(now_ms, ClockSet(by_s=round(by_ms / 1000, 1)))
    boot = replace(boot, boot_ms=boot.boot_ms + by_ms, since_ms=boot.since_ms + by_ms)
    note_boot(tx, boot)
    return boot
