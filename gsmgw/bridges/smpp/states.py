"""States of messages in the words of SMPP (5.2.28 and appendix B). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from gsmgw.bridges.smpp.moments import moment
from gsmgw.model import EventType, MessageRecord, Status

ENROUTE, DELIVERED, EXPIRED, DELETED, UNDELIVERABLE, ACCEPTED, UNKNOWN, REJECTED = range(1, 9)
#: Their names in receipts.
WORDS: Final = {
    ENROUTE: "ENROUTE",
    DELIVERED: "DELIVRD",
    EXPIRED: "EXPIRED",
    DELETED: "DELETED",
    UNDELIVERABLE: "UNDELIV",
    ACCEPTED: "ACCEPTD",
    UNKNOWN: "UNKNOWN",
    REJECTED: "REJECTD",
}
#: The final states by the events that lead to them.
FINAL_EVENTS: Final[Mapping[str, int]] = {
    EventType.MESSAGE_DELIVERED: DELIVERED,
    EventType.MESSAGE_UNDELIVERED: UNDELIVERABLE,
    EventType.MESSAGE_FAILED: REJECTED,
    EventType.MESSAGE_EXPIRED: EXPIRED,
    EventType.MESSAGE_CANCELED: DELETED,
    EventType.MESSAGE_REPORT_MISSING: UNKNOWN,
}
_FINAL: Final[Mapping[Status, int]] = {
    Status.DELIVERED: DELIVERED,
    Status.UNDELIVERED: UNDELIVERABLE,
    Status.FAILED: REJECTED,
    Status.EXPIRED: EXPIRED,
    Status.CANCELED: DELETED,
}
#: The error of a message that failed without a code of the network.
_NO_CODE: Final = 255
_LARGEST: Final = 999


class MessageState(NamedTuple):
    """The state of a message. ``error`` is 0 unless it failed."""

    value: int
    final_date: bytes
    error: int


def state_of(record: MessageRecord) -> MessageState:
    """Return the state of an outbound message."""
    if record.status is Status.SENT and not record.report:
        return MessageState(ACCEPTED, moment(record.sent_ms), 0)
    if record.status is Status.SENT and record.report_missing:
        return MessageState(UNKNOWN, b"", 0)
    value = _FINAL.get(record.status, ENROUTE)
    return MessageState(value, moment(record.delivered_ms), error_of(record, value))


def error_of(record: MessageRecord, state: int) -> int:
    """Return the code of a failure: TP-ST of the report, or the code of the network; 0 on success."""
    error = record.error
    if state in (ENROUTE, DELIVERED, ACCEPTED):
        return 0
    codes = () if error is None else (error.report_status, error.cms, error.cme)
    found = next((code for code in codes if code is not None), _NO_CODE)
    return found if 0 < found <= _LARGEST else _NO_CODE
