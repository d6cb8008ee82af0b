"""Messages, segments and status reports as the layers hand them to each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Literal, NamedTuple, cast

from gsmgw.model.consent import ConsentVerdict, Purpose
from gsmgw.model.failures import MessageError
from gsmgw.model.lifecycle import Direction, SegmentStatus, Status

#: Owners of messages that are not a token: the socket, the Twilio bridge, and tokens from before they had numbers.
SOCKET, TWILIO, NOBODY, MQTT, FLEET = 0, -1, -2, -3, -4


#: A class of messages, as the API and the command line name it.
PriorityWord = Literal["urgent", "normal", "bulk"]


class Priority(IntEnum):
    """Class of a message; a lower number goes first."""

    URGENT = 0
    NORMAL = 1
    BULK = 2

    @property
    def word(self) -> PriorityWord:
        """The name used by the API and the command line."""
        return cast(PriorityWord, self.name.lower())


class OnUnknown(StrEnum):
    """The action for a message that is still unknown after the grace time."""

    RESEND = "resend"
    HOLD = "hold"


class Outgoing(NamedTuple):
    """An accepted outbound message as the queue sees it. Times are UTC milliseconds."""

    id: int
    to: str
    text: str | None
    priority: Priority
    segments: int
    created_ms: int
    data: bytes | None = None
    port: int | None = None
    encoding: str = "auto"
    #: Of TS 23.038 4: 0 is shown at once (flash), 1 for the equipment, 2 for the SIM, 3 for a terminal.
    message_class: int | None = None
    report: bool = True
    #: By which modems it may leave: see :mod:`gsmgw.model.routes`, empty for any.
    route: str = ""
    #: The name of the token that submitted it, or empty for the local socket.
    client: str = ""
    send_at_ms: int | None = None
    expires_ms: int | None = None
    client_ref: str | None = None
    tags: tuple[str, ...] = ()
    on_unknown: OnUnknown = OnUnknown.RESEND
    attempts: int = 0
    #: Its segments exist already, some may be on the air.
    cut: bool = False
    #: The submitting client, as in :class:`MessageRecord`. Not read back: the queue does not use it.
    owner: int = 0
    #: Number of refusals, by the modem's answer (:attr:`gsmgw.errors.SubmitError.refusal`).
    refusals: Mapping[str, int] = MappingProxyType({})
    #: Number of repeats without evidence about the previous attempt.
    repeats: int = 0
    purpose: Purpose = Purpose.TRANSACTIONAL
    #: The consent list of a marketing message.
    list: str | None = None
    #: No opt-out blocks it: a confirmation, an answer to HELP, the question of a double opt-in.
    exempt: bool = False


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """One segment of an outbound message as the store has it."""

    seq: int
    status: SegmentStatus
    tpdu: bytes
    reference: int | None = None
    modem: str | None = None
    sim: str | None = None
    attempt: int = 0
    sending_ms: int | None = None
    sent_ms: int | None = None
    report_status: int | None = None
    discharge_ms: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A message of either direction as the store has it. Times are UTC milliseconds."""

    id: int
    direction: Direction
    status: Status
    peer: str
    own: str | None
    text: str | None
    data: bytes | None
    port: int | None
    encoding: str
    segments: int
    modem: str | None
    route: str
    client: str
    priority: Priority
    message_class: int | None
    report: bool
    on_unknown: OnUnknown | None
    client_ref: str | None
    tags: tuple[str, ...]
    attempts: int
    created_ms: int
    send_at_ms: int | None
    expires_ms: int | None
    due_ms: int | None
    waiting: str | None
    sent_ms: int | None
    delivered_ms: int | None
    received_ms: int | None
    smsc_ms: int | None
    error: MessageError | None
    incomplete: bool
    #: A status report was asked for and never came.
    report_missing: bool = False
    #: Inbound: the message that this one takes the place of, and the one that takes this one's (TP-PID 0x41 to 0x47).
    replaces: int | None = None
    replaced_by: int | None = None
    #: The number of the token that sent it, or one of SOCKET, TWILIO, NOBODY, MQTT, FLEET.
    owner: int = 0
    purpose: Purpose = Purpose.TRANSACTIONAL
    #: The consent list of a marketing message.
    list: str | None = None
    #: Inbound: the meaning of the text for consent.
    consent: ConsentVerdict | None = None
    #: The ID of the campaign that it belongs to.
    campaign: str | None = None
    #: The contact that has the number.
    contact: int | None = None

    @property
    def flash(self) -> bool:
        """True for class 0: the phone shows it at once and does not store it."""
        return self.message_class == 0


class DeliveryOutcome(StrEnum):
    """The outcome that a status report names (TS 23.040 9.2.3.15)."""

    DELIVERED = "delivered"  #: completed: it arrived, or the service centre has done all it could promise
    PENDING = "pending"  #: the service centre is still trying
    FAILED = "failed"  #: given up for good


class PartState(StrEnum):
    """The state of a received PDU in the database."""

    WAITING = "waiting"  #: a part of a long message of which others are missing
    ASSEMBLED = "assembled"  #: it is in a complete message
    SILENT = "silent"  #: it needs no message of its own: a report, a repetition, a type 0 message
    QUARANTINED = "quarantined"  #: it could not be decoded
    STORED = "stored"  #: a submission that was found in a storage


@dataclass(frozen=True, slots=True)
class StatusReportFacts:
    """The content of a status report."""

    modem: str
    sim: str
    reference: int
    recipient: str
    status: int
    outcome: DeliveryOutcome
    title: str
    discharge_ms: int | None
    pdu: str
