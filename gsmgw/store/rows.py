"""Conversion of rows to values."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from gsmgw.model import (
    ConsentVerdict,
    Direction,
    Event,
    MessageError,
    MessageRecord,
    OnUnknown,
    Outgoing,
    Priority,
    Purpose,
    SegmentRecord,
    SegmentStatus,
    Status,
)
from gsmgw.model.routes import Route
from gsmgw.store.unreadable import check, check_moments, kinds, parsed, readable, strings

_MESSAGE_COLUMNS = (
    "id, direction, status, peer, own, text, data, port, encoding, segments, modem, route, client, priority, "
    "message_class, report, on_unknown, client_ref, tags, attempts, created_ms, send_at_ms, expires_ms, due_ms, "
    "waiting, sent_ms, delivered_ms, received_ms, smsc_ms, error, incomplete, report_missing, replaces, replaced_by, "
    "owner, purpose, list, consent, campaign"
)
#: The last one is the contact that has the number now.
_MESSAGE_FIELDS = [*_MESSAGE_COLUMNS.split(", "), "contact"]
#: Number of columns of :func:`message_columns`.
MESSAGE_WIDTH = len(_MESSAGE_FIELDS)
OUTGOING_COLUMNS = (
    "id, peer, text, priority, segments, created_ms, data, port, encoding, message_class, report, route, send_at_ms, "
    "expires_ms, client_ref, tags, on_unknown, attempts, client, "
    "EXISTS (SELECT 1 FROM segments WHERE segments.message_id = messages.id), refusals, repeats, "
    "purpose, list, exempt"
)
#: The condition of the index messages_open: a question that is to use it has to hold it, word for word.
SEGMENT_COLUMNS = (
    "seq, status, tpdu, reference, modem, sim, attempt, sending_ms, sent_ms, report_status, discharge_ms, error"
)
EVENT_COLUMNS = "id, at_ms, type, message_id, modem, data"


_OUTGOING_NAMES = (
    "id, to, text, priority, segments, created_ms, data, port, encoding, message_class, report, route, send_at_ms, "
    "expires_ms, client_ref, tags, on_unknown, attempts, client, cut, refusals, repeats, "
    "purpose, list, exempt"
)
_INTEGERS = (
    "id port segments priority message_class report attempts created_ms send_at_ms expires_ms due_ms sent_ms "
    "delivered_ms received_ms smsc_ms incomplete report_missing replaces replaced_by owner cut seq reference attempt "
    "sending_ms report_status discharge_ms at_ms message_id repeats exempt contact"
)
_MESSAGE_KINDS = kinds(
    ", ".join(_MESSAGE_FIELDS),
    integers=_INTEGERS,
    octets="data",
    optional="own text data port modem message_class on_unknown client_ref tags send_at_ms expires_ms due_ms waiting "
    "sent_ms delivered_ms received_ms smsc_ms error replaces replaced_by list consent campaign contact",
)
_MESSAGE_MOMENTS = [place for place, name in enumerate(_MESSAGE_FIELDS) if name.endswith("_ms")]
_OUTGOING_KINDS = kinds(
    _OUTGOING_NAMES,
    integers=_INTEGERS,
    octets="data",
    optional="text data port message_class send_at_ms expires_ms client_ref tags refusals list",
)
_SEGMENT_KINDS = kinds(
    SEGMENT_COLUMNS,
    integers=_INTEGERS,
    octets="tpdu",
    optional="reference modem sim sending_ms sent_ms report_status discharge_ms error",
)
_EVENT_KINDS = kinds(EVENT_COLUMNS, integers=_INTEGERS, optional="message_id modem")
#: Replaces an event that cannot be decoded in an event stream: readers go on after it.
EVENT_UNREADABLE = "event.unreadable"


def message_columns(table: str = "messages") -> str:
    """Return the columns of a message from a table or its alias."""
    columns = ", ".join(f"{table}.{name}" for name in _MESSAGE_COLUMNS.split(", "))
    return f"{columns}, (SELECT known.id FROM contacts AS known WHERE known.number = {table}.peer)"


# The functions below raise for a row that cannot be decoded: callers go through store.unreadable.


def tags_of(text: str | None) -> tuple[str, ...]:
    """Return the tags in a column."""
    return strings(text) if text else ()


def _counts(text: Any) -> dict[str, int]:
    """Return a mapping of names to numbers in a column."""
    found = parsed(text, dict)
    if not all(type(count) is int for count in found.values()):
        raise TypeError("counts have to be integers")
    return found


def message_of(row: Any) -> MessageRecord:
    """Convert a row of :func:`message_columns`."""
    check(row, _MESSAGE_KINDS)
    values = dict(zip(_MESSAGE_FIELDS, row, strict=True))
    check_moments(*(row[place] for place in _MESSAGE_MOMENTS))
    values |= {
        "direction": Direction(values["direction"]),
        "status": Status(values["status"]),
        "priority": Priority(values["priority"]),
        "report": bool(values["report"]),
        "on_unknown": OnUnknown(values["on_unknown"]) if values["on_unknown"] else None,
        "tags": tags_of(values["tags"]),
        "error": MessageError.of_json(parsed(values["error"], dict)) if values["error"] else None,
        "incomplete": bool(values["incomplete"]),
        "report_missing": bool(values["report_missing"]),
        "purpose": Purpose(values["purpose"]),
        "consent": ConsentVerdict(values["consent"]) if values["consent"] else None,
    }
    if values["route"]:
        Route.parse(values["route"])
    return MessageRecord(**values)


def outgoing_of(row: Any) -> Outgoing:
    """Convert a row of OUTGOING_COLUMNS."""
    check(row, _OUTGOING_KINDS)
    check_moments(row[5], row[12], row[13])
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
        refusals=_counts(row[20]) if row[20] else {},
        repeats=row[21],
        purpose=Purpose(row[22]),
        list=row[23],
        exempt=bool(row[24]),
    )


def segment_of(row: Any) -> SegmentRecord:
    """Convert a row of SEGMENT_COLUMNS."""
    check(row, _SEGMENT_KINDS)
    check_moments(row[7], row[8], row[10])
    return SegmentRecord(row[0], SegmentStatus(row[1]), *row[2:])


def event_of(row: Any) -> Event:
    """Convert a row of EVENT_COLUMNS."""
    check(row, _EVENT_KINDS)
    check_moments(row[1])
    return Event(row[0], row[1], row[2], row[3], row[4], parsed(row[5], dict))


def events_of(db: sqlite3.Connection, rows: Iterable[Any]) -> list[Event]:
    """Convert rows of EVENT_COLUMNS. An unreadable one becomes EVENT_UNREADABLE, so that cursors pass it."""
    found: list[Event] = []
    for row in rows:
        found += readable(db, "events", event_of, (row,)) or [Event(row[0], 0, EVENT_UNREADABLE, None, None, {})]
    return found
