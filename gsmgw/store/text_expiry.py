"""Texts that are erased before their messages are deleted: one-time codes, for example.

Numbers, states and times stay: limits count them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gsmgw.model import Event, EventType
from gsmgw.store.retention import ENDED
from gsmgw.store.tx import Tx, as_json
from gsmgw.store.unreadable import strings

_BRINGS_TEXT = frozenset(
    {EventType.MESSAGE_QUEUED, EventType.MESSAGE_SCHEDULED, EventType.MESSAGE_RECEIVED, EventType.MESSAGE_COMPLETED}
)


@dataclass(frozen=True, slots=True)
class Keep:
    """How long texts are kept that fit all conditions; None fits all. ``has_code`` finds a one-time code."""

    keep_ms: int
    purpose: str | None = None
    tag: str | None = None
    has_code: Callable[[str], bool] | None = None

    def fits(self, text: str, purpose: str | None, tags: Sequence[str]) -> bool:
        """Return True if a text fits."""
        if self.purpose is not None and self.purpose != purpose:
            return False
        if self.tag is not None and self.tag not in tags:
            return False
        return self.has_code is None or self.has_code(text)


def note(tx: Tx, events: Sequence[Event], rules: Sequence[Keep]) -> None:
    """Note when the texts of new messages are to be erased. The first rule that fits counts."""
    ids = [event.message_id for event in events if event.type in _BRINGS_TEXT and event.message_id is not None]
    if not ids or not rules:
        return
    rows = tx.all(
        "SELECT id, text, purpose, tags, created_ms, direction FROM messages "
        "WHERE typeof(text) = 'text' AND id IN (SELECT value FROM json_each(?))",
        (as_json(ids),),
    )
    for number, text, purpose, tags, created_ms, direction in rows:
        named = purpose if direction == "outbound" else None  # received texts have no purpose
        tagged = strings(tags) if tags else ()
        rule = next((rule for rule in rules if rule.fits(text, named, tagged)), None)
        if rule is not None:
            tx.run(
                "INSERT INTO text_expiry (message_id, due_ms) VALUES (?, ?) ON CONFLICT (message_id) DO NOTHING",
                (number, created_ms + rule.keep_ms),
            )


def erase_due(tx: Tx, now_ms: int, limit: int) -> int:
    """Erase the texts that are due, of messages that have ended; how many."""
    rows = tx.all(
        "SELECT expiry.message_id FROM text_expiry AS expiry CROSS JOIN messages ON messages.id = expiry.message_id "
        f"WHERE expiry.due_ms <= ? AND {ENDED} AND NOT EXISTS "
        "(SELECT 1 FROM parts WHERE parts.message_id = expiry.message_id AND parts.held = 1) "
        "ORDER BY expiry.due_ms LIMIT ?",
        (now_ms, limit),
    )
    if rows:
        which = (as_json([int(row[0]) for row in rows]),)
        of = "IN (SELECT value FROM json_each(?))"
        tx.run(f"UPDATE messages SET text = '', data = NULL WHERE id {of}", which)
        tx.run(f"UPDATE segments SET tpdu = x'' WHERE message_id {of}", which)
        tx.run(f"DELETE FROM parts WHERE message_id {of} AND held = 0", which)
        tx.run(f"UPDATE events SET data = json_remove(data, '$.text') WHERE message_id {of}", which)
        tx.run(f"DELETE FROM text_expiry WHERE message_id {of}", which)
    return len(rows)
