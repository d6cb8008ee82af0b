"""Events as the API, webhooks and hooks carry them."""

from __future__ import annotations

from typing import cast

from gsmgw.model import Event, MessageRecord, format_id
from gsmgw.model.routes import node_of
from gsmgw.wire import resources
from gsmgw.wire.encoding import dumped, stamp
from gsmgw.wire.messages import message_resource


def event_resource(event: Event) -> resources.Event:
    """Return the resource of an event."""
    body: resources.Event = {
        "id": event.id,
        "type": event.type,
        "at": stamp(event.at_ms),
        "message_id": None if event.message_id is None else format_id(event.message_id),
        "modem": event.modem,
        "data": cast("resources.JsonObject", event.data),
    }
    if (node := node_of(event.modem)) is not None:
        body["node"] = node
    return body


def envelope(event: Event, message: MessageRecord | None) -> resources.Envelope:
    """Return an event for webhooks and hooks: ``type``, ``timestamp``, ``data`` (standardwebhooks.com).

    ``data`` has the event's own fields and, where it is about a message, that message as it is now.
    """
    resource = event_resource(event)
    data: resources.EnvelopeData = {
        "id": resource["id"],
        "message_id": resource["message_id"],
        "modem": resource["modem"],
        "detail": resource["data"],
    }
    if (node := node_of(event.modem)) is not None:
        data["node"] = node
    if message is not None:
        data["message"] = message_resource(message)
        data["message"].pop("waiting_for", None)
    return {"type": event.type, "timestamp": resource["at"], "data": data}


def packed(body: resources.Envelope, limit_octets: int) -> bytes:
    """Return an envelope as JSON; without text and data of its message where it would be larger than allowed."""
    raw = dumped(body)
    message = body["data"].get("message")
    if len(raw) <= limit_octets or message is None:
        return raw
    slim = {**message, "text": None, "truncated": True}
    slim.pop("data", None)
    detail = {name: value for name, value in body["data"]["detail"].items() if name != "text"}
    return dumped({**body, "data": {**body["data"], "detail": detail, "message": slim}})
