"""The domain's values: messages, segments, modems, events, and the one table of a message's life."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

#: Owners of messages that are not a token: the socket, the Twilio door, and tokens of before they had numbers.
SOCKET, TWILIO, NOBODY = 0, -1, -2


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
    UNDELIVERED = "undelivered"  #: the network took it, and gave up on delivering it
    UNKNOWN = "unknown"  #: a segment may or may not be on the air
    FAILED = "failed"  #: refused for good
    EXPIRED = "expired"  #: its validity ended before it could be sent
    CANCELED = "canceled"  #: taken back by a person before it was sent
    RECEIVED = "received"  #: inbound


#: What may follow what, for outbound messages. Guards every UPDATE; a pair that is not here cannot happen.
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


#: States of a segment in which the network has it: it is never sent again.
ON_AIR = frozenset({SegmentStatus.SENT, SegmentStatus.DELIVERED, SegmentStatus.UNDELIVERED})


def derive_status(segments: Iterable[SegmentStatus]) -> Status:
    """The state of a message whose segments are in these states, once no segment of it is being handed over."""
    states = set(segments)
    for state, status in (
        (SegmentStatus.FAILED, Status.FAILED),
        (SegmentStatus.UNKNOWN, Status.UNKNOWN),
        (SegmentStatus.SENDING, Status.SENDING),
        (SegmentStatus.QUEUED, Status.QUEUED),
        (SegmentStatus.SENT, Status.SENT),
        (SegmentStatus.UNDELIVERED, Status.UNDELIVERED),
    ):
        if state in states:
            return status
    return Status.DELIVERED


class Priority(IntEnum):
    """Class of a message; a lower number goes first."""

    URGENT = 0
    NORMAL = 1
    BULK = 2

    @property
    def word(self) -> str:
        """The name used by the API and the command line."""
        return self.name.lower()


class OnUnknown(StrEnum):
    """What becomes of a message about which no evidence came within the grace time."""

    RESEND = "resend"
    HOLD = "hold"


class ModemState(StrEnum):
    """The state of a modem's session."""

    ABSENT = "absent"  #: no such port or device
    PROBING = "probing"  #: being opened, identified, initialised
    LOCKED = "locked"  #: the SIM wants a PIN or PUK that it was not given
    SEARCHING = "searching"  #: not registered with a network
    READY = "ready"
    DEGRADED = "degraded"  #: works in part
    RECOVERING = "recovering"  #: being brought back
    QUARANTINED = "quarantined"  #: given up for now; a person is asked to look
    DISABLED = "disabled"  #: switched off by a person

    @property
    def carries(self) -> bool:
        """Whether texts may be handed to a modem in this state."""
        return self in (ModemState.READY, ModemState.DEGRADED)


class CopyFate(StrEnum):
    """What may become of a submission that a modem keeps in its storage (AT+CMGW)."""

    FOREIGN = "foreign"  #: not written by the gateway: left alone
    NEEDED = "needed"  #: what became of its segment is not on disk yet: asked about again
    SETTLED = "settled"  #: its segment's fate is on disk: deleted


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
    #: By which modems it may leave: a word of ``outbound.router``, empty for any.
    route: str = ""
    #: Who asked for it: the name of a token, or empty for the local socket.
    client: str = ""
    send_at_ms: int | None = None
    expires_ms: int | None = None
    client_ref: str | None = None
    tags: tuple[str, ...] = ()
    on_unknown: OnUnknown = OnUnknown.RESEND
    attempts: int = 0
    #: Its segments exist already, some may be on the air.
    cut: bool = False
    #: Whose it is, as in :class:`MessageRecord`. Not read back: the queue has no use for it.
    owner: int = 0
    #: How often it was refused, by what the modem answered (:attr:`gsmgw.errors.SubmitError.refusal`).
    refusals: Mapping[str, int] = MappingProxyType({})
    #: How often it was sent again although nothing told whether it had gone.
    repeats: int = 0


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
    error: dict[str, Any] | None
    incomplete: bool
    #: A status report was asked for and never came.
    report_missing: bool = False
    #: Inbound: the message that this one takes the place of, and the one that takes this one's (TP-PID 0x41 to 0x47).
    replaces: int | None = None
    replaced_by: int | None = None
    #: The number of the token that sent it, or one of SOCKET, TWILIO, NOBODY.
    owner: int = 0

    @property
    def flash(self) -> bool:
        """Whether it is shown at once and not stored: class 0."""
        return self.message_class == 0


@dataclass(frozen=True, slots=True)
class StatusReportFacts:
    """What a status report says. ``outcome``: ``delivered``, ``pending`` or ``failed`` (TS 23.040 9.2.3.15)."""

    modem: str
    sim: str
    reference: int
    recipient: str
    status: int
    outcome: str
    title: str
    discharge_ms: int | None
    pdu: str


class Event(NamedTuple):
    """One step in the life of a message or modem; ``id`` is the cursor of every feed."""

    id: int
    at_ms: int
    type: str
    message_id: int | None
    modem: str | None
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ModemStatus:
    """What is known about one modem now. ``detail`` is the reason for its state in a sentence."""

    name: str
    state: ModemState
    detail: str
    port: str | None = None
    profile: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    revision: str | None = None
    imei: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    number: str | None = None
    operator: str | None = None
    technology: str | None = None
    registration: str | None = None
    signal_dbm: int | None = None
    temperature_c: float | None = None
    voltage_mv: int | None = None
    #: Messages used and total per storage: ``{"SM": {"used": 3, "total": 50}}``.
    storage: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def sim(self) -> str:
        """What identifies the SIM for report matching and limits: ICCID, else IMSI, else the modem's name."""
        return self.iccid or self.imsi or f"modem:{self.name}"


# -- identifiers ------------------------------------------------------------------------------------------------

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES = {c: i for i, c in enumerate(_ALPHABET)}
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_ID_CHARS = 13


def format_id(number: int) -> str:
    """A message's number as its public identifier: 13 characters that sort as the numbers do."""
    pairs = _PAIRS
    return (
        f"{_ALPHABET[number >> 60 & 31]}{pairs[number >> 50 & 1023]}{pairs[number >> 40 & 1023]}"
        f"{pairs[number >> 30 & 1023]}{pairs[number >> 20 & 1023]}{pairs[number >> 10 & 1023]}{pairs[number & 1023]}"
    )


def parse_id(text: str) -> int | None:
    """The number behind a public identifier, or None where it is none."""
    if len(text) != _ID_CHARS:
        return None
    number = 0
    for char in text:
        value = _VALUES.get(char)
        if value is None:
            return None
        number = number << 5 | value
    return number if number < 1 << 63 else None
