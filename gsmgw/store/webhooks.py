"""Webhook targets, their cursors in the event log, and their deliveries."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gsmgw.model import SOCKET, Event, MessageRecord
from gsmgw.model.events import WebhookDisabled, WebhookPaused, WebhookResumed
from gsmgw.model.webhooks import DeliveryKind, DeliveryState, WebhookState
from gsmgw.store.messages import get_message
from gsmgw.store.rows import EVENT_COLUMNS, events_of
from gsmgw.store.tx import Tx
from gsmgw.store.unreadable import (
    check,
    check_moments,
    kinds,
    parsed,
    readable,
    readable_one,
    readable_page,
    strings,
)

#: Ended deliveries that are kept for each target.
LOG_KEPT = 1000
#: Tries that are kept of each delivery.
TRIES_KEPT = 30


@dataclass(frozen=True, slots=True)
class Secret:
    """A signing secret (``whsec_...``); ``expires_ms`` when it was replaced."""

    value: str
    created_ms: int
    expires_ms: int | None = None

    def is_valid(self, now_ms: int) -> bool:
        """Return True if the secret is still used for signing."""
        return self.expires_ms is None or now_ms < self.expires_ms


@dataclass(frozen=True, slots=True)
class Webhook:
    """A target. An empty ``events``, ``tags`` or ``modems`` does not restrict."""

    id: str
    url: str
    description: str
    events: tuple[str, ...]
    tags: tuple[str, ...]
    modems: tuple[str, ...]
    ordered: bool
    secrets: tuple[Secret, ...]
    state: WebhookState
    reason: str | None
    cursor: int
    created_ms: int
    #: The format of events: ``standard``, or the dialect of a bridge.
    format: str = "standard"
    #: Of a target that was made for callbacks: the number of the token that uses it, and when it ends.
    owner: int = SOCKET
    expires_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """The delivery of one event to one target."""

    id: int
    webhook_id: str
    event_id: int | None
    type: str
    kind: DeliveryKind
    state: DeliveryState
    attempts: int
    due_ms: int | None
    created_ms: int
    ended_ms: int | None
    tries: tuple[Mapping[str, Any], ...]


_COLUMNS = (
    "id, url, description, events, tags, modems, ordered, secrets, state, reason, cursor, created_ms, format, owner, "
    "expires_ms"
)
_DELIVERY = "id, webhook_id, event_id, type, kind, state, attempts, due_ms, created_ms, ended_ms, tries"


_WEBHOOK_KINDS = kinds(_COLUMNS, integers="ordered cursor created_ms owner expires_ms", optional="reason expires_ms")
_DELIVERY_KINDS = kinds(
    _DELIVERY,
    integers="id event_id attempts due_ms created_ms ended_ms",
    optional="event_id due_ms ended_ms",
)
_SECRET_KINDS = (frozenset({str}), frozenset({int}), frozenset({int, type(None)}))
_TRY_KINDS = (frozenset({int}), frozenset({int, float}))


def _webhook(row: Any) -> Webhook:
    check(row, _WEBHOOK_KINDS)
    check_moments(row[11], row[14])
    secrets = tuple(map(_secret, parsed(row[7], list)))
    events, tags, modems = map(strings, row[3:6])
    return Webhook(row[0], row[1], row[2], events, tags, modems, bool(row[6]), secrets, WebhookState(row[8]), *row[9:])


def _secret(fields: Any) -> Secret:
    secret = Secret(**fields)
    check((secret.value, secret.created_ms, secret.expires_ms), _SECRET_KINDS)
    check_moments(secret.created_ms, secret.expires_ms)
    return secret


def _delivery(row: Any) -> Delivery:
    check(row, _DELIVERY_KINDS)
    check_moments(row[7], row[8], row[9])
    tries = tuple(parsed(row[-1], list))
    for tried in tries:
        check((tried["at_ms"], tried["duration_ms"]), _TRY_KINDS)
        check_moments(tried["at_ms"])
    values: list[Any] = [*row[:4], DeliveryKind(row[4]), DeliveryState(row[5]), *row[6:-1], tries]
    return Delivery(*values)


def _values(hook: Webhook) -> tuple[Any, ...]:
    secrets = [{"value": s.value, "created_ms": s.created_ms, "expires_ms": s.expires_ms} for s in hook.secrets]
    lists = (json.dumps(names) for names in (hook.events, hook.tags, hook.modems))
    return (hook.url, hook.description, *lists, hook.ordered, json.dumps(secrets))


# -- targets ----------------------------------------------------------------------------------------------------


def create(tx: Tx, hook: Webhook) -> None:
    """Add a target."""
    tx.run(
        f"INSERT INTO webhooks ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            hook.id,
            *_values(hook),
            hook.state,
            hook.reason,
            hook.cursor,
            hook.created_ms,
            hook.format,
            hook.owner,
            hook.expires_ms,
        ),
    )


def alter(tx: Tx, webhook_id: str, change: Callable[[Webhook], Webhook], seen: tuple[int, int] | None) -> bool:
    """Change a target's settings: URL, filters, order, secrets. Return False if it does not exist.

    ``seen`` is a cursor on disk and how far the events behind it were looked at by the previous filters.
    """
    row = tx.one(f"SELECT {_COLUMNS} FROM webhooks WHERE id = ?", (webhook_id,))
    if row is None:
        return False
    found = tx.readable("webhooks", _webhook, (row,))
    if not found:
        return False
    hook = change(found[0])
    tx.run(
        "UPDATE webhooks SET url = ?, description = ?, events = ?, tags = ?, modems = ?, ordered = ?, secrets = ? "
        "WHERE id = ?",
        (*_values(hook), hook.id),
    )
    if seen is not None:
        tx.run("UPDATE webhooks SET cursor = ? WHERE id = ? AND cursor = ?", (seen[1], hook.id, seen[0]))
    return True


def keep_until(tx: Tx, webhook_id: str, expires_ms: int) -> None:
    """Let a target of callbacks last that long at least."""
    tx.run("UPDATE webhooks SET expires_ms = max(expires_ms, ?) WHERE id = ?", (expires_ms, webhook_id))


def expire(tx: Tx, now_ms: int) -> list[str]:
    """Remove the targets of callbacks whose time is over; their identifiers."""
    found = [row[0] for row in tx.all("SELECT id FROM webhooks WHERE expires_ms <= ?", (now_ms,))]
    for webhook_id in found:
        delete(tx, webhook_id)
    return found


def delete(tx: Tx, webhook_id: str) -> bool:
    """Delete a target and its deliveries. Return False if it does not exist."""
    return bool(tx.run("DELETE FROM webhooks WHERE id = ?", (webhook_id,)))


def pause(tx: Tx, now_ms: int, hook: Webhook, state: WebhookState, reason: str, cause: str) -> bool:
    """Stop an active target: ``paused``, or ``disabled`` as the receiver asked. Open deliveries stay open."""
    changed = tx.run(
        "UPDATE webhooks SET state = ?, reason = ? WHERE id = ? AND state = 'active'", (state, reason, hook.id)
    )
    if changed:
        kind = WebhookPaused if state is WebhookState.PAUSED else WebhookDisabled
        tx.event(now_ms, kind(hook.id, hook.url, cause, reason))
    return bool(changed)


def resume(tx: Tx, now_ms: int, hook: Webhook, *, skip: bool) -> bool:
    """Let a target go on, each open delivery with a new round of tries; False when it was active.

    With ``skip`` those that were tried in vain already are given up.
    """
    if not tx.run("UPDATE webhooks SET state = 'active', reason = NULL WHERE id = ? AND state <> 'active'", (hook.id,)):
        return False
    if skip:
        tx.run(
            "UPDATE webhook_deliveries SET state = 'failed', due_ms = NULL, ended_ms = ? "
            "WHERE webhook_id = ? AND state = 'pending' AND attempts > 0",
            (now_ms, hook.id),
        )
    tx.run(
        "UPDATE webhook_deliveries SET attempts = 0, due_ms = ? WHERE webhook_id = ? AND state = 'pending'",
        (now_ms, hook.id),
    )
    tx.event(now_ms, WebhookResumed(webhook=hook.id, url=hook.url))
    return True


def all_webhooks(db: sqlite3.Connection) -> list[Webhook]:
    """Return all targets, oldest first."""
    return readable(db, "webhooks", _webhook, db.execute(f"SELECT {_COLUMNS} FROM webhooks ORDER BY created_ms, id"))


def get(db: sqlite3.Connection, webhook_id: str) -> Webhook | None:
    """Return one target."""
    row = db.execute(f"SELECT {_COLUMNS} FROM webhooks WHERE id = ?", (webhook_id,)).fetchone()
    return readable_one(db, "webhooks", _webhook, row)


# -- deliveries -------------------------------------------------------------------------------------------------


def plan(tx: Tx, now_ms: int, webhook_id: str, previous: int, cursor: int, events: Sequence[Event]) -> bool:
    """Move a target's cursor, with a delivery for each of these events; False when it is not at ``previous``."""
    if not tx.run(
        "UPDATE webhooks SET cursor = ? WHERE id = ? AND cursor = ? AND state = 'active'",
        (cursor, webhook_id, previous),
    ):
        return False
    tx.insert_many(
        "INSERT INTO webhook_deliveries (webhook_id, event_id, type, kind, state, due_ms, created_ms)",
        [(webhook_id, event.id, event.type, "event", "pending", now_ms, now_ms) for event in events],
    )
    return True


