"""The answers of the API as they are described in its OpenAPI document; a test holds every answer against these."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FieldError(_Document):
    """One thing that is wrong: in the body, by JSON pointer (RFC 6901), or in a parameter."""

    pointer: str | None = None
    parameter: str | None = None
    detail: str


class ProblemDocument(_Document):
    """An error (RFC 9457). ``type`` is a page that explains it, on this gateway."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldError] | None = None


class MessageError(BaseModel):
    """Why a message did not go, or not yet."""

    code: str
    title: str
    modem: str | None = None
    cms: int | None = Field(None, description="The number of +CMS ERROR (TS 27.005 3.2.5)")
    cme: int | None = Field(None, description="The number of +CME ERROR (TS 27.007 9.2)")
    report_status: int | None = Field(None, description="TP-ST (TS 23.040 9.2.3.15)")


class WaitingFor(_Document):
    """Why a message has not gone yet."""

    word: str
    sentence: str
    until: AwareDatetime | None


class Message(_Document):
    """A message of either direction."""

    id: str
    direction: Literal["outbound", "inbound"]
    from_: str | None = Field(alias="from")
    to: str | None
    text: str | None
    status: Literal[
        "scheduled", "queued", "sending", "sent", "delivered", "undelivered", "unknown", "failed", "expired",
        "canceled", "received",
    ]  # fmt: skip
    encoding: str
    segments: int
    modem: str | None
    pool: str | None
    priority: Literal["urgent", "normal", "bulk"]
    client_ref: str | None
    tags: list[str]
    flash: bool
    class_: int | None = Field(alias="class")
    created_at: AwareDatetime
    send_at: AwareDatetime | None
    sent_at: AwareDatetime | None
    delivered_at: AwareDatetime | None
    received_at: AwareDatetime | None
    error: MessageError | None
    data: str | None = Field(None, description="base64")
    port: int | None = None
    attempts: int | None = None
    delivery_report: bool | None = None
    on_unknown: Literal["resend", "hold"] | None = None
    expires_at: AwareDatetime | None = None
    waiting_for: WaitingFor | None = None
    smsc_at: AwareDatetime | None = None
    incomplete: bool | None = None
    report_missing: bool | None = None
    replaces: str | None = None
    replaced_by: str | None = None


class Segment(_Document):
    """One segment of an outbound message."""

    number: int
    status: str
    reference: int | None = Field(description="TP-MR")
    modem: str | None
    sim: str | None
    attempt: int
    sending_at: AwareDatetime | None
    sent_at: AwareDatetime | None
    discharged_at: AwareDatetime | None
    report_status: int | None
    error: str | None
    pdu: str


class Event(_Document):
    """One step of a message or modem."""

    id: int
    type: str
    at: AwareDatetime
    message_id: str | None
    modem: str | None
    data: dict[str, Any]


class WholeMessage(Message):
    """A message with its segments and its history."""

    segment_list: list[Segment]
    history: list[Event]


class MessagePage(_Document):
    """A page of messages, newest first."""

    data: list[Message]
    next_cursor: str | None


class BatchMessage(Message):
    """A message of a batch; ``replayed`` when an earlier request had brought it already."""

    replayed: bool | None = None


class RefusedMessage(_Document):
    """A message of a batch that was not taken."""

    error: ProblemDocument


class BatchAnswer(_Document):
    """Each answer stands where its message stood."""

    data: list[BatchMessage | RefusedMessage]


class SeenMessage(_Document):
    """What a message of a batch would become."""

    to: str
    encoding: str
    segments: int


class BatchPreview(_Document):
    """Each answer stands where its message stood."""

    data: list[SeenMessage | RefusedMessage]


class Preview(_Document):
    """How a text would be sent."""

    encoding: str
    segments: int
    units_used: int
    units_left: int
    units_per_segment: int
    forcing: list[str] = Field(description="The characters that force UCS-2")
    texts: list[str]
    transliterated: list[list[str]]


class Conversation(_Document):
    """A peer with the latest message."""

    peer: str
    last_message: Message


class ConversationPage(_Document):
    """A page of peers, newest first."""

    data: list[Conversation]
    next_cursor: str | None


class QuarantinedPdu(_Document):
    """A received PDU that could not be understood."""

    id: str
    modem: str
    received_at: AwareDatetime
    pdu: str
    problem: str


class QuarantinePage(_Document):
    """A page of the quarantine, newest first."""

    data: list[QuarantinedPdu]
    next_cursor: str | None


