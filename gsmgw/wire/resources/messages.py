"""Messages, their segments and events, conversations, quarantine."""

from __future__ import annotations

from typing import Annotated, NotRequired, final

from pydantic import Field
from typing_extensions import TypedDict

from gsmgw.model import ConsentVerdict, Direction, OnUnknown, PriorityWord, Purpose, SegmentStatus, Status
from gsmgw.wire.resources.common import JsonObject, ProblemDocument, Time, closed


class MessageError(TypedDict):
    """Why a message was not sent."""

    code: str
    title: str
    modem: NotRequired[str | None]
    cms: NotRequired[Annotated[int | None, Field(description="The number of +CMS ERROR (TS 27.005 3.2.5)")]]
    cme: NotRequired[Annotated[int | None, Field(description="The number of +CME ERROR (TS 27.007 9.2)")]]
    report_status: NotRequired[Annotated[int | None, Field(description="TP-ST (TS 23.040 9.2.3.15)")]]


@closed
class WaitingFor(TypedDict):
    """Why a message is not sent yet."""

    word: str
    sentence: str
    until: Time | None


_MessageWords = TypedDict("_MessageWords", {"from": str | None, "class": int | None})  # words of Python cannot be names


@closed
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
    node: NotRequired[Annotated[str, Field(description="The node of the fleet that has the modem; only at a hub")]]
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
    purpose: NotRequired[Purpose | None]
    list: NotRequired[Annotated[str | None, Field(description="The consent list of a marketing message")]]
    campaign: NotRequired[Annotated[str | None, Field(description="The ID of the campaign that it belongs to")]]
    contact: NotRequired[
        Annotated[
            str | None,
            Field(description="The ID of the contact that has the number; not in the answer that accepts a message"),
        ]
    ]
    contact_name: NotRequired[
        Annotated[
            str | None,
            Field(description="The name of the contact; in lists and of one message; null for a restricted token"),
        ]
    ]
    consent: NotRequired[Annotated[ConsentVerdict | None, Field(description="What a received text says about consent")]]
    expires_at: NotRequired[Time | None]
    waiting_for: NotRequired[WaitingFor | None]
    smsc_at: NotRequired[Time | None]
    incomplete: NotRequired[bool | None]
    report_missing: NotRequired[bool | None]
    replaces: NotRequired[str | None]
    replaced_by: NotRequired[str | None]


@closed
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


@closed
class Event(TypedDict):
    """One step of a message or modem."""

    id: int
    type: str
    at: Time
    message_id: str | None
    modem: str | None
    node: NotRequired[Annotated[str, Field(description="The node of the fleet that has the modem; only at a hub")]]
    data: JsonObject


class EnvelopeData(TypedDict):
    """The data of an event, with the current state of its message."""

    id: int
    message_id: str | None
    modem: str | None
    node: NotRequired[Annotated[str, Field(description="The node of the fleet that has the modem; only at a hub")]]
    detail: JsonObject
    message: NotRequired[Message]


class Envelope(TypedDict):
    """An event as webhooks and hooks get it (standardwebhooks.com)."""

    type: str
    timestamp: Time
    data: EnvelopeData


@closed
class WholeMessage(Message):
    """A message with its segments and its history."""

    segment_list: list[Segment]
    history: list[Event]


@closed
class ArrivedMessage(Message):
    """A received message that was waited for, and the one-time code in its text; ``code`` is null without one."""

    code: str | None


@closed
class MessagePage(TypedDict):
    """A page of messages, newest first."""

    data: list[Message]
    next_cursor: str | None


@closed
class BatchMessage(Message):
    """A message of a batch. ``replayed``: an earlier request brought it."""

    replayed: NotRequired[bool | None]


@closed
@final
class RefusedMessage(TypedDict):
    """A message of a batch that was refused."""

    error: ProblemDocument


@closed
class BatchAnswer(TypedDict):
    """The results, in the order of the messages."""

    data: list[BatchMessage | RefusedMessage]


@closed
@final
class SeenMessage(TypedDict):
    """A message of a batch as it would be sent."""

    to: str
    encoding: str
    segments: int
    cost: Annotated[float | None, Field(description="null if no price fits")]
    currency: str | None


@closed
class BatchPreview(TypedDict):
    """The results, in the order of the messages."""

    data: list[SeenMessage | RefusedMessage]


@closed
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


@closed
class QuarantinedPdu(TypedDict):
    """A received PDU that could not be decoded."""

    id: str
    modem: str
    received_at: Time
    pdu: str
    problem: str
    field: Annotated[str | None, Field(description="The part of the PDU that is wrong, as TS 23.040 names it")]
    offset: Annotated[int | None, Field(description="The byte at which it begins, from 0")]


@closed
class QuarantinePage(TypedDict):
    """A page of the quarantine, newest first."""

    data: list[QuarantinedPdu]
    next_cursor: str | None


@closed
class Reread(TypedDict):
    """The result of decoding the quarantine again: PDUs that were decoded, and that are left."""

    understood: int
    left: int
