"""States of webhooks and of their deliveries."""

from __future__ import annotations

from enum import StrEnum


class WebhookState(StrEnum):
    """The state of a webhook."""

    ACTIVE = "active"
    PAUSED = "paused"  #: its attempts are used up, or by request
    DISABLED = "disabled"  #: its receiver answered 410


class DeliveryKind(StrEnum):
    """Why an event is delivered."""

    EVENT = "event"  #: it happened
    REPLAY = "replay"  #: it is delivered again by request
    TEST = "test"


class DeliveryState(StrEnum):
    """The state of a delivery."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
