"""Formats of webhook requests: the interface, and Standard Webhooks (standardwebhooks.com)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from standardwebhooks import Webhook as Signer

from gsmgw.model import Event, MessageRecord
from gsmgw.store.callbacks import Callback
from gsmgw.store.webhooks import Webhook
from gsmgw.wire.events import envelope, packed


@dataclass(frozen=True, slots=True)
class Post:
    """An HTTP request to a webhook."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Notification:
    """An event for a webhook, with its message and the callback that the client requested.

    ``id`` is the same for every attempt.
    """

    hook: Webhook
    event: Event
    message: MessageRecord | None
    callback: Callback | None
    id: str
    now_ms: int


class Dialect(Protocol):
    """A format of webhook requests. Pure."""

    @property
    def has_test(self) -> bool:
        """True if the format supports the event ``webhook.test``."""

    def render(self, notification: Notification) -> Post | None:
        """Return the request for an event, or None if the format does not support the event."""


class StandardDialect:
    """Standard Webhooks. A body larger than ``max_octets`` bytes is sent without the text of its message."""

    has_test = True

    def __init__(self, max_octets: int) -> None:
        self._max_octets = max_octets

    def render(self, notification: Notification) -> Post:
        """Return the signed request."""
        hook, now_ms, number = notification.hook, notification.now_ms, notification.id
        body = packed(envelope(notification.event, notification.message), self._max_octets)
        secrets = [secret.value for secret in hook.secrets if secret.is_valid(now_ms)]
        moment, text = datetime.fromtimestamp(now_ms // 1000, UTC), body.decode()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": number,
            "webhook-timestamp": str(now_ms // 1000),
            "webhook-signature": " ".join(Signer(secret).sign(number, moment, text) for secret in secrets),
        }
        return Post(hook.url, body, headers)
