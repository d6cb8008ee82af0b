"""Webhooks and their deliveries."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from gsmgw.model.webhooks import DeliveryKind, DeliveryState, WebhookState
from gsmgw.wire.resources.common import Time, closed


@closed
class WebhookSecret(TypedDict):
    """A signing secret, without itself."""

    created_at: Time
    expires_at: Time | None


@closed
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


@closed
class NewWebhook(Webhook):
    """A webhook with its new secret, which is shown only this once."""

    secret: str


@closed
class WebhookList(TypedDict):
    """All webhooks."""

    data: list[Webhook]
    next_cursor: str | None


@closed
class Try(TypedDict):
    """One delivery attempt."""

    at: Time
    status: int | None
    error: str | None
    duration_ms: int
    answer: str | None


@closed
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


@closed
class DeliveryRequest(TypedDict):
    """The request of a delivery as it would be made now, without its signatures."""

    method: str
    url: str
    body: str


@closed
class WholeDelivery(Delivery):
    """A delivery with its request; null if the event is no longer kept, and for a test."""

    request: DeliveryRequest | None


@closed
class DeliveryPage(TypedDict):
    """A page of the delivery log, newest first."""

    data: list[Delivery]
    next_cursor: str | None
