"""SMSGate's words: identifiers, events, states and priorities (docs.sms-gate.app)."""

from __future__ import annotations

from collections.abc import Mapping

from gsmgw.model import EventType, MessageRecord, Priority, Status, format_id

#: The name of its one device.
DEVICE = "gsmgw"
#: Begins the ``client_ref`` of its messages: then its id, a colon, and the place of the recipient in the list.
REF = "smsgate:"
#: Its events, with the name of the time in them.
EVENTS: Mapping[str, tuple[str, str]] = {
    EventType.MESSAGE_RECEIVED: ("sms:received", "receivedAt"),
    EventType.MESSAGE_SENT: ("sms:sent", "sentAt"),
    EventType.MESSAGE_DELIVERED: ("sms:delivered", "deliveredAt"),
    EventType.MESSAGE_FAILED: ("sms:failed", "failedAt"),
    EventType.MESSAGE_UNDELIVERED: ("sms:failed", "failedAt"),
    EventType.MESSAGE_EXPIRED: ("sms:failed", "failedAt"),
    EventType.MESSAGE_CANCELED: ("sms:cancelled", "cancelledAt"),
}
STATES = {
    Status.SCHEDULED: "Pending",
    Status.QUEUED: "Pending",
    Status.SENDING: "Processed",
    Status.UNKNOWN: "Processed",
    Status.SENT: "Sent",
    Status.DELIVERED: "Delivered",
    Status.UNDELIVERED: "Failed",
    Status.FAILED: "Failed",
    Status.EXPIRED: "Failed",
    Status.CANCELED: "Cancelled",
}
#: A message to several recipients has the first of these states that one of them has.
STATE_ORDER = ("Pending", "Processed", "Failed", "Cancelled", "Sent", "Delivered")
#: From this priority on a message bypasses its limits.
_URGENT = 100


def ref_of(name: str, place: int) -> str:
    """Return the ``client_ref`` of the message to one recipient."""
    return f"{REF}{name}:{place}"


def id_of(message: MessageRecord) -> str:
    """Return the id of a message: the one that its client gave, or ours."""
    if message.client_ref and message.client_ref.startswith(REF):
        return message.client_ref[len(REF) :].rpartition(":")[0]
    return format_id(message.id)


def priority_of(number: int) -> Priority:
    """Return our priority for one of SMSGate's, -128 to 127."""
    if number >= _URGENT:
        return Priority.URGENT
    return Priority.BULK if number < 0 else Priority.NORMAL
