"""Messages and events as the world sees them: the API answers with these, webhooks and hooks carry them."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pydantic_core import to_json

from gsmgw.escaping import one_line
from gsmgw.model import Direction, Event, MessageRecord, OnUnknown, Outgoing, Priority, Waiting, format_id
from gsmgw.model.routes import target_of


@lru_cache(maxsize=4096)
def stamp(ms: int | None) -> str | None:
    """A moment as RFC 3339 in UTC with milliseconds."""
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def message_out(record: MessageRecord, waiting: Waiting | None = None) -> dict[str, Any]:
    """The message resource."""
    outbound = record.direction is Direction.OUTBOUND
    modem, pool = target_of(record.route)
    body: dict[str, Any] = {
        "id": format_id(record.id),
        "direction": record.direction.value,
        "from": record.own if outbound else record.peer,
        "to": record.peer if outbound else record.own,
        "text": record.text,
        "status": record.status.value,
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
        "error": None if record.error is None else record.error.as_json(),
    }
    if record.data is not None:
        body["data"] = base64.b64encode(record.data).decode("ascii")
        body["port"] = record.port
    if outbound:
        body["attempts"] = record.attempts
        body["delivery_report"] = record.report
        body["report_missing"] = record.report_missing
        body["on_unknown"] = None if record.on_unknown is None else record.on_unknown.value
        body["expires_at"] = stamp(record.expires_ms)
        body["waiting_for"] = None if waiting is None else waiting_out(waiting)
    else:
        body["smsc_at"] = stamp(record.smsc_ms)
        body["incomplete"] = record.incomplete
        body["replaces"] = None if record.replaces is None else format_id(record.replaces)
        body["replaced_by"] = None if record.replaced_by is None else format_id(record.replaced_by)
    return body


def accepted_json(message: Outgoing, waiting: Waiting | None) -> bytes:
    """What :func:`message_out` says of a message that was accepted this moment, as JSON.

    Of ten thousand in a batch that would take as long as all the rest of the request. So what many have in common is
    put into words once.
    """
    own: dict[str, Any] = {
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
    common = _in_common(
        message.route,
        message.priority,
        message.tags,
        message.message_class,
        message.created_ms,
        message.send_at_ms,
        message.report,
        message.on_unknown,
        message.expires_ms,
        waiting,
    )
    return one_line(to_json(own))[:-1] + common


@lru_cache(maxsize=64)
def _in_common(
    route: str,
    priority: Priority,
    tags: tuple[str, ...],
    message_class: int | None,
    created_ms: int,
    send_at_ms: int | None,
    report: bool,
    on_unknown: OnUnknown,
    expires_ms: int | None,
    waiting: Waiting | None,
) -> bytes:
    """The rest of such an object, behind its own members."""
    modem, pool = target_of(route)
    rest: dict[str, Any] = {
        "direction": "outbound",
        "from": None,
        "status": "scheduled" if send_at_ms is not None and send_at_ms > created_ms else "queued",
        "modem": modem,
        "pool": pool,
        "priority": priority.word,
        "tags": tags,
        "flash": message_class == 0,
        "class": message_class,
        "created_at": stamp(created_ms),
        "send_at": stamp(send_at_ms),
        "sent_at": None,
        "delivered_at": None,
        "received_at": None,
        "error": None,
        "attempts": 0,
        "delivery_report": report,
        "report_missing": False,
        "on_unknown": on_unknown.value,
        "expires_at": stamp(expires_ms),
        "waiting_for": None if waiting is None else waiting_out(waiting),
    }
    return b"," + one_line(to_json(rest))[1:]


def waiting_out(waiting: Waiting) -> dict[str, Any]:
    """Why a message has not gone yet."""
    return {"word": waiting.reason.value, "sentence": waiting.sentence, "until": stamp(waiting.until_ms)}


def event_out(event: Event) -> dict[str, Any]:
    """One event."""
    return {
        "id": event.id,
        "type": event.type,
        "at": stamp(event.at_ms),
        "message_id": None if event.message_id is None else format_id(event.message_id),
        "modem": event.modem,
        "data": event.data,
    }


def envelope(event: Event, message: MessageRecord | None) -> dict[str, Any]:
    """An event as it leaves the house: ``type``, ``timestamp``, ``data`` (standardwebhooks.com).

    ``data`` has the event's own fields and, where it is about a message, that message as it is now.
    """
    data: dict[str, Any] = event_out(event)
    del data["type"], data["at"]
    data["detail"] = data.pop("data")
    if message is not None:
        data["message"] = message_out(message)
        data["message"].pop("waiting_for", None)
    return {"type": event.type, "timestamp": stamp(event.at_ms), "data": data}


def packed(body: dict[str, Any], limit_octets: int) -> bytes:
    """An envelope as JSON. Where that would be larger than allowed, the text or data of the message is left out."""
    raw = dumped(body)
    message = body["data"].get("message")
    if len(raw) <= limit_octets or message is None:
        return raw
    slim = {**message, "text": None, "truncated": True}
    slim.pop("data", None)
    detail = {name: value for name, value in body["data"]["detail"].items() if name != "text"}
    return dumped({**body, "data": {**body["data"], "detail": detail, "message": slim}})


def dumped(body: Any) -> bytes:
    """Return a value as JSON in UTF-8, without line separators."""
    return one_line(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace"))