def replay_one(tx: Tx, now_ms: int, webhook_id: str, event_id: int) -> int | None:
    """Deliver an event once more; the delivery's id, or None where the event is not kept."""
    row = tx.one("SELECT type FROM events WHERE id = ? AND typeof(type) = 'text'", (event_id,))
    if row is None:
        return None
    return tx.insert(
        "INSERT INTO webhook_deliveries (webhook_id, event_id, type, kind, state, due_ms, created_ms) "
        "VALUES (?, ?, ?, 'replay', 'pending', ?, ?)",
        (webhook_id, event_id, row[0], now_ms, now_ms),
    )


def replay_since(tx: Tx, webhook_id: str, event_id: int) -> int:
    """Set the cursor back before an event, never forward; where it stands then."""
    tx.run("UPDATE webhooks SET cursor = min(cursor, ?) WHERE id = ?", (event_id - 1, webhook_id))
    cursor = int(tx.one("SELECT cursor FROM webhooks WHERE id = ?", (webhook_id,))[0])
    tx.run(
        "DELETE FROM webhook_deliveries WHERE webhook_id = ? AND state = 'pending' AND kind = 'event' AND event_id > ?",
        (webhook_id, cursor),
    )
    return cursor


def note_try(
    tx: Tx,
    now_ms: int,
    delivery_id: int,
    attempt: Mapping[str, Any],
    state: DeliveryState,
    due_ms: int | None,
    attempts: int,
) -> bool:
    """Record an attempt and its consequences. Return False if the delivery was cancelled."""
    row = tx.one("SELECT tries, webhook_id FROM webhook_deliveries WHERE id = ? AND state = 'pending'", (delivery_id,))
    if row is None:
        return False
    tries = [*_tries(tx, delivery_id, row[0]), attempt][-TRIES_KEPT:]
    tx.run(
        "UPDATE webhook_deliveries SET state = ?, due_ms = ?, ended_ms = ?, attempts = ?, tries = ? WHERE id = ?",
        (
            state,
            due_ms,
            None if state is DeliveryState.PENDING else now_ms,
            attempts,
            json.dumps(tries, ensure_ascii=False),
            delivery_id,
        ),
    )
    if delivery_id % 100 == 0:
        _trim(tx, row[1])
    return True


