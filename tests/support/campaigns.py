"""Campaigns on a clock that tests move, with a queue that sends nothing."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from gsmgw.audience.campaigns.desk import Campaigns
from gsmgw.audience.campaigns.runner import CampaignRunner
from gsmgw.audience.contacts import ContactChange
from gsmgw.audience.questions.desk import Questions
from gsmgw.audience.service import Audience
from gsmgw.clock import VirtualClock
from gsmgw.model import MessageRecord, OnUnknown, Outgoing, Waiting
from gsmgw.model.campaigns import Audience as People
from gsmgw.model.campaigns import Campaign, CampaignPlan, Variant
from gsmgw.model.contacts import ContactField, FieldType
from gsmgw.outbound import Defaults, MessageService, SendingTimes
from gsmgw.outbound.limits.capacity import ModemCapacity
from gsmgw.prices import Prices
from gsmgw.store import Store, Tx
from gsmgw.store.ids import first_id


class NoQueue:
    """A queue that keeps nothing: its messages wait in the database."""

    times = SendingTimes()

    def capacities(self) -> list[ModemCapacity]:
        """One modem without limits."""
        return [ModemCapacity("modem0", 5.0)]

    def of_pool(self, pool: str) -> Collection[str]:
        """No pools."""
        return ()

    def offer(self, messages: Sequence[Outgoing]) -> None:
        """Take messages."""

    def withdraw(self, message_id: int) -> None:
        """Drop a message."""

    def due(self, moment_ms: int) -> None:
        """Look at a time."""

    def recall(self, number: str) -> None:
        """Give up what is committed ahead."""

    def explain(self, message: MessageRecord) -> Waiting | None:
        """Explain nothing."""
        return None

    def explain_queued(self, route: str, peer: str, known: dict[tuple[str, bool], Waiting]) -> Waiting:
        """Explain nothing."""
        raise NotImplementedError


def at(text: str) -> int:
    """UTC milliseconds of a time with its zone."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


class Office:
    """Contacts and campaigns over one database."""

    def __init__(self, store: Store, clock: VirtualClock) -> None:
        self.store, self.clock = store, clock
        self.audience = Audience(store, clock, lambda: "DE")
        queue = NoQueue()
        defaults = Defaults("DE", 86400, False, OnUnknown.RESEND)
        service = MessageService(store, clock, queue, lambda: {"modem0"}, defaults)
        questions = Questions(store, clock, self.audience, lambda: "DE", lambda: "en")
        self.campaigns = Campaigns(
            store, clock, self.audience, service, {"modem0"}, queue, lambda: Prices([]), lambda: "DE", questions
        )
        self.runner = CampaignRunner(store, clock, service, self.campaigns)

    async def until(self, text: str) -> None:
        """Let the clock stand at a time, and the campaigns do what is due."""
        await self.clock.advance((at(text) - self.clock.wall_ms()) / 1000)
        await self.step()

    async def step(self) -> None:
        """Let the campaigns do what is due, and the modems send it."""
        for _ in range(4):
            await self.runner.step()
            await self.store.write(self._send)

    def _send(self, tx: Tx) -> None:
        tx.run("UPDATE messages SET status = 'sent', sent_ms = ? WHERE status = 'queued'", (self.clock.wall_ms(),))

    async def contact(self, number: str, group: str = "All", **person: Any) -> None:
        """Save a contact, or change it."""
        await self.audience.contacts.put(number, ContactChange(number=number, groups=(group,), **person))

    async def field(self, name: str) -> None:
        await self.audience.fields.put(ContactField(name, FieldType.DATE))

    async def start(self, send_at: str | None = None, *, text: str = "Hi", **plan: Any) -> Campaign:
        """Start a campaign to the group All."""
        plan.setdefault("audience", People(groups=("All",)))
        wanted = CampaignPlan(variants=(Variant(text),), **plan)
        created = await self.campaigns.create("Series", wanted)
        return await self.campaigns.start(created.id, None if send_at is None else at(send_at))

    async def texted(self, since: str | None = None) -> Counter[str]:
        """How many texts each number got."""
        after = 0 if since is None else first_id(at(since))
        rows = await self.store.read(
            lambda db: db.execute("SELECT peer FROM messages WHERE status = 'sent' AND id > ?", (after,)).fetchall()
        )
        return Counter(row[0] for row in rows)


@contextlib.asynccontextmanager
async def office(directory: Path, now: str, *, new: bool = True) -> AsyncIterator[Office]:
    """Contacts and campaigns over a database, with the group All if it is new."""
    store = await Store.open(directory / "gsmgw.db")
    try:
        place = Office(store, VirtualClock(at(now)))
        if new:
            await place.audience.groups.create("All", None)
        yield place
    finally:
        await store.close()
