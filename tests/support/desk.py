"""A store, a queue and its message service over scripted modems."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
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
        self.store, self.scheduler = store, scheduler
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
        async with asyncio.timeout(GENEROUS_S):
            while (record := await self.record(number)).status not in wanted:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
        return record


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
