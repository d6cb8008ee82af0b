"""The resources of the API, typed once.

The API answers with these, webhooks and hooks carry them, the client returns them, and the OpenAPI document is made
from them. Times are RFC 3339 in UTC.
"""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypeAlias, final

from pydantic import ConfigDict, Field, JsonValue, with_config
from typing_extensions import TypedDict

from gsmgw.model import Direction, ModemState, OnUnknown, PriorityWord, SegmentStatus, Status
from gsmgw.model.webhooks import DeliveryKind, DeliveryState, WebhookState

#: Nothing but the keys that are listed.
_closed = with_config(ConfigDict(extra="forbid"))
#: An object whose keys are not known here.
JsonObject: TypeAlias = dict[str, JsonValue]
#: What a user may do.
UserRole: TypeAlias = Literal["owner", "operator", "viewer"]
#: A moment in RFC 3339.
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


@_closed
class FieldError(TypedDict):
    """One error: in the body, by JSON pointer (RFC 6901), or in a parameter."""

    pointer: NotRequired[str | None]
    parameter: NotRequired[str | None]
    detail: str


@_closed
class ProblemDocument(TypedDict):
    """An error (RFC 9457). ``type`` is a page of this gateway that explains it."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: NotRequired[list[FieldError] | None]


class MessageError(TypedDict):
    """Why a message was not sent."""

    code: str
    title: str
    modem: NotRequired[str | None]
    cms: NotRequired[Annotated[int | None, Field(description="The number of +CMS ERROR (TS 27.005 3.2.5)")]]
    cme: NotRequired[Annotated[int | None, Field(description="The number of +CME ERROR (TS 27.007 9.2)")]]
    report_status: NotRequired[Annotated[int | None, Field(description="TP-ST (TS 23.040 9.2.3.15)")]]


@_closed
class WaitingFor(TypedDict):
    """Why a message is not sent yet."""

    word: str
    sentence: str
    until: Time | None


_MessageWords = TypedDict("_MessageWords", {"from": str | None, "class": int | None})  # words of Python cannot be names


@_closed
class Message(_MessageWords):
    """A message of either direction."""

    id: str
    direction: Direction
    to: str | None
    text: str | None
    status: Status
    encoding: str
    segments: int
    modem: str | None
    pool: str | None
    priority: PriorityWord
    client_ref: str | None
    tags: list[str]
    flash: bool
    created_at: Time
    send_at: Time | None
    sent_at: Time | None
    delivered_at: Time | None
    received_at: Time | None
    error: MessageError | None
    data: NotRequired[Annotated[str | None, Field(description="base64")]]
    port: NotRequired[int | None]
    attempts: NotRequired[int | None]
    delivery_report: NotRequired[bool | None]
    on_unknown: NotRequired[OnUnknown | None]
    expires_at: NotRequired[Time | None]
    waiting_for: NotRequired[WaitingFor | None]
    smsc_at: NotRequired[Time | None]
    incomplete: NotRequired[bool | None]
    report_missing: NotRequired[bool | None]
    replaces: NotRequired[str | None]
    replaced_by: NotRequired[str | None]


@_closed
class Segment(TypedDict):
    """One segment of an outbound message."""

    number: int
    status: SegmentStatus
    reference: Annotated[int | None, Field(description="TP-MR")]
    modem: str | None
    sim: str | None
    attempt: int
    sending_at: Time | None
    sent_at: Time | None
    discharged_at: Time | None
    report_status: int | None
    error: str | None
    pdu: str


@_closed
class Event(TypedDict):
    """One step of a message or modem."""

    id: int
    type: str
    at: Time
    message_id: str | None
    modem: str | None
    data: JsonObject


class EnvelopeData(TypedDict):
    """The data of an event, with the current state of its message."""

    id: int
    message_id: str | None
    modem: str | None
    detail: JsonObject
    message: NotRequired[Message]


class Envelope(TypedDict):
    """An event as webhooks and hooks get it (standardwebhooks.com)."""

    type: str
    timestamp: Time
    data: EnvelopeData


@_closed
class WholeMessage(Message):
    """A message with its segments and its history."""

    segment_list: list[Segment]
    history: list[Event]


@_closed
class ArrivedMessage(Message):
    """A received message that was waited for, and the one-time code in its text; ``code`` is null without one."""

    code: str | None


@_closed
class MessagePage(TypedDict):
    """A page of messages, newest first."""

    data: list[Message]
    next_cursor: str | None


@_closed
class BatchMessage(Message):
    """A message of a batch. ``replayed``: an earlier request brought it."""

    replayed: NotRequired[bool | None]


@_closed
@final
class RefusedMessage(TypedDict):
    """A message of a batch that was refused."""

    error: ProblemDocument


@_closed
class BatchAnswer(TypedDict):
    """The results, in the order of the messages."""

    data: list[BatchMessage | RefusedMessage]


@_closed
@final
class SeenMessage(TypedDict):
    """A message of a batch as it would be sent."""

    to: str
    encoding: str
    segments: int


@_closed
class BatchPreview(TypedDict):
    """The results, in the order of the messages."""

    data: list[SeenMessage | RefusedMessage]


@_closed
class Preview(TypedDict):
    """The encoding and segments of a text, before it is sent."""

    encoding: str
    segments: int
    units_used: int
    units_left: int
    units_per_segment: int
    forcing: Annotated[list[str], Field(description="The characters that force UCS-2")]
    texts: list[str]
    transliterated: list[list[str]]


@_closed
class Conversation(TypedDict):
    """A peer with the latest message."""

    peer: str
    last_message: Message


@_closed
class ConversationPage(TypedDict):
    """A page of peers, newest first."""

    data: list[Conversation]
    next_cursor: str | None


@_closed
class QuarantinedPdu(TypedDict):
    """A received PDU that could not be decoded."""

    id: str
    modem: str
    received_at: Time
    pdu: str
    problem: str


@_closed
class QuarantinePage(TypedDict):
    """A page of the quarantine, newest first."""

    data: list[QuarantinedPdu]
    next_cursor: str | None


@_closed
class Reread(TypedDict):
    """The result of decoding the quarantine again: PDUs that were decoded, and that are left."""

    understood: int
    left: int


@_closed
class Modem(TypedDict):
    """A modem with its state."""

    name: str
    state: ModemState
    detail: str
    port: str | None
    profile: str | None
    manufacturer: str | None
    model: str | None
    revision: str | None
    imei: str | None
    iccid: str | None
    imsi: str | None
    number: str | None
    operator: str | None
    registration: str | None
    technology: str | None
    signal_dbm: int | None
    temperature_c: float | None
    voltage_mv: int | None
    storage: dict[str, dict[str, int]]
    limits: JsonObject


@_closed
class ModemList(TypedDict):
    """All modems."""

    data: list[Modem]


@_closed
class UssdAnswer(TypedDict):
    """The network's answer. ``more``: it waits for a reply."""

    modem: str
    answer: str | None
    more: bool
    outcome: str


