"""Messages as the API, webhooks and hooks carry them."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import NamedTuple, cast

from pydantic_core import to_json

from gsmgw.escaping import one_line
from gsmgw.model import (
    Direction,
    MessageRecord,
    OnUnknown,
    Outgoing,
    Priority,
    Purpose,
    SegmentRecord,
    Waiting,
    format_id,
)
from gsmgw.model.routes import node_of, target_of
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp


def message_resource(record: MessageRecord, waiting: Waiting | None = None) -> resources.Message:
    """The message resource."""
    outbound = record.direction is Direction.OUTBOUND
    modem, pool = target_of(record.route)
    body: resources.Message = {
        "id": format_id(record.id),
        "direction": record.direction,
        "from": record.own if outbound else record.peer,
        "to": record.peer if outbound else record.own,
        "text": record.text,
        "status": record.status,
        "encoding": record.encoding,
        "segments": record.segments,
        "modem": record.modem or modem,
        "pool": pool,
        "priority": record.priority.word,
        "client_ref": record.client_ref,
        "tags": list(record.tags),
        "flash": record.flash,
        "class": record.message_class,
        "created_at": stamp(record.created_ms),
        "send_at": stamp(record.send_at_ms),
        "sent_at": stamp(record.sent_ms),
        "delivered_at": stamp(record.delivered_ms),
        "received_at": stamp(record.received_ms),
        "error": None if record.error is None else cast("resources.MessageError", record.error.as_json()),
        "contact": None if record.contact is None else format_id(record.contact),
    }
    if (node := node_of(body["modem"])) is not None:
        body["node"] = node
    if record.data is not None:
        body["data"] = base64.b64encode(record.data).decode("ascii")
        body["port"] = record.port
    if outbound:
        body["attempts"] = record.attempts
        body["delivery_report"] = record.report
        body["report_missing"] = record.report_missing
        body["on_unknown"] = record.on_unknown
        body["purpose"] = record.purpose
        body["list"] = record.list
        body["campaign"] = record.campaign
        body["expires_at"] = stamp(record.expires_ms)
        body["waiting_for"] = None if waiting is None else waiting_resource(waiting)
    else:
        body["smsc_at"] = stamp(record.smsc_ms)
        body["incomplete"] = record.incomplete
        body["consent"] = record.consent
        body["replaces"] = None if record.replaces is None else format_id(record.replaces)
        body["replaced_by"] = None if record.replaced_by is None else format_id(record.replaced_by)
    return body


def accepted_json(message: Outgoing, waiting: Waiting | None) -> bytes:
    """Return the JSON of :func:`message_resource` for a message that was just accepted.

    Of ten thousand in a batch that would take as long as all the rest of the request. So what many have in common is
    put into words once.
    """
    own: dict[str, object] = {
        "id": format_id(message.id),
        "to": message.to,
        "text": message.text,
        "encoding": message.encoding,
        "segments": message.segments,
        "client_ref": message.client_ref,
    }
    if message.data is not None:
        own["data"] = base64.b64encode(message.data).decode("ascii")
        own["port"] = message.port
    same = _Same(
        message.route,
        message.priority,
        message.tags,
        message.message_class,
        message.send_at_ms is not None and message.send_at_ms > message.created_ms,
        message.report,
        message.on_unknown,
        message.purpose,
        message.list,
        waiting,
    )
    return one_line(to_json(own))[:-1] + _in_common(message.created_ms, message.send_at_ms, message.expires_ms, same)


class _Same(NamedTuple):
    """The facts that accepted messages of a client share, at whatever time."""

    route: str
    priority: Priority
    tags: tuple[str, ...]
    message_class: int | None
    scheduled: bool
    report: bool
    on_unknown: OnUnknown
    purpose: Purpose
    list: str | None
    waiting: Waiting | None


@lru_cache(maxsize=64)
def _in_common(created_ms: int, send_at_ms: int | None, expires_ms: int | None, same: _Same) -> bytes:
    """Return the rest of such an object, behind its own members: the same for all messages of a batch."""
    head, middle, tail = _at_all_times(same)
    created, due, end = (to_json(stamp(moment_ms)) for moment_ms in (created_ms, send_at_ms, expires_ms))
    pieces = (head, b',"created_at":', created, b',"send_at":', due, b",", middle, b',"expires_at":', end, b",", tail)
    return b"".join(pieces)


@lru_cache(maxsize=256)
def _at_all_times(same: _Same) -> tuple[bytes, bytes, bytes]:
    """Return the members without times: before ``created_at``, before ``expires_at``, and behind it."""
    modem, pool = target_of(same.route)
    head: dict[str, object] = {
        "direction": "outbound",
        "from": None,
        "status": "scheduled" if same.scheduled else "queued",
        "modem": modem,
        "pool": pool,
        "priority": same.priority.word,
        "tags": same.tags,
        "flash": same.message_class == 0,
        "class": same.message_class,
    }
    middle: dict[str, object] = {
        "sent_at": None,
        "delivered_at": None,
        "received_at": None,
        "error": None,
        "attempts": 0,
        "delivery_report": same.report,
        "report_missing": False,
        "on_unknown": same.on_unknown.value,
        "purpose": same.purpose.value,
        "list": same.list,
        "campaign": None,
    }
    tail: dict[str, object] = {"waiting_for": None if same.waiting is None else waiting_resource(same.waiting)}
    if (node := node_of(modem)) is not None:
        tail["node"] = node
    return b"," + one_line(to_json(head))[1:-1], to_json(middle)[1:-1], one_line(to_json(tail))[1:]


def waiting_resource(waiting: Waiting) -> resources.WaitingFor:
    """Why a message has not gone yet."""
    return {"word": waiting.reason.value, "sentence": waiting.sentence, "until": stamp(waiting.until_ms)}


def segment_resource(segment: SegmentRecord) -> resources.Segment:
    """Return the resource of a segment."""
    return {
        "number": segment.seq,
        "status": segment.status,
        "reference": segment.reference,
        "modem": segment.modem,
        "sim": segment.sim,
        "attempt": segment.attempt,
        "sending_at": stamp(segment.sending_ms),
        "sent_at": stamp(segment.sent_ms),
        "discharged_at": stamp(segment.discharge_ms),
        "report_status": segment.report_status,
        "error": segment.error,
        "pdu": segment.tpdu.hex().upper(),
    }
