"""The domain's values: messages, segments, modems, events, routes, and the one table of a message's life."""

from gsmgw.model.events import Event, EventData, EventType
from gsmgw.model.failures import MessageError
from gsmgw.model.ids import format_id, parse_id
from gsmgw.model.lifecycle import (
    ON_AIR,
    SEGMENT_SOURCES,
    SEGMENT_TRANSITIONS,
    SOURCES,
    TRANSITIONS,
    Direction,
    SegmentStatus,
    Status,
    derive_status,
)
from gsmgw.model.messages import (
    NOBODY,
    SOCKET,
    TWILIO,
    DeliveryOutcome,
    MessageRecord,
    OnUnknown,
    Outgoing,
    PartState,
    Priority,
    SegmentRecord,
    StatusReportFacts,
)
from gsmgw.model.modems import (
    AccessTechnology,
    BabbleKind,
    CopyFate,
    ModemState,
    ModemStatus,
    NetworkRegistration,
    RecoveryStep,
    StorageUse,
)
from gsmgw.model.waiting import Waiting, WaitReason

__all__ = [
    "NOBODY",
    "ON_AIR",
    "SEGMENT_SOURCES",
    "SEGMENT_TRANSITIONS",
    "SOCKET",
    "SOURCES",
    "TRANSITIONS",
    "TWILIO",
    "AccessTechnology",
    "BabbleKind",
    "CopyFate",
    "DeliveryOutcome",
    "Direction",
    "Event",
    "EventData",
    "EventType",
    "MessageError",
    "MessageRecord",
    "ModemState",
    "ModemStatus",
    "NetworkRegistration",
    "OnUnknown",
    "Outgoing",
    "PartState",
    "Priority",
    "RecoveryStep",
    "SegmentRecord",
    "SegmentStatus",
    "Status",
    "StatusReportFacts",
    "StorageUse",
    "WaitReason",
    "Waiting",
    "derive_status",
    "format_id",
    "parse_id",
]