@_closed
class WebhookSecret(TypedDict):
    """A signing secret, without itself."""

    created_at: Time
    expires_at: Time | None


@_closed
class Webhook(TypedDict):
    """A webhook."""

    id: str
    url: str
    description: str
    events: list[str]
    tags: list[str]
    modems: list[str]
    ordered: bool
    format: str
    state: WebhookState
    reason: str | None
    pending: int
    behind: int
    created_at: Time
    expires_at: NotRequired[Time | None]
    secrets: list[WebhookSecret]


@_closed
class NewWebhook(Webhook):
    """A webhook with its new secret, which is shown only this once."""

    secret: str


@_closed
class WebhookList(TypedDict):
    """All webhooks."""

    data: list[Webhook]


@_closed
class Try(TypedDict):
    """One delivery attempt."""

    at: Time
    status: int | None
    error: str | None
    duration_ms: int
    answer: str | None


@_closed
class Delivery(TypedDict):
    """One event for one webhook."""

    id: int
    event: int | None
    type: str
    kind: DeliveryKind
    state: DeliveryState
    created_at: Time
    ended_at: Time | None
    next_try_at: Time | None
    tries: list[Try]


@_closed
class DeliveryPage(TypedDict):
    """A page of the delivery log, newest first."""

    data: list[Delivery]
    next_cursor: str | None


