"""States of messages and segments, and the one table of a message's life."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Direction(StrEnum):
    """Which way a message went, seen from the gateway."""

    OUTBOUND = "outbound"
    INBOUND = "inbound"


class Status(StrEnum):
    """Where a message is in its life."""

    SCHEDULED = "scheduled"  #: accepted, its time has not come
    QUEUED = "queued"  #: waits for a modem
    SENDING = "sending"  #: a segment of it is, or is about to be, with a modem
    SENT = "sent"  #: the network took every segment
    DELIVERED = "delivered"  #: every segment was reported delivered
    UNDELIVERED = "undelivered"  #: accepted by the network, which gave up on delivering it
    UNKNOWN = "unknown"  #: a segment may or may not be on the air
    FAILED = "failed"  #: refused for good
    EXPIRED = "expired"  #: its validity ended before it could be sent
    CANCELED = "canceled"  #: taken back by a person before it was sent
    RECEIVED = "received"  #: inbound


#: The allowed transitions of outbound messages. Every UPDATE is guarded by them.
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.SCHEDULED: frozenset({Status.QUEUED, Status.EXPIRED, Status.CANCELED, Status.FAILED}),
    # QUEUED -> SENT or DELIVERED is late evidence about one that was to be sent again.
    Status.QUEUED: frozenset(
        {
            Status.SENDING,
            Status.EXPIRED,
            Status.CANCELED,
            Status.FAILED,
            Status.SENT,
            Status.DELIVERED,
            Status.UNDELIVERED,
        }
    ),
    # SENDING -> SENDING is the next segment of the same message; -> DELIVERED when the report outruns the answer.
    Status.SENDING: frozenset(
        {
            Status.SENDING,
            Status.SENT,
            Status.QUEUED,
            Status.FAILED,
            Status.UNKNOWN,
            Status.DELIVERED,
            Status.UNDELIVERED,
        }
    ),
    Status.UNKNOWN: frozenset({Status.SENT, Status.DELIVERED, Status.UNDELIVERED, Status.QUEUED, Status.FAILED}),
    Status.SENT: frozenset({Status.DELIVERED, Status.UNDELIVERED}),
    # A final report may be followed by a better one: the recipient's phone came back at the last moment.
    Status.UNDELIVERED: frozenset({Status.DELIVERED, Status.QUEUED}),
    Status.DELIVERED: frozenset(),
    # A person may have a failed, expired or canceled text tried again.
    Status.FAILED: frozenset({Status.QUEUED}),
    Status.EXPIRED: frozenset({Status.QUEUED}),
    Status.CANCELED: frozenset({Status.QUEUED}),
}

#: Which states may lead to a state: what an UPDATE is guarded with.
SOURCES: dict[Status, frozenset[Status]] = {
    to: frozenset(source for source, targets in TRANSITIONS.items() if to in targets) for to in TRANSITIONS
}


class SegmentStatus(StrEnum):
    """Where one segment is."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    UNKNOWN = "unknown"
    FAILED = "failed"


#: The allowed transitions of segments. Evidence may show that a segment in the queue for a repeat was sent before. One
#: in the queue fails when the recipient opts out after other segments have gone.
SEGMENT_TRANSITIONS: dict[SegmentStatus, frozenset[SegmentStatus]] = {
    SegmentStatus.QUEUED: frozenset(
        {
            SegmentStatus.SENDING,
            SegmentStatus.SENT,
            SegmentStatus.DELIVERED,
            SegmentStatus.UNDELIVERED,
            SegmentStatus.FAILED,
        }
    ),
    SegmentStatus.SENDING: frozenset(
        {
            SegmentStatus.QUEUED,
            SegmentStatus.SENT,
            SegmentStatus.FAILED,
            SegmentStatus.UNKNOWN,
            SegmentStatus.DELIVERED,
            SegmentStatus.UNDELIVERED,
        }
    ),
    SegmentStatus.UNKNOWN: frozenset(
        {SegmentStatus.QUEUED, SegmentStatus.SENT, SegmentStatus.DELIVERED, SegmentStatus.UNDELIVERED}
    ),
    SegmentStatus.SENT: frozenset({SegmentStatus.SENT, SegmentStatus.DELIVERED, SegmentStatus.UNDELIVERED}),
    SegmentStatus.UNDELIVERED: frozenset({SegmentStatus.DELIVERED, SegmentStatus.UNDELIVERED, SegmentStatus.QUEUED}),
    SegmentStatus.DELIVERED: frozenset(),
    SegmentStatus.FAILED: frozenset({SegmentStatus.QUEUED}),
}

#: Which states may lead to a segment's state.
SEGMENT_SOURCES: dict[SegmentStatus, frozenset[SegmentStatus]] = {
    to: frozenset(source for source, targets in SEGMENT_TRANSITIONS.items() if to in targets)
    for to in SEGMENT_TRANSITIONS
}

#: States of a segment in which the network has it: it is never sent again.
ON_AIR = frozenset({SegmentStatus.SENT, SegmentStatus.DELIVERED, SegmentStatus.UNDELIVERED})


#: The state of a message by that of its segments; the first one that any segment has.
_DERIVED = (
    (SegmentStatus.FAILED, Status.FAILED),
    (SegmentStatus.UNKNOWN, Status.UNKNOWN),
    (SegmentStatus.SENDING, Status.SENDING),
    (SegmentStatus.QUEUED, Status.QUEUED),
    (SegmentStatus.SENT, Status.SENT),
    (SegmentStatus.UNDELIVERED, Status.UNDELIVERED),
)


def derive_status(segments: Iterable[SegmentStatus]) -> Status:
    """The state of a message whose segments are in these states, once no segment of it is being handed over."""
    states = set(segments)
    return next((status for state, status in _DERIVED if state in states), Status.DELIVERED)
