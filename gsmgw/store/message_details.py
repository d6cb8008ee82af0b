"""One message with everything that belongs to it."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from gsmgw.model import Event, MessageRecord, SegmentRecord
from gsmgw.store import messages, queue_reads


class MessageDetails(NamedTuple):
    """A message, its segments in order, its events from the oldest on, and the name of its contact."""

    record: MessageRecord
    segments: list[SegmentRecord]
    history: list[Event]
    contact_name: str | None


def details_of(db: sqlite3.Connection, message_id: int) -> MessageDetails | None:
    """Return a message as it was at one moment: its last event is the one that led to its state."""
    db.execute("BEGIN")  # from the first query on, the connection sees nothing that is written meanwhile
    try:
        record = messages.get_message(db, message_id)
        if record is None:
            return None
        ((_, name),) = messages.with_names(db, [record])
        return MessageDetails(record, queue_reads.segments_of(db, message_id), messages.history(db, message_id), name)
    finally:
        if db.in_transaction:  # SQLite ends it by itself after some errors
            db.execute("ROLLBACK")
