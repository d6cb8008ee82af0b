"""Twilio's words: identifiers, statuses and error codes (twilio.com/docs/messaging/api, docs/api/errors)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gsmgw.model import EventType, MessageRecord, Status
from gsmgw.wire.problems import ProblemCode

_SID = re.compile(r"SM[0-9a-f]{32}")
#: The status that an event brings.
EVENT_STATUSES: Mapping[str, str] = {
    EventType.MESSAGE_SENDING: "sending",
    EventType.MESSAGE_SENT: "sent",
    EventType.MESSAGE_DELIVERED: "delivered",
    EventType.MESSAGE_UNDELIVERED: "undelivered",
    EventType.MESSAGE_FAILED: "failed",
    EventType.MESSAGE_EXPIRED: "failed",
    EventType.MESSAGE_CANCELED: "canceled",
}
#: Statuses of a message that have another name than ours.
STATUSES = {
    Status.SCHEDULED: "scheduled",
    Status.QUEUED: "queued",
    Status.EXPIRED: "failed",
    Status.UNKNOWN: "sending",
}

#: Error codes of a message that failed.
UNKNOWN_ERROR, EXPIRED = 30008, 30036
_ERROR_CODES = {"expired": EXPIRED, "opted_out": 21610}
#: Error codes of a request.
NOT_FOUND, UNAUTHORIZED, WRONG_METHOD, THROTTLED, BUSY = 20404, 20003, 20004, 20429, 20503
UNSUBSCRIBED = 21610
BAD_REQUEST, NO_RECIPIENT, BAD_RECIPIENT, NO_BODY, TOO_LONG = 20001, 21604, 21211, 21602, 21617
NO_MEDIA, BAD_CALLBACK, NOT_CANCELABLE = 21623, 21609, 30409
#: The code of a request that gets one of our problems, and of a message that is refused.
PROBLEM_CODES = {
    ProblemCode.TOO_MANY_REQUESTS: THROTTLED,
    ProblemCode.TARGET_REFUSED: BAD_CALLBACK,
    ProblemCode.STORAGE_UNAVAILABLE: BUSY,
}
REFUSAL_CODES = {
    ProblemCode.INVALID_NUMBER: BAD_RECIPIENT,
    ProblemCode.EMPTY_MESSAGE: NO_BODY,
    ProblemCode.TOO_LONG: TOO_LONG,
    ProblemCode.RECIPIENT_OPTED_OUT: UNSUBSCRIBED,
}


def message_id(sid: str) -> int | None:
    """Return the id of a message by that for Twilio's clients; None if it is not one."""
    number = int(sid[2:], 16) if _SID.fullmatch(sid) else 0
    return number if 0 < number < 1 << 63 else None


def sid_of(message_id: int) -> str:
    """Return the id of a message for Twilio's clients: two letters and 32 hexadecimal digits."""
    return f"SM{message_id:032x}"


def error_code(message: MessageRecord) -> int | None:
    """Return the error code of a message; None if it has no error."""
    if message.error is None:
        return None
    return _ERROR_CODES.get(message.error.code, UNKNOWN_ERROR)
