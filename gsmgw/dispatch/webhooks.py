"""Webhooks: each target has its own cursor in the event log and gets each event until it confirms it.

A target's cursor advances in the transaction that creates the delivery of an event. The delivery stays open until the
receiver answers 2xx. So a crash loses nothing, but a receiver may get an event twice, with the same ``webhook-id``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import secrets
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from gsmgw.config import WebhooksSection
from gsmgw.dispatch.backoff import TRIES, pause_after
from gsmgw.dispatch.cursor_runner import REST_S, CursorRunner
from gsmgw.dispatch.dialect import Dialect, Notification, Post, StandardDialect
from gsmgw.dispatch.event_filter import Types, Wanted
from gsmgw.dispatch.feed import PAGE, EventFeed
from gsmgw.dispatch.outcome import NOT_ASKED, Outcome
from gsmgw.dispatch.target_policy import Policy, Resolver
from gsmgw.errors import ConfigError, StoreError
from gsmgw.model import Event, MessageRecord
from gsmgw.model.webhooks import DeliveryState, WebhookState
from gsmgw.ports import Clock
from gsmgw.resolving import Names
from gsmgw.store import Store, Tx, callbacks, messages, webhooks
from gsmgw.store.callbacks import Callback
from gsmgw.store.webhooks import Delivery, Webhook

if TYPE_CHECKING:
    from gsmgw.dispatch.http_delivery import Poster

log = logging.getLogger(__name__)

#: Maximum number of targets: each needs a task and a few connections.
MOST_TARGETS = 100
#: Maximum number of callback targets, named by the bridges' clients: for each token, and in total.
MOST_CALLBACKS, MOST_CALLBACKS_ALL = 10, 100
#: A callback target is removed this long after the validity period of its last message.
CALLBACK_MARGIN_MS = 3 * 86_400_000
#: Interval of the check for expired callback targets, seconds.
EXPIRY_S = 3600.0
#: Maximum number of open deliveries for one target; further events wait in the event log.
WINDOW = 64
#: Maximum number of concurrent requests, to one unordered target and in total.
PARALLEL, PARALLEL_ALL = 8, 32
SECRET_OCTETS = 32
MOST_SECRETS = 5


def new_secret() -> str:
    """Return a random signing secret."""
    return "whsec_" + b64encode(secrets.token_bytes(SECRET_OCTETS)).decode()


class Webhooks:
    """The deliveries of all targets."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        feed: EventFeed,
        settings: WebhooksSection,
        agent: str = "gsmgw",
        resolve: Resolver | None = None,
        dialects: Mapping[str, Dialect] | None = None,
        callback_allow: Sequence[str] = (),
    ) -> None:
        self._dialects = dialects or {}
        self.store = store
        self.clock = clock
        self.feed = feed
        self._naming = asyncio.Lock()
        self.resolve: Resolver = resolve or Names().resolve
        self.slots = asyncio.Semaphore(PARALLEL_ALL)
        self._agent = agent
        self._targets: dict[str, _Target] = {}
        self._group: asyncio.TaskGroup | None = None
        self.reconfigure(settings, callback_allow)

    def reconfigure(self, settings: WebhooksSection, callback_allow: Sequence[str]) -> None:
        """Use other settings. Call it while :meth:`run` does not run. Raises :class:`gsmgw.errors.ConfigError`."""
        self._tls: ssl.SSLContext | None = None if settings.ca_file is None else _tls(settings.ca_file)
        self._standard = StandardDialect(settings.max_payload)
        self.settings = settings
        self.policy = Policy(settings.allow)
        #: Policy for callbacks, whose targets any client with a send token can name.
        self.callback_policy = Policy(callback_allow, "[compat] callback_allow")

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                for hook in await self.store.read(webhooks.all_webhooks):
                    self._start(hook)
                while True:
                    await self.clock.sleep(EXPIRY_S)
                    await self._expire()
            finally:
                self._group = None
                self._targets.clear()

    async def _expire(self) -> None:
        now_ms = self.clock.wall_ms()
        try:
            for webhook_id in await self.store.write(lambda tx: webhooks.expire(tx, now_ms)):
                await self.refresh(webhook_id)
        except StoreError as exc:
            log.log(exc.level, "webhooks: expired callback targets could not be removed: %s", exc)

    async def callback_target(self, format: str, origin: str, events: Sequence[str], owner: int) -> Webhook | None:
        """Return the target of a token's callbacks to a server, created if needed; None if the token has too many."""
        async with self._naming:
            await self._expire()
            found = [hook for hook in await self.store.read(webhooks.all_webhooks) if hook.expires_ms is not None]
            own = [hook for hook in found if hook.owner == owner]
            for hook in own:
                if hook.format == format and hook.url == origin and hook.tags:
                    return hook
            if len(own) >= MOST_CALLBACKS or len(found) >= MOST_CALLBACKS_ALL:
                return None
            number, now_ms = f"wh_{secrets.token_hex(6)}", self.clock.wall_ms()
            hook = Webhook(
                id=number,
                url=origin,
                description=f"callbacks of the {format} bridge",
                events=tuple(events),
                tags=(f"callback:{number}",),
                modems=(),
                ordered=False,
                secrets=(),
                state=WebhookState.ACTIVE,
                reason=None,
                cursor=self.feed.last_id,
                created_ms=now_ms,
                format=format,
                owner=owner,
                expires_ms=now_ms + CALLBACK_MARGIN_MS,
            )
            await self.add(hook)
            return hook

    def poster(self, hook: Webhook) -> Poster:
        """Return a poster for one target."""
        from gsmgw.dispatch.http_delivery import Poster

        if self._tls is None:  # created on first use: the certificates take some megabytes
            self._tls = _tls()
        policy = self.policy if hook.expires_ms is None else self.callback_policy
        return Poster(self.settings, policy, self.clock, self._agent, self._tls, self.resolve)

    def lag(self, hook: Webhook) -> int:
        """Return the number of events that a target has not read."""
        target = self._targets.get(hook.id)
        return target.lag if target is not None else max(0, self.feed.last_id - hook.cursor)

    async def add(self, hook: Webhook) -> None:
        """Start the deliveries of a new target."""
        await self.store.write(partial(webhooks.create, hook=hook))
        await self.refresh(hook.id)

    async def alter(self, webhook_id: str, change: Callable[[Webhook], Webhook]) -> None:
        """Change a target. New filters apply to events that it has not read."""
        target = self._targets.get(webhook_id)
        seen = None if target is None else target.seen
        await self.store.write(lambda tx: webhooks.alter(tx, webhook_id, change, seen))
        await self.refresh(webhook_id)

    async def refresh(self, webhook_id: str) -> Webhook | None:
        """Reload a target from the database."""
        hook = await self.store.read(lambda db: webhooks.get(db, webhook_id))
        target = self._targets.get(webhook_id)
        if hook is None:
            if target is not None:
                self._targets.pop(webhook_id).stop()
        elif target is not None:
            target.change(hook)
        else:
            self._start(hook)
        return hook

    def has_test(self, hook: Webhook) -> bool:
        """Return True if a test event can be sent to a target."""
        return self._dialect(hook).has_test

    def _dialect(self, hook: Webhook) -> Dialect:
        return self._dialects.get(hook.format, self._standard)

    async def test(self, hook: Webhook) -> Delivery:
        """Post a test event to a target in any state, and return the outcome."""
        now_ms = self.clock.wall_ms()
        event = Event(0, now_ms, "webhook.test", None, None, {"webhook": hook.id})
        request = self.request(hook, event, None, None, f"test_{secrets.token_hex(8)}")
        if request is None:
            raise StoreError(
                f"a target of the {hook.format} bridge gets only events of its messages and cannot be tested"
            )
        async with self.poster(hook) as poster:
            outcome = await poster.post(request)
        state = DeliveryState.FAILED if outcome.error else DeliveryState.DELIVERED
        number = await self.store.write(
            lambda tx: webhooks.note_test(tx, now_ms, hook.id, event.type, outcome.record(now_ms), state)
        )
        delivery = await self.store.read(lambda db: webhooks.get_delivery(db, number))
        if delivery is None:
            raise StoreError("the target was removed during the test")
        return delivery

    def request(
        self, hook: Webhook, event: Event, message: MessageRecord | None, callback: Callback | None, number: str
    ) -> Post | None:
        """Return the request for a target in its format, or None if it does not get this event."""
        notification = Notification(hook, event, message, callback, number, self.clock.wall_ms())
        return self._dialect(hook).render(notification)

    async def rendered(self, hook: Webhook, number: int, event: Event, message: MessageRecord | None) -> Post | None:
        """Return the request that tells a target about an event of the log now, or None if it does not get it."""
        callback: Callback | None = None
        if hook.format != "standard" and message is not None:
            message_id = message.id
            callback = await self.store.read(lambda db: callbacks.of_message(db, message_id))
        return self.request(hook, event, message, callback, f"evt_{number}")

    def _start(self, hook: Webhook) -> None:
        if self._group is not None and hook.id not in self._targets:
            target = self._targets[hook.id] = _Target(self, hook)
            target.task = self._group.create_task(target.run(), name=f"webhook {hook.id}")


