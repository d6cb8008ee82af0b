"""A store, a queue and its message service over scripted modems."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from gsmgw.clock import SystemClock
from gsmgw.model import MessageRecord, OnUnknown, Status
from gsmgw.outbound import (
    Defaults,
    Limits,
    MessageService,
    Principal,
    Result,
    RouteTable,
    Scheduler,
    SendingTimes,
    Submission,
)
from gsmgw.ports import Clock
from gsmgw.store import Store, messages
from support.waiting import GENEROUS_S

from .fakes import ScriptedModem

TO = "+4915112345678"
#: The caller at the Unix socket.
LOCAL = Principal("root", "socket")
DEFAULTS = Defaults("DE", 86400, True, OnUnknown.RESEND)


class Desk:
    """A store, a queue and its message service."""

    def __init__(
        self,
        store: Store,
        scheduler: Scheduler,
        modems: list[ScriptedModem],
        table: RouteTable | None,
        clock: Clock,
    ) -> None:
        self.store, self.scheduler, self.modems = store, scheduler, modems
        self.clock = clock
        self.service = MessageService(
            store, self.clock, scheduler, lambda: {modem.name for modem in modems}, DEFAULTS, table
        )

    async def send(self, text: str = "hello", to: str = TO, **fields: Any) -> int:
        return (await self.service.submit(LOCAL, Submission(to, text, **fields))).message_id

    async def submit(self, submissions: Sequence[Submission], key: str | None = None) -> list[Result]:
        return await self.service.submit_batch(LOCAL, submissions, key)

    async def record(self, number: int) -> MessageRecord:
        found = await self.store.read(lambda db: messages.get_message(db, number))
        assert found is not None
        return found

    async def until(self, number: int, *wanted: Status) -> MessageRecord:
        """Return a message once it has one of these states."""
        return await self.once(number, lambda record: record.status in wanted)

    async def once(self, number: int, condition: Callable[[MessageRecord], bool]) -> MessageRecord:
        """Return a message once it fulfils a condition."""
        async with asyncio.timeout(GENEROUS_S):
            while not condition(record := await self.record(number)):  # noqa: ASYNC110 - no event to wait for
                await asyncio.sleep(0.002)
        return record

    async def quiet(self) -> None:
        """Wait until the queue has nothing more to do: ten round trips of the store in which nothing happens."""
        unchanged, before = 0, (-1, -1)
        while unchanged < 10:
            await self.store.write(lambda tx: None)
            _, last_event = await self.store.read(messages.event_range)
            now = (last_event, sum(len(modem.tpdus) for modem in self.modems))
            unchanged, before = (unchanged + 1 if now == before else 0), now


@contextlib.asynccontextmanager
async def desk(
    directory: Path,
    *modems: ScriptedModem,
    grace_s: float = 60,
    limits: Limits | None = None,
    table: RouteTable | None = None,
    times: SendingTimes | None = None,
    weights: dict[str, float] | None = None,
    clock: Clock | None = None,
) -> AsyncIterator[Desk]:
    store = await Store.open(directory / "g.db")
    clock = clock or SystemClock()
    scheduler = Scheduler(store, clock, unknown_grace_s=grace_s, table=table, times=times)
    for modem in modems:
        scheduler.attach(modem, limits, (weights or {}).get(modem.name, 1.0))
    try:
        await scheduler.begin()
        async with asyncio.TaskGroup() as group:
            group.create_task(scheduler.run())
            try:
                yield Desk(store, scheduler, list(modems), table, clock)
            finally:
                scheduler.stop()
    finally:
        await store.close()
