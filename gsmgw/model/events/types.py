"""The types of events, and the base of the data that each carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from enum import StrEnum
from typing import ClassVar, NamedTuple, TypeAlias

from gsmgw.model.failures import MessageError

#: A JSON value. Events of earlier versions may have other keys than today's.
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


class EventType(StrEnum):
    """The types of events that the gateway writes."""

    MESSAGE_SCHEDULED = "message.scheduled"
    MESSAGE_QUEUED = "message.queued"
    MESSAGE_DEFERRED = "message.deferred"
    MESSAGE_SENDING = "message.sending"
    MESSAGE_SEGMENT_SENT = "message.segment_sent"
    MESSAGE_SENT = "message.sent"
    MESSAGE_DELIVERED = "message.delivered"
    MESSAGE_UNDELIVERED = "message.undelivered"
    MESSAGE_REPORT_MISSING = "message.report_missing"
    MESSAGE_UNKNOWN = "message.unknown"
    MESSAGE_HELD = "message.held"
    MESSAGE_SETTLED = "message.settled"
    MESSAGE_FAILED = "message.failed"
    MESSAGE_EXPIRED = "message.expired"
    MESSAGE_CANCELED = "message.canceled"
    MESSAGE_RECEIVED = "message.received"
    MESSAGE_COMPLETED = "message.completed"
    MESSAGE_QUARANTINED = "message.quarantined"
    MODEM_STATE_CHANGED = "modem.state_changed"
    MODEM_RECOVERY = "modem.recovery"
    MODEM_QUARANTINED = "modem.quarantined"
    MODEM_BABBLING = "modem.babbling"
    MODEM_INDICATIONS_LOST = "modem.indications_lost"
    MODEM_SETTINGS_LOST = "modem.settings_lost"
    MODEM_UNKNOWN_MODEL = "modem.unknown_model"
    CONSENT_CHANGED = "consent.changed"
    CONSENT_SUSPECTED = "consent.suspected"
    RULE_MATCHED = "rule.matched"
    RULE_SUPPRESSED = "rule.suppressed"
    RULE_SUSPENDED = "rule.suspended"
    RULE_HOOK = "rule.hook"
    CAMPAIGN_STATE_CHANGED = "campaign.state_changed"
    DRIP_ENROLLED = "drip.enrolled"
    DRIP_STEP = "drip.step"
    DRIP_ENDED = "drip.ended"
    DRIP_STATE_CHANGED = "drip.state_changed"
    QUESTION_ASKED = "question.asked"
    QUESTION_ANSWERED = "question.answered"
    QUESTION_UNREADABLE = "question.unreadable"
    QUESTION_CLOSED = "question.closed"
    SIM_CHANGED = "sim.changed"
    STORAGE_FULL = "storage.full"
    STORAGE_NO_COPIES = "storage.no_copies"
    SUBMIT_LATE_CONFIRMATION = "submit.late_confirmation"
    SUBMIT_LATE_REFUSAL = "submit.late_refusal"
    CALL_MISSED = "call.missed"
    USSD_RECEIVED = "ussd.received"
    CLOCK_SKEW = "clock.skew"
    CLOCK_SET = "clock.set"
    CONVERSATION_CHANGED = "conversation.changed"
    SESSION_ENDED = "session.ended"
    DATABASE_LOST = "database.lost"
    STORE_ROW_UNREADABLE = "store.row_unreadable"
    EVENT_UNREADABLE = "event.unreadable"
    TASK_FAILED = "task.failed"
    WEBHOOK_PAUSED = "webhook.paused"
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_RESUMED = "webhook.resumed"
    WEBHOOK_TEST = "webhook.test"
    HOOK_FAILED = "hook.failed"
    CONTACTS_IMPORTED = "contacts.imported"
    CONTACTS_IMPORT_UNDONE = "contacts.import_undone"


_TYPES = frozenset(type.value for type in EventType)
#: All types of a kind: ``message.*``.
_KINDS = frozenset(type.partition(".")[0] + ".*" for type in _TYPES)
_NAME_CHARS = 64


def check_choice(choice: str) -> str:
    """Return a choice of event types: one, all of a kind (``message.*``), all (``*``). Raises :class:`ValueError`."""
    if choice == "*" or choice in _TYPES or choice in _KINDS:
        return choice
    name = choice[:_NAME_CHARS]
    near = get_close_matches(name.lower(), sorted(_TYPES | _KINDS), 1)
    hint = f"did you mean {near[0]!r}?" if near else "examples are message.received and message.*"
    raise ValueError(f"{name!r} is not a valid event type; {hint}")


class Event(NamedTuple):
    """One step in the life of a message or modem; ``id`` is the cursor of every feed.

    ``type`` may be that of another version of gsmgw, and ``data`` is as that version wrote it.
    """

    id: int
    at_ms: int
    type: str
    message_id: int | None
    modem: str | None
    data: Mapping[str, Json]


#: The fields of each class and their keys: ``from_`` is ``from``, which is a word of Python.
_keys: dict[type[EventData], tuple[tuple[str, str], ...]] = {}


# Not frozen, for a frozen one takes three times as long to make. Nobody changes one.
@dataclass(slots=True)
class EventData:
    """The data of an event, besides its message and its modem."""

    type: ClassVar[EventType]

    def as_json(self) -> dict[str, Json]:
        """Return the JSON object, without fields that are None."""
        keys = _keys.get(self.__class__)
        if keys is None:
            keys = _keys[self.__class__] = tuple((each.name, each.name.removesuffix("_")) for each in fields(self))
        found: dict[str, Json] = {}
        for name, key in keys:
            value = getattr(self, name)
            if value is not None:
                found[key] = value.as_json() if isinstance(value, MessageError) else value
        return found


@dataclass(slots=True)
class OfMessage(EventData):
    to: str | None
    client_ref: str | None
