"""Rows to values."""

from __future__ import annotations

import json
from typing import Any

from gsmgw.model import (
    Direction,
    Event,
    MessageRecord,
    OnUnknown,
    Outgoing,
    Priority,
    SegmentRecord,
    SegmentStatus,
    Status,
)

MESSAGE_COLUMNS = (
    "id, direction, status, peer, own, text, data, port, encoding, segments, modem, route, client, priority, "
    "message_class, report, on_unknown, client_ref, tags, attempts, created_ms, send_at_ms, expires_ms, due_ms, "
    "waiting, sent_ms, delivered_ms, received_ms, smsc_ms, error, incomplete, report_missing, replaces, replaced_by"
)
_MESSAGE_FIELDS = MESSAGE_COLUMNS.split(", ")
OUTGOING_COLUMNS = (
    "id, peer, text, priority, segments, created_ms, data, port, encoding, message_class, report, route, send_at_ms, "
    "expires_ms, client_ref, tags, on_unknown, attempts, client, "
    "EXISTS (SELECT 1 FROM segments WHERE segments.message_id = messages.id), refusals, repeats"
)
#: The condition of the index messages_open: a question that is to use it has to hold it, word for word.
OPEN = "status IN ('scheduled', 'queued', 'sending', 'unknown', 'failed', 'undelivered')"
OPEN_STATES = frozenset({"scheduled", "queued", "sending", "unknown", "failed", "undelivered"})
SEGMENT_COLUMNS = (
    "seq, status, tpdu, reference, modem, sim, attempt, sending_ms, sent_ms, report_status, discharge_ms, error"
)
EVENT_COLUMNS = "id, at_ms, type, message_id, modem, data"


def tags_of(text: str | None) -> tuple[str, ...]:
    """The tags in a column."""
    return tuple(json.loads(text)) if text else ()


def message_of(row: Any) -> MessageRecord:
    """A row of MESSAGE_COLUMNS."""
    values = dict(zip(_MESSAGE_FIELDS, row, strict=True))
    values |= {
        "direction": Direction(values["direction"]),
        "status": Status(values["status"]),
        "priority": Priority(values["priority"]),
        "report": bool(values["report"]),
        "on_unknown": OnUnknown(values["on_unknown"]) if values["on_unknown"] else None,
        "tags": tags_of(values["tags"]),
        "error": json.loads(values["error"]) if values["error"] else None,
        "incomplete": bool(values["incomplete"]),
        "report_missing": bool(values["report_missing"]),
    }
    return MessageRecord(**values)


def outgoing_of(row: Any) -> Outgoing:
    """A row of OUTGOING_COLUMNS."""
    return Outgoing(
        id=row[0],
        to=row[1],
        text=row[2],
        priority=Priority(row[3]),
        segments=row[4],
        created_ms=row[5],
        data=row[6],
        port=row[7],
        encoding=row[8],
        message_class=row[9],
        report=bool(row[10]),
        route=row[11],
        send_at_ms=row[12],
        expires_ms=row[13],
        client_ref=row[14],
        tags=tags_of(row[15]),
        on_unknown=OnUnknown(row[16]),
        attempts=row[17],
        client=row[18],
        cut=bool(row[19]),
        refusals=json.loads(row[20]) if row[20] else {},
        repeats=row[21],
    )


def segment_of(row: Any) -> SegmentRecord:
    """A row of SEGMENT_COLUMNS."""
    return SegmentRecord(row[0], SegmentStatus(row[1]), *row[2:])


def event_of(row: Any) -> Event:
    """A row of EVENT_COLUMNS."""
    return Event(row[0], row[1], row[2], row[3], row[4], json.loads(row[5]))