class _Target(CursorRunner):
    """Creates and makes the deliveries of one target."""

    task: asyncio.Task[None]
    _group: asyncio.TaskGroup
    _poster: Poster

    def __init__(self, parent: Webhooks, hook: Webhook) -> None:
        super().__init__(f"webhook {hook.id}", parent.clock, parent.feed)
        self._parent = parent
        self._store = parent.store
        self._busy: set[int] = set()
        #: Failed attempts in a row.
        self._failures = 0
        self.change(hook)

    def change(self, hook: Webhook) -> None:
        """Apply changed settings."""
        self._hook = hook
        self._drained = False
        self._stored = self.position = hook.cursor
        self._wanted = Wanted(Types(hook.events), frozenset(hook.tags), frozenset(hook.modems))
        self.wake()

    @property
    def seen(self) -> tuple[int, int]:
        """Set the stored cursor and the last event that was read."""
        return self._stored, self.position

    def stop(self) -> None:
        """Stop, because the target was removed."""
        self.task.cancel()

    @contextlib.asynccontextmanager
    async def resources(self) -> AsyncIterator[None]:
        """The connections to the target, and the task group of its deliveries."""
        async with self._parent.poster(self._hook) as self._poster, asyncio.TaskGroup() as self._group:
            yield

    async def turn(self) -> float | None:
        """Create deliveries and start those that are due. Return the seconds until the next one, or None."""
        hook = self._hook
        if hook.state is not WebhookState.ACTIVE:
            return None
        room = (1 if hook.ordered else PARALLEL) - len(self._busy)
        if room <= 0:
            return None  # each delivery that ends wakes us
        before = frozenset(self._busy)  # a delivery that ends during the read is still pending in its result
        found = [] if self._drained else await self._open(hook)
        if len(found) < WINDOW and await self._plan(hook, WINDOW - len(found)):
            found = await self._open(hook)
        self._drained = not found and self._hook is hook
        waiting = [delivery for delivery in found if delivery.id not in before]
        if hook.ordered:
            waiting = waiting[:1]
        now_ms = self._clock.wall_ms()
        for delivery in sorted(waiting, key=_due)[:room]:
            if _due(delivery) > now_ms:
                return (_due(delivery) - now_ms) / 1000
            self._busy.add(delivery.id)
            self._group.create_task(self._deliver(hook, delivery), name=f"delivery {delivery.id}")
        return None

    async def _open(self, hook: Webhook) -> list[Delivery]:
        limit = WINDOW + len(self._busy)
        return await self._store.read(lambda db: webhooks.open_deliveries(db, hook.id, limit))

    async def _plan(self, hook: Webhook, room: int) -> bool:
        """Create at most ``room`` deliveries from the events after the cursor. Return True if there is a new one."""
        planned = False
        while room > 0 and self._hook is hook and self.position < self._feed.last_id:
            page = await self.page()
            if not page:
                break
            wanted = [event for event in page if await self._wants(event)]
            taken = wanted[:room]
            reached = taken[-1].id if len(taken) < len(wanted) else page[-1].id
            if taken or len(page) >= PAGE:  # some events that do not match are read again after a restart
                plan = partial(
                    webhooks.plan,
                    now_ms=self._clock.wall_ms(),
                    webhook_id=hook.id,
                    previous=self._stored,
                    cursor=reached,
                    events=taken,
                )
                if not await self._store.write(plan):  # the target was paused, or its cursor was set back
                    await self._parent.refresh(hook.id)
                    break
                self._stored = reached
            if self._hook is not hook:
                break  # the settings and the cursor have changed
            self.position = reached
            room -= len(taken)
            planned = planned or bool(taken)
        return planned

    async def _wants(self, event: Event) -> bool:
        message = None
        if self._wanted.needs_message(event):
            number = event.message_id or 0
            message = await self._store.read(lambda db: messages.get_message(db, number))
        return self._wanted.matches(event, message)

    async def _deliver(self, hook: Webhook, delivery: Delivery) -> None:
        number = delivery.event_id or 0
        try:
            content = await self._store.read(lambda db: webhooks.content(db, number))
            if content is None:
                outcome = Outcome(None, "the event has been deleted (retention)", 0)
            else:
                outcome = await self._tell(hook, number, *content)
                self._note_health(hook, outcome)
            if await self._record(hook, delivery, outcome, lost=content is None):
                await self._parent.refresh(hook.id)
        except StoreError as exc:
            log.log(exc.level, "webhook %s: outcome of delivery %s not recorded: %s", hook.id, delivery.id, exc)
            await self._clock.sleep(REST_S)
        except Exception:
            log.exception("webhook %s: delivery %s failed", hook.id, delivery.id)
            await self._clock.sleep(REST_S)
        finally:
            self._busy.discard(delivery.id)
            self.wake()

    def _note_health(self, hook: Webhook, outcome: Outcome) -> None:
        """Log the first of several failures in a row, and the success that ends them. The path may hold a secret."""
        host = urlsplit(hook.url).hostname
        if outcome.error is not None:
            if not self._failures:
                log.warning("webhook %s: deliveries fail, retrying host=%s error=%r", hook.id, host, outcome.error)
            self._failures += 1
        elif self._failures:
            log.info("webhook %s: deliveries succeed again host=%s failures=%d", hook.id, host, self._failures)
            self._failures = 0

    async def _tell(self, hook: Webhook, number: int, event: Event, message: MessageRecord | None) -> Outcome:
        async with self._parent.slots:
            request = await self._parent.rendered(hook, number, event, message)
            return NOT_ASKED if request is None else await self._poster.post(request)

    def _record(self, hook: Webhook, delivery: Delivery, outcome: Outcome, *, lost: bool) -> asyncio.Future[bool]:
        """Commit the outcome of an attempt. Return True if it stopped the target."""
        now_ms, attempts = self._clock.wall_ms(), delivery.attempts + 1
        tried = outcome.record(now_ms)
        if outcome.error is None or lost:
            state = DeliveryState.FAILED if lost else DeliveryState.DELIVERED

            def end(tx: Tx) -> bool:
                webhooks.note_try(tx, now_ms, delivery.id, tried, state, None, attempts)
                return False

            return self._store.write(end)
        pause_s = pause_after(attempts, outcome.retry_after_s, random.random())
        due_ms = now_ms + round((pause_s or 0.0) * 1000)
        stop: tuple[WebhookState, str, str] | None = None
        if outcome.status == 410:
            stop = WebhookState.DISABLED, "the receiver answered 410 (Gone)", "gone"
        elif pause_s is None:
            reason = f"{TRIES} attempts to deliver event {delivery.event_id} failed, the last one: {outcome.error}"
            stop = WebhookState.PAUSED, reason, "tries_used_up"

        def again(tx: Tx) -> bool:
            wanted = webhooks.note_try(tx, now_ms, delivery.id, tried, DeliveryState.PENDING, due_ms, attempts)
            return wanted and stop is not None and webhooks.pause(tx, now_ms, hook, *stop)

        return self._store.write(again)


def _due(delivery: Delivery) -> int:
    return delivery.due_ms or 0


def _tls(ca_file: Path | None = None) -> ssl.SSLContext:
    import httpx

    context = httpx.create_ssl_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as exc:  # includes a file that is not a certificate
            raise ConfigError("[webhooks] ca_file", [f"{ca_file}: {exc.strerror or exc}"]) from None
    return context
