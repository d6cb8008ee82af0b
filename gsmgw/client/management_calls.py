"""The API calls for what an owner manages: webhooks, tokens, backups, the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gsmgw.client.calls import Call, given, part

if TYPE_CHECKING:  # importing these takes most of the time of a command
    from gsmgw.wire import resources

#: More than the maximum of `[webhooks] timeout_s` and `connect_timeout_s` together.
WEBHOOK_TEST_TIMEOUT_S = 300.0
#: A database with millions of messages is copied.
BACKUP_TIMEOUT_S = 1800.0
#: Each message of a node is claimed at the NATS server.
FLEET_TIMEOUT_S = 300.0


def _data(answer: Any) -> Any:
    return answer["data"]


def _webhook(webhook_id: str, action: str = "") -> str:
    return f"/v1/webhooks/{part(webhook_id)}" + (f"/{action}" if action else "")


def health() -> Call[resources.Health]:
    """Return whether messages are accepted and every task runs: ``status`` is ``ok``, or there is a ``detail``."""
    return Call("GET", "/health/ready")


def integrations() -> Call[resources.Integrations]:
    """Return the addresses of the API, the hooks and the bridges, with their states."""
    return Call("GET", "/v1/integrations")


def fleet() -> Call[resources.Fleet]:
    """Return the fleet: at the hub all nodes with their modems."""
    return Call("GET", "/v1/fleet")


def move_node(node: str, *, risk: bool = False) -> Call[resources.FleetMove]:
    """Let other nodes send what a silent node has not taken; ``risk``: also what it may have sent already."""
    return Call("POST", f"/v1/fleet/nodes/{part(node)}/move", {"risk": risk}, timeout_s=FLEET_TIMEOUT_S)


def webhooks() -> Call[list[resources.Webhook]]:
    """Return all webhooks."""
    return Call("GET", "/v1/webhooks", pick=_data)


def webhook_page(**filters: Any) -> Call[resources.WebhookList]:
    """Return a page of webhooks: ``limit``, ``cursor``."""
    return Call("GET", "/v1/webhooks", params=given(filters))


def webhook(webhook_id: str) -> Call[resources.Webhook]:
    """Return one webhook."""
    return Call("GET", _webhook(webhook_id))


def create_webhook(url: str, **fields: Any) -> Call[resources.NewWebhook]:
    """Add a webhook. ``fields`` are those of ``POST /v1/webhooks``. The answer shows its ``secret`` only this once."""
    return Call("POST", "/v1/webhooks", {"url": url, **fields})


def change_webhook(webhook_id: str, **changes: Any) -> Call[resources.Webhook]:
    """Change the URL, the filters or the order of a webhook."""
    return Call("PATCH", _webhook(webhook_id), changes)


def delete_webhook(webhook_id: str) -> Call[None]:
    """Remove a webhook with its delivery log."""
    return Call("DELETE", _webhook(webhook_id))


def pause_webhook(webhook_id: str) -> Call[resources.Webhook]:
    """Pause the deliveries of a webhook."""
    return Call("POST", _webhook(webhook_id, "pause"))


def resume_webhook(webhook_id: str, *, skip: bool = False) -> Call[resources.Webhook]:
    """Resume a webhook where it stopped; ``skip`` leaves out the events of the meantime."""
    return Call("POST", _webhook(webhook_id, "resume"), {"skip": skip})


def test_webhook(webhook_id: str) -> Call[resources.Delivery]:
    """Send a test event to a webhook now, once, and return the result."""
    return Call("POST", _webhook(webhook_id, "test"), timeout_s=WEBHOOK_TEST_TIMEOUT_S)


def rotate_webhook_secret(webhook_id: str, **fields: Any) -> Call[resources.NewWebhook]:
    """Give a webhook a new secret, shown only this once. ``fields``: ``secret``, ``keep_former`` in seconds."""
    return Call("POST", _webhook(webhook_id, "secrets"), fields)


def replay_webhook(webhook_id: str, *, event: int | None = None, since: int | str | None = None) -> Call[Any]:
    """Deliver one event again, or all that match since an event or a time."""
    return Call("POST", _webhook(webhook_id, "replay"), given({"event": event, "since": since}))


def webhook_delivery_page(webhook_id: str, **filters: Any) -> Call[resources.DeliveryPage]:
    """Return a page of the delivery log, newest first: ``data`` and ``next_cursor``. ``filters``: ``state``."""
    return Call("GET", _webhook(webhook_id, "deliveries"), params=given(filters))


def webhook_delivery(webhook_id: str, delivery: int) -> Call[resources.WholeDelivery]:
    """Return one delivery with its attempts and its request."""
    return Call("GET", _webhook(webhook_id, f"deliveries/{delivery}"))


def tokens() -> Call[list[resources.Token]]:
    """Return all tokens, without their secrets."""
    return Call("GET", "/v1/tokens", pick=_data)


def token_page(**filters: Any) -> Call[resources.TokenList]:
    """Return a page of tokens: ``limit``, ``cursor``."""
    return Call("GET", "/v1/tokens", params=given(filters))


def create_token(name: str, scopes: Sequence[str] = ("send", "read"), **limits: Any) -> Call[resources.NewToken]:
    """Create a token. ``limits``: see ``POST /v1/tokens``. The answer shows its secret, ``token``, only this once."""
    return Call("POST", "/v1/tokens", {"name": name, "scopes": [*scopes], **given(limits)})


def revoke_token(name: str) -> Call[None]:
    """Revoke a token."""
    return Call("DELETE", f"/v1/tokens/{part(name)}")


def backups() -> Call[list[resources.BackupEntry]]:
    """Return the backups, newest first."""
    return Call("GET", "/v1/backups", pick=_data)


def create_backup() -> Call[resources.Backup]:
    """Back up the database and the configuration now."""
    return Call("POST", "/v1/backups", timeout_s=BACKUP_TIMEOUT_S)


def configuration() -> Call[resources.Configuration]:
    """Return the settings in effect, each with its source and meaning, without secrets."""
    return Call("GET", "/v1/configuration")