@_closed
class Token(TypedDict):
    """A token, without its secret."""

    name: str
    scopes: list[str]
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None
    per_minute: int | None
    per_day: int | None
    modems: list[str]
    pools: list[str]
    missing: Annotated[list[str], Field(description="Its modems and pools that do not exist now")]


@_closed
class NewToken(Token):
    """A token with its secret, which is shown only this once."""

    token: str


@_closed
class TokenList(TypedDict):
    """All tokens."""

    data: list[Token]


@_closed
class User(TypedDict):
    """A person who signs in, without the password."""

    name: str
    role: UserRole
    language: str | None
    time_zone: str | None
    disabled: bool
    created_at: Time
    signed_in_at: Annotated[Time | None, Field(description="The last time")]


@_closed
class UserList(TypedDict):
    """All users, by name."""

    data: list[User]


_SessionWords = TypedDict("_SessionWords", {"from": Annotated[str, Field(description="Address that signed in")]})


@_closed
class Session(_SessionWords):
    """A session of a user, without its token."""

    id: int
    user: str
    role: UserRole
    created_at: Time
    last_used_at: Time
    expires_at: Annotated[Time, Field(description="When it ends, unless it is used before")]
    agent: Annotated[str, Field(description="User-Agent of the sign-in")]
    current: Annotated[bool, Field(description="This request has it")]


@_closed
class NewSession(Session):
    """A session with its token, which is shown only this once."""

    token: str


@_closed
class SessionList(TypedDict):
    """Sessions, newest first."""

    data: list[Session]


_AuditEntryWords = TypedDict("_AuditEntryWords", {"from": str})  # words of Python cannot be names


@_closed
class AuditEntry(_AuditEntryWords):
    """A call that managed something, with its outcome."""

    id: int
    at: Time
    who: str
    method: str
    path: str
    status: int
    detail: JsonObject


@_closed
class AuditPage(TypedDict):
    """A page of the audit log, newest first."""

    data: list[AuditEntry]
    next_cursor: str | None


@_closed
class BackupEntry(TypedDict):
    """A backup."""

    file: str
    octets: int
    created_at: Time


@_closed
class BackupList(TypedDict):
    """All backups, newest first."""

    data: list[BackupEntry]


@_closed
class Reload(TypedDict):
    """The outcome of a reload of the configuration. Settings are named by their keys: ``gateway.country``."""

    applied: Annotated[list[str], Field(description="Settings that are in effect now")]
    needs_restart: Annotated[list[str], Field(description="Settings that take effect after a restart")]
    missing: Annotated[list[str], Field(description="What the file names and this machine does not have")]


@_closed
class Backup(BackupEntry):
    """A new backup."""

    version: Annotated[str, Field(description="Version of the gateway")]
    messages: int
    last_event: int
    left_out: Annotated[list[str], Field(description="Files of the configuration that could not be read")]


@_closed
class Health(TypedDict):
    """The health of the gateway, with the reason if it is not ready."""

    status: Literal["ok", "unavailable"]
    detail: NotRequired[str | None]


@_closed
class Stats(TypedDict):
    """The state of the gateway."""

    version: str
    started_at: Time
    uptime_s: int
    messages: Annotated[dict[str, int], Field(description="Messages in each state that is not final")]
    oldest_queued_at: Time | None
    since_start: Annotated[dict[str, int], Field(description="Outcomes of messages since the start")]
    modems: Annotated[dict[str, int], Field(description="Modems in each state")]
    webhooks: Annotated[dict[str, int], Field(description="Webhooks in each state")]
    first_event: Annotated[int, Field(description="ID of the oldest event that is kept")]
    last_event: int
    database_ok: bool
    database_loss: Annotated[str | None, Field(description="What the database lost before the start, in a sentence")]
    task_failures: dict[str, int]
    database_octets: int
    commit_ms: float