def _tries(tx: Tx, delivery_id: int, text: Any) -> list[Any]:
    found: list[list[Any]] = tx.readable("webhook_deliveries", lambda row: parsed(row[1], list), [(delivery_id, text)])
    return found[0] if found else []


def note_test(tx: Tx, now_ms: int, webhook_id: str, type: str, attempt: Mapping[str, Any], state: DeliveryState) -> int:
    """Record a test; the delivery's id."""
    return tx.insert(
        "INSERT INTO webhook_deliveries (webhook_id, type, kind, state, attempts, created_ms, ended_ms, tries) "
        "VALUES (?, ?, 'test', ?, 1, ?, ?, ?)",
        (webhook_id, type, state, now_ms, now_ms, json.dumps([attempt], ensure_ascii=False)),
    )


def _trim(tx: Tx, webhook_id: str) -> None:
    tx.run(
        "DELETE FROM webhook_deliveries WHERE webhook_id = ? AND state <> 'pending' AND id <= (SELECT id FROM "
        "webhook_deliveries WHERE webhook_id = ? AND state <> 'pending' ORDER BY id DESC LIMIT 1 OFFSET ?)",
        (webhook_id, webhook_id, LOG_KEPT),
    )


def open_deliveries(db: sqlite3.Connection, webhook_id: str, limit: int) -> list[Delivery]:
    """Return the open deliveries of a target, in order of creation."""
    query = f"SELECT {_DELIVERY} FROM webhook_deliveries WHERE webhook_id = ? AND state = 'pending' ORDER BY id LIMIT ?"
    return readable_page(db, "webhook_deliveries", _delivery, limit, lambda size: db.execute(query, (webhook_id, size)))


