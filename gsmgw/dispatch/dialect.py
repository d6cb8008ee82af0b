"""How an event is written for a webhook: the interface, and Standard Webhooks (standardwebhooks.com)."""

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
    """An event for a webhook, with the message that it is about and the callback that its client asked for.

    ``id`` is the same for every attempt.
    """

    hook: Webhook
    event: Event
    message: MessageRecord | None
    callback: Callback | None
    id: str
    now_ms: int


class Dialect(Protocol):
    """A way to write events. Pure."""

    @property
    def has_test(self) -> bool:
        """True when the event ``webhook.test`` can be written."""

    def render(self, notification: Notification) -> Post | None:
        """Return the request that tells of an event; None for an event that the dialect does not know."""


class StandardDialect:
    """Standard Webhooks. A body above ``max_octets`` is sent without the text of its message."""

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
