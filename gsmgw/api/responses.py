"""The responses of the API, as its OpenAPI document describes them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")


class FieldError(_Document):
    """One error: in the body, by JSON pointer (RFC 6901), or in a parameter."""

    pointer: str | None = None
    parameter: str | None = None
    detail: str


class ProblemDocument(_Document):
    """An error (RFC 9457). ``type`` is a page of this gateway that explains it."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldError] | None = None


class MessageError(BaseModel):
    """Why a message was not sent."""

    code: str
    title: str
    modem: str | None = None
    cms: int | None = Field(None, description="The number of +CMS ERROR (TS 27.005 3.2.5)")
    cme: int | None = Field(None, description="The number of +CME ERROR (TS 27.007 9.2)")
    report_status: int | None = Field(None, description="TP-ST (TS 23.040 9.2.3.15)")


class WaitingFor(_Document):
    """Why a message is not sent yet."""

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
    """A message of a batch. ``replayed``: an earlier request brought it."""

    replayed: bool | None = None


class RefusedMessage(_Document):
    """A message of a batch that was refused."""

    error: ProblemDocument


class BatchAnswer(_Document):
    """The results, in the order of the messages."""

    data: list[BatchMessage | RefusedMessage]


class SeenMessage(_Document):
    """A message of a batch as it would be sent."""

    to: str
    encoding: str
    segments: int


class BatchPreview(_Document):
    """The results, in the order of the messages."""

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
    """A received PDU that could not be decoded."""

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
    """The result of decoding the quarantine again: PDUs that were decoded, and that are left."""

    understood: int
    left: int


class Modem(_Document):
    """A modem with its state."""

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
    """The network's answer. ``more``: it waits for a reply."""

    modem: str
    answer: str | None
    more: bool
    outcome: str


class WebhookSecret(_Document):
    """A signing secret, without itself."""

    created_at: AwareDatetime
    expires_at: AwareDatetime | None


class Webhook(_Document):
    """A webhook."""

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
    """A webhook with its new secret, which is shown only this once."""

    secret: str


class WebhookList(_Document):
    """All webhooks."""

    data: list[Webhook]


class Try(_Document):
    """One delivery attempt."""

    at: AwareDatetime
    status: int | None
    error: str | None
    duration_ms: int
    answer: str | None


class Delivery(_Document):
    """One event for one webhook."""

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
    missing: list[str] = Field(description="Its modems and pools that do not exist now")


class NewToken(Token):
    """A token with its secret, which is shown only this once."""

    token: str


class TokenList(_Document):
    """All tokens."""

    data: list[Token]


class AuditEntry(_Document):
    """A call that managed something, with its outcome."""

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
    """A backup."""

    file: str
    octets: int
    created_at: AwareDatetime


class BackupList(_Document):
    """All backups, newest first."""

    data: list[BackupEntry]


class Backup(BackupEntry):
    """A new backup."""

    version: str = Field(description="Version of the gateway")
    messages: int
    last_event: int
    left_out: list[str] = Field(description="Files of the configuration that could not be read")


class Health(_Document):
    """The health of the gateway, with the reason if it is not ready."""

    status: Literal["ok", "unavailable"]
    detail: str | None = None


class Stats(_Document):
    """The state of the gateway."""

    version: str
    started_at: AwareDatetime
    uptime_s: int
    messages: dict[str, int] = Field(description="Messages in each state that is not final")
    oldest_queued_at: AwareDatetime | None
    since_start: dict[str, int] = Field(description="Outcomes of messages since the start")
    modems: dict[str, int] = Field(description="Modems in each state")
    webhooks: dict[str, int] = Field(description="Webhooks in each state")
    first_event: int = Field(description="ID of the oldest event that is kept")
    last_event: int
    database_ok: bool
    database_loss: str | None = Field(description="What the database lost before the start, in a sentence")
    #: Failures of each task since the start.
    task_failures: dict[str, int]
    database_octets: int
    commit_ms: float
