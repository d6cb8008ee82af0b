"""When a number was last texted, got a text, and answered: kept by following the event log."""

from __future__ import annotations

from collections.abc import Sequence

from gsmgw.model import Event, EventType
from gsmgw.store.tx import Tx, as_json

_TELLING = frozenset(
    {
        EventType.MESSAGE_RECEIVED,
        EventType.MESSAGE_COMPLETED,
        EventType.MESSAGE_SENT,
        EventType.MESSAGE_SETTLED,
        EventType.MESSAGE_DELIVERED,
    }
)


def note(tx: Tx, events: Sequence[Event]) -> None:
    """Note the messages of these events."""
    ids = [event.message_id for event in events if event.type in _TELLING and event.message_id is not None]
    if ids:
        tx.run(
            "INSERT INTO contact_history (number, last_reply_ms, last_sent_ms, delivered_ms) "
            "SELECT peer, max(received_ms), max(sent_ms), max(delivered_ms) FROM messages "
            "WHERE id IN (SELECT value FROM json_each(?)) GROUP BY peer "
            "ON CONFLICT (number) DO UPDATE SET "
            f"{', '.join(map(_latest, ('last_reply_ms', 'last_sent_ms', 'delivered_ms')))}",
            (as_json(ids),),
        )


def _latest(column: str) -> str:
    return f"{column} = coalesce(max({column}, excluded.{column}), {column}, excluded.{column})"


def forget(tx: Tx, number: str) -> None:
    """Delete what is known about a number."""
    tx.run("DELETE FROM contact_history WHERE number = ?", (number,))