class Reread(_Document):
    """What came of trying the quarantine again."""

    understood: int
    left: int


class Modem(_Document):
    """A modem and how it is."""

    model_config = ConfigDict(extra="allow")

    name: str
    state: Literal[
        "absent", "probing", "locked", "searching", "ready", "degraded", "recovering", "quarantined", "disabled"
    ]
    detail: str
    port: str | None
    profile: str | None
    imei: str | None
    iccid: str | None
    imsi: str | None
    number: str | None
    operator: str | None
    registration: str | None
    signal_dbm: int | None
    storage: dict[str, dict[str, int]]
    limits: dict[str, Any]


class ModemList(_Document):
    """All modems."""

    data: list[Modem]


class UssdAnswer(_Document):
    """What the network answered."""

    modem: str
    answer: str | None
    more: bool
    outcome: str


class WebhookSecret(_Document):
    """A signing secret, without itself."""

    created_at: AwareDatetime
    expires_at: AwareDatetime | None


class Webhook(_Document):
    """A target that events are posted to."""

    id: str
    url: str
    description: str
    events: list[str]
    tags: list[str]
    modems: list[str]
    ordered: bool
    format: str
    state: Literal["active", "paused", "disabled"]
    reason: str | None
    pending: int
    behind: int
    created_at: AwareDatetime
    expires_at: AwareDatetime | None = None
    secrets: list[WebhookSecret]


class NewWebhook(Webhook):
    """A target with its new secret, which is shown this once."""

    secret: str


class WebhookList(_Document):
    """All targets."""

    data: list[Webhook]


class Try(_Document):
    """One try to deliver."""

    at: AwareDatetime
    status: int | None
    error: str | None
    duration_ms: int
    answer: str | None


class Delivery(_Document):
    """One event on its way to one target."""

    id: int
    event: int | None
    type: str
    kind: Literal["event", "replay", "test"]
    state: Literal["pending", "delivered", "failed"]
    created_at: AwareDatetime
    ended_at: AwareDatetime | None
    next_try_at: AwareDatetime | None
    tries: list[Try]


class DeliveryPage(_Document):
    """A page of the delivery log, newest first."""

    data: list[Delivery]
    next_cursor: str | None


class Token(_Document):
    """A token, without its secret."""

    name: str
    scopes: list[str]
    created_at: AwareDatetime
    expires_at: AwareDatetime | None
    last_used_at: AwareDatetime | None
    per_minute: int | None
    per_day: int | None
    modems: list[str]
    pools: list[str]
    missing: list[str] = Field(description="Of modems and pools, what is not there now")


class NewToken(Token):
    """A token, shown this once."""

    token: str


class TokenList(_Document):
    """All tokens."""

    data: list[Token]


class AuditEntry(_Document):
    """Who managed what, and what came of it."""

    id: int
    at: AwareDatetime
    who: str
    from_: str = Field(alias="from")
    method: str
    path: str
    status: int
    detail: dict[str, Any]


class AuditPage(_Document):
    """A page of the audit log, newest first."""

    data: list[AuditEntry]
    next_cursor: str | None


class BackupEntry(_Document):
    """A backup that is kept."""

    file: str
    octets: int
    created_at: AwareDatetime


class BackupList(_Document):
    """The backups that are kept, the latest first."""

    data: list[BackupEntry]


class Backup(BackupEntry):
    """A backup that was made."""

    version: str = Field(description="Of the gateway that made it")
    messages: int
    last_event: int
    left_out: list[str] = Field(description="Files that the configuration names and that could not be read")


class Health(_Document):
    """Whether all is well, and what is not."""

    status: Literal["ok", "unavailable"]
    detail: str | None = None


class Stats(_Document):
    """The gateway at a glance."""

    version: str
    started_at: AwareDatetime
    uptime_s: int
    messages: dict[str, int] = Field(description="Messages in each state that still wants something")
    oldest_queued_at: AwareDatetime | None
    since_start: dict[str, int] = Field(description="What became of messages since the start")
    modems: dict[str, int] = Field(description="Modems in each state")
    webhooks: dict[str, int] = Field(description="Targets in each state")
    first_event: int = Field(description="The oldest event that is kept")
    last_event: int
    database_ok: bool
    database_loss: str | None = Field(description="What of the database was lost before the start, in a sentence")
    #: Failures since the start of each task that failed.
    task_failures: dict[str, int]
    database_octets: int
    commit_ms: float
