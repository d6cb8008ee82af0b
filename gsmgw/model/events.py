"""Events: each type, and the data that an event of that type carries.

Data is a frozen dataclass; its fields are the keys of the event's ``data`` on the wire, in the database and for every
consumer. A field that is None is left out. Times are UTC milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from enum import StrEnum
from typing import ClassVar, NamedTuple, TypeAlias

from gsmgw.model.failures import MessageError
from gsmgw.model.modems import BabbleKind, ModemState, RecoveryStep

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
    SIM_CHANGED = "sim.changed"
    STORAGE_FULL = "storage.full"
    STORAGE_NO_COPIES = "storage.no_copies"
    SUBMIT_LATE_CONFIRMATION = "submit.late_confirmation"
    SUBMIT_LATE_REFUSAL = "submit.late_refusal"
    CALL_MISSED = "call.missed"
    USSD_RECEIVED = "ussd.received"
    CLOCK_SKEW = "clock.skew"
    CLOCK_SET = "clock.set"
    DATABASE_LOST = "database.lost"
    STORE_ROW_UNREADABLE = "store.row_unreadable"
    EVENT_UNREADABLE = "event.unreadable"
    TASK_FAILED = "task.failed"
    WEBHOOK_PAUSED = "webhook.paused"
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_RESUMED = "webhook.resumed"
    WEBHOOK_TEST = "webhook.test"
    HOOK_FAILED = "hook.failed"


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
class _OfMessage(EventData):
    to: str | None
    client_ref: str | None


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
class MessageSending(_OfMessage):
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
class MessageSent(_OfMessage):
    """The network accepted every segment; ``segments`` is their number."""

    type = EventType.MESSAGE_SENT
    segments: int


@dataclass(slots=True)
class MessageDelivered(_OfMessage):
    """Every segment was reported as delivered."""

    type = EventType.MESSAGE_DELIVERED


@dataclass(slots=True)
class MessageUndelivered(_OfMessage):
    """The network gave up on delivering a message."""

    type = EventType.MESSAGE_UNDELIVERED
    error: MessageError


@dataclass(slots=True)
class MessageReportMissing(_OfMessage):
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
class MessageExpired(_OfMessage):
    """The validity of a message ended before it could be sent."""

    type = EventType.MESSAGE_EXPIRED
    error: MessageError


@dataclass(slots=True)
class MessageCanceled(EventData):
    """A message was taken back before it was sent."""

    type = EventType.MESSAGE_CANCELED


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


@dataclass(slots=True)
class ModemStateChanged(EventData):
    """The state of a modem changed; ``detail`` is the reason in a sentence."""

    type = EventType.MODEM_STATE_CHANGED
    state: ModemState
    previous: ModemState | None
    detail: str


@dataclass(slots=True)
class ModemRecovery(EventData):
    """A step to bring a modem back begins."""

    type = EventType.MODEM_RECOVERY
    step: RecoveryStep
    reason: str


@dataclass(slots=True)
class ModemQuarantined(EventData):
    """No step brought a modem back."""

    type = EventType.MODEM_QUARANTINED
    reason: str


@dataclass(slots=True)
class ModemBabbling(EventData):
    """A modem said more than it may: ``limit`` names the budget, ``unasked`` counts what came."""

    type = EventType.MODEM_BABBLING
    limit: BabbleKind
    retry_s: float
    unasked: Mapping[BabbleKind, int]


@dataclass(slots=True)
class ModemIndicationsLost(EventData):
    """New-message indications, or delivery reports, stay away."""

    type = EventType.MODEM_INDICATIONS_LOST
    unannounced: int | None = None
    in_a_row: int | None = None
    reports_missing: int | None = None


@dataclass(slots=True)
class ModemSettingsLost(EventData):
    """A modem forgot its settings; they are repeated."""

    type = EventType.MODEM_SETTINGS_LOST
    settings: Sequence[str]


@dataclass(slots=True)
class ModemUnknownModel(EventData):
    """No profile describes this model; ``identity`` is its answer to ATI."""

    type = EventType.MODEM_UNKNOWN_MODEL
    identity: str
    hint: str


@dataclass(slots=True)
class SimChanged(EventData):
    """Another SIM is in a modem; ICCIDs."""

    type = EventType.SIM_CHANGED
    before: str
    now: str


@dataclass(slots=True)
class StorageFull(EventData):
    """The message storage of a modem is full; ``line`` is its indication."""

    type = EventType.STORAGE_FULL
    line: str


@dataclass(slots=True)
class StorageNoCopies(EventData):
    """A modem cannot keep copies of what it sends (AT+CMGW)."""

    type = EventType.STORAGE_NO_COPIES
    reason: str


@dataclass(slots=True)
class SubmitLateConfirmation(EventData):
    """A modem confirmed a segment after the wait for its result had ended. ``reference`` is TP-MR."""

    type = EventType.SUBMIT_LATE_CONFIRMATION
    reference: int


@dataclass(slots=True)
class SubmitLateRefusal(EventData):
    """A modem refused a segment after the wait for its result had ended. ``cms`` is the code of +CMS ERROR."""

    type = EventType.SUBMIT_LATE_REFUSAL
    cms: int | None
    title: str
    permanent: bool


@dataclass(slots=True)
class CallMissed(EventData):
    """A call came; ``number`` is None when it was withheld."""

    type = EventType.CALL_MISSED
    number: str | None


@dataclass(slots=True)
class UssdReceived(EventData):
    """The network sent a USSD text that nobody had asked for."""

    type = EventType.USSD_RECEIVED
    text: str


@dataclass(slots=True)
class ClockSkew(EventData):
    """The clock of a modem's network differs from this machine's."""

    type = EventType.CLOCK_SKEW
    ahead_s: int


@dataclass(slots=True)
class ClockSet(EventData):
    """The clock of this machine was set."""

    type = EventType.CLOCK_SET
    by_s: float


@dataclass(slots=True)
class DatabaseLost(EventData):
    """The database is missing, empty, or older than it was: ``expected`` and ``found`` are event numbers."""

    type = EventType.DATABASE_LOST
    detail: str
    expected: int | None = None
    found: int | None = None


@dataclass(slots=True)
class StoreRowUnreadable(EventData):
    """A row of the database cannot be decoded and is skipped."""

    type = EventType.STORE_ROW_UNREADABLE
    table: str
    row: str
    error: str


@dataclass(slots=True)
class TaskFailed(EventData):
    """A task of the gateway failed and was started again."""

    type = EventType.TASK_FAILED
    task: str
    error: str
    restarts: int


@dataclass(slots=True)
class WebhookPaused(EventData):
    """A webhook was paused: its tries are used up, or by request (``cause``)."""

    type: ClassVar[EventType] = EventType.WEBHOOK_PAUSED
    webhook: str
    url: str
    cause: str
    reason: str


@dataclass(slots=True)
class WebhookDisabled(WebhookPaused):
    """The receiver of a webhook asked for no more requests."""

    type: ClassVar[EventType] = EventType.WEBHOOK_DISABLED


@dataclass(slots=True)
class WebhookResumed(EventData):
    """A webhook goes on."""

    type = EventType.WEBHOOK_RESUMED
    webhook: str
    url: str


@dataclass(slots=True)
class HookFailed(EventData):
    """The program of a hook failed; ``event`` is the event it was run for."""

    type = EventType.HOOK_FAILED
    hook: str
    event: int
    reason: str
    exit_code: int | None = None
    stderr: str | None = None