def count_open(db: sqlite3.Connection) -> dict[str, int]:
    """Return the number of open deliveries by target; targets without any are left out."""
    rows = db.execute("SELECT webhook_id, count(*) FROM webhook_deliveries WHERE state = 'pending' GROUP BY webhook_id")
    return dict(rows.fetchall())


def get_delivery(db: sqlite3.Connection, delivery_id: int) -> Delivery | None:
    """Return one delivery."""
    row = db.execute(f"SELECT {_DELIVERY} FROM webhook_deliveries WHERE id = ?", (delivery_id,)).fetchone()
    return readable_one(db, "webhook_deliveries", _delivery, row)


def log(
    db: sqlite3.Connection, webhook_id: str, state: str | None, before_id: int | None, limit: int
) -> list[Delivery]:
    """Return a target's deliveries, newest first."""
    query = (
        f"SELECT {_DELIVERY} FROM webhook_deliveries WHERE webhook_id = ? AND state = coalesce(?, state) "
        "AND id < coalesce(?, id + 1) ORDER BY id DESC LIMIT ?"
    )
    given = (webhook_id, state, before_id)
    return readable_page(db, "webhook_deliveries", _delivery, limit, lambda size: db.execute(query, (*given, size)))


def content(db: sqlite3.Connection, event_id: int) -> tuple[Event, MessageRecord | None] | None:
    """Return an event with its message's current state, or None if the event has been deleted."""
    row = db.execute(f"SELECT {EVENT_COLUMNS} FROM events WHERE id = ?", (event_id,)).fetchone()
    if row is None:
        return None
    (event,) = events_of(db, (row,))
    return event, None if event.message_id is None else get_message(db, event.message_id)


def first_event_since(db: sqlite3.Connection, at_ms: int) -> int:
    """Return the first event at or after a time, by binary search: event IDs increase with time."""
    (low,) = db.execute("SELECT coalesce(min(id), 1) FROM events").fetchone()
    (high,) = db.execute("SELECT coalesce(max(id), 0) + 1 FROM events").fetchone()
    while low < high:
        middle = (low + high) // 2
        row = db.execute("SELECT id, at_ms FROM events WHERE id >= ? ORDER BY id LIMIT 1", (middle,)).fetchone()
        if row is None or row[1] >= at_ms:
            high = middle
        else:
            low = row[0] + 1
    return int(low)


def rotated(hook: Webhook, secret: str, now_ms: int, keep_ms: int, most: int) -> Webhook:
    """Return the target with a new secret; the old ones sign for ``keep_ms`` more, at most ``most`` in total."""
    end_ms = now_ms + keep_ms
    former = [
        replace(old, expires_ms=end_ms if old.expires_ms is None else min(old.expires_ms, end_ms))
        for old in hook.secrets
        if old.is_valid(now_ms) and keep_ms > 0
    ]
    return replace(hook, secrets=(Secret(secret, now_ms), *former)[:most])
