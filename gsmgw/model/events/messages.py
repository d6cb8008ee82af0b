"""Events of messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gsmgw.model.events.types import EventData, EventType, Json, OfMessage
from gsmgw.model.failures import MessageError


def accepted_json(to: str, segments: int, client_ref: str | None) -> dict[str, Json]:
    """Return the JSON object of :class:`MessageScheduled` or :class:`MessageQueued` for a message that was accepted.

    A batch needs ten thousand of them, and has no time for the objects in between.
    """
    if client_ref is None:
        return {"to": to, "segments": segments}
    return {"to": to, "segments": segments, "client_ref": client_ref}


@dataclass(slots=True)
class MessageScheduled(EventData):
    """A message was accepted whose time has not come."""

    type = EventType.MESSAGE_SCHEDULED
    to: str
    segments: int
    client_ref: str | None = None


@dataclass(slots=True)
class MessageQueued(EventData):
    """A message waits for a modem: accepted, due, or back after ``error``. ``reason`` is ``retry`` for a person's."""

    type = EventType.MESSAGE_QUEUED
    to: str | None = None
    segments: int | None = None
    client_ref: str | None = None
    reason: str | None = None
    error: MessageError | None = None
    waiting: str | None = None
    until_ms: int | None = None


@dataclass(slots=True)
class MessageDeferred(EventData):
    """A limit, or the hour at the recipient's, puts a message off."""

    type = EventType.MESSAGE_DEFERRED
    waiting: str
    until_ms: int


@dataclass(slots=True)
class MessageSending(OfMessage):
    """The first segment of an attempt is about to leave."""

    type = EventType.MESSAGE_SENDING


@dataclass(slots=True)
class MessageSegmentSent(EventData):
    """The network accepted a segment of a long message. ``reference`` is TP-MR; None if only its effect is known."""

    type = EventType.MESSAGE_SEGMENT_SENT
    segment: int
    segments: int
    reference: int | None = None


@dataclass(slots=True)
class MessageSent(OfMessage):
    """The network accepted every segment; ``segments`` is their number."""

    type = EventType.MESSAGE_SENT
    segments: int


@dataclass(slots=True)
class MessageDelivered(OfMessage):
    """Every segment was reported as delivered."""

    type = EventType.MESSAGE_DELIVERED


@dataclass(slots=True)
class MessageUndelivered(OfMessage):
    """The network gave up on delivering a message."""

    type = EventType.MESSAGE_UNDELIVERED
    error: MessageError


@dataclass(slots=True)
class MessageReportMissing(OfMessage):
    """No delivery report came, a day after the validity ended."""

    type = EventType.MESSAGE_REPORT_MISSING


@dataclass(slots=True)
class MessageUnknown(EventData):
    """A message may or may not have gone. Evidence is awaited until ``until_ms``."""

    type = EventType.MESSAGE_UNKNOWN
    error: MessageError
    until_ms: int


@dataclass(slots=True)
class MessageHeld(EventData):
    """A message is in doubt, and a person has to decide. ``repeats``: how often it was sent again without evidence."""

    type = EventType.MESSAGE_HELD
    reason: str
    repeats: int


@dataclass(slots=True)
class MessageSettled(EventData):
    """A message in doubt was decided: ``sent``, or ``resend``; ``evidence`` is None for a decision without any."""

    type = EventType.MESSAGE_SETTLED
    decision: str
    evidence: str | None = None


@dataclass(slots=True)
class MessageFailed(EventData):
    """A message has failed for good."""

    type = EventType.MESSAGE_FAILED
    error: MessageError
    to: str | None = None
    client_ref: str | None = None


@dataclass(slots=True)
class MessageExpired(OfMessage):
    """The validity of a message ended before it could be sent."""

    type = EventType.MESSAGE_EXPIRED
    error: MessageError


@dataclass(slots=True)
class MessageCanceled(EventData):
    """A message was taken back before it was sent. ``cause`` is ``opted_out``, or None where a person did it."""

    type = EventType.MESSAGE_CANCELED
    to: str | None = None
    client_ref: str | None = None
    cause: str | None = None


@dataclass(slots=True)
class MessageReceived(EventData):
    """A message was received. ``replaces`` is the public identifier of the one that it takes the place of."""

    type: ClassVar[EventType] = EventType.MESSAGE_RECEIVED
    from_: str
    to: str | None
    text: str | None
    segments: int
    incomplete: bool | None = None
    replaces: str | None = None


@dataclass(slots=True)
class MessageCompleted(MessageReceived):
    """A missing part of a received message came."""

    type: ClassVar[EventType] = EventType.MESSAGE_COMPLETED


@dataclass(slots=True)
class MessageQuarantined(EventData):
    """A received PDU could not be decoded; it is kept."""

    type = EventType.MESSAGE_QUARANTINED
    problem: str
    pdu: str
