"""Webhooks over a real database and real sockets, by a clock that the test moves."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gsmgw.clock import VirtualClock
from gsmgw.config import WebhooksSection
from gsmgw.dispatch import EventFeed, Webhooks
from gsmgw.dispatch.target_policy import Resolver
from gsmgw.dispatch.webhooks import new_secret
from gsmgw.store import Store, webhooks
from gsmgw.store.webhooks import Delivery, Secret, Webhook
from support.events import any_event
from support.waiting import until

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="


@dataclass
class House:
    """A store, a feed and webhooks at work."""

    store: Store
    feed: EventFeed
    clock: VirtualClock
    webhooks: Webhooks

    async def add(self, url: str, **fields: Any) -> Webhook:
        """Add a target with :data:`SECRET`."""
        settings: dict[str, Any] = {
            "description": "", "events": (), "tags": (), "modems": (), "ordered": True,
            "secrets": (Secret(SECRET, 0),), "state": "active", "reason": None, "cursor": self.feed.last_id,
        }  # fmt: skip
        hook = Webhook(id=f"wh_{new_secret()[6:14]}", url=url, created_ms=self.clock.wall_ms(), **settings | fields)
        await self.webhooks.add(hook)
        return hook

    async def note(self, *types: str, modem: str | None = None, **data: Any) -> int:
        """Write events; the number of the last one."""
        for type in types:
            await self.store.write(lambda tx, t=type: tx.event(self.clock.wall_ms(), any_event(t, **data), None, modem))  # type: ignore[misc]
        return self.feed.last_id

    async def log(self, hook: Webhook) -> list[Delivery]:
        """A target's deliveries, oldest first."""
        return list(reversed(await self.store.read(lambda db: webhooks.log(db, hook.id, None, None, 1000))))

    async def state(self, hook: Webhook) -> Webhook:
        """A target as it is in the database."""
        found = await self.store.read(lambda db: webhooks.get(db, hook.id))
        assert found is not None
        return found

    async def tried(self, hook: Webhook, attempts: int, number: int = 0) -> Delivery:
        """Wait until a delivery has been tried so often and it is on record."""

        async def is_so() -> bool:
            log = await self.log(hook)
            return len(log) > number and len(log[number].tries) >= attempts

        await until(is_so)
        return (await self.log(hook))[number]

    async def delivered(self, hook: Webhook, count: int) -> None:
        """Wait until so many deliveries have succeeded."""

        async def is_so() -> bool:
            return sum(delivery.state == "delivered" for delivery in await self.log(hook)) >= count

        await until(is_so)

    async def wait_for(self, delivery: Delivery) -> float:
        """Let the time pass until the delivery's next try; how long that was, seconds."""
        assert delivery.due_ms is not None
        pause_s = (delivery.due_ms - self.clock.wall_ms()) / 1000
        await self.clock.advance(pause_s + 0.001)
        return pause_s


@contextlib.asynccontextmanager
async def working(
    directory: Path, resolve: Resolver | None = None, clock: VirtualClock | None = None, **settings: Any
) -> AsyncIterator[House]:
    """Webhooks at work until the block ends, as abruptly as a crash for what is under way."""
    clock = clock or VirtualClock(time.time_ns() // 1_000_000)
    feed = EventFeed()
    store = await Store.open(directory / "g.db", feed.publish)
    await feed.attach(store)
    section = WebhooksSection.model_validate({"allow": ["http", "loopback"], **settings})
    try:
        house = House(store, feed, clock, Webhooks(store, clock, feed, section, "gsmgw/test", resolve))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(house.webhooks.run())
            await asyncio.sleep(0)
            try:
                yield house
            finally:
                task.cancel()
    finally:
        await store.close()
