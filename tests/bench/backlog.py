"""Cost of a message with a small and with a large backlog, and the wait of a one-time code behind a campaign.

The real store and queue, with modems that take everything at once. The large backlog has a million messages, or as
many as $GSMGW_BACKLOG says.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.fakes import ScriptedModem

from gsmgw.clock import SystemClock
from gsmgw.model import ModemState, OnUnknown, Priority
from gsmgw.outbound import Defaults, MessageService, Principal, Scheduler, Submission
from gsmgw.store import Store

LARGE = int(os.environ.get("GSMGW_BACKLOG", "1000000"))
SMALL = 10_000
DRAINED = 10_000
BATCH = 10_000


def main() -> None:
    """Print costs and memory."""
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(_measure(Path(directory)))


#: The caller at the Unix socket.
LOCAL = Principal("root", "socket")


async def _measure(directory: Path) -> None:
    store = await Store.open(directory / "g.db")
    scheduler = Scheduler(store, SystemClock(), unknown_grace_s=60)
    modems = [ScriptedModem(f"m{n}", state=ModemState.SEARCHING) for n in range(4)]
    for modem in modems:
        scheduler.attach(modem)
    defaults = Defaults(None, 10**6, False, OnUnknown.RESEND)
    service = MessageService(store, SystemClock(), scheduler, lambda: {modem.name for modem in modems}, defaults)
    async with asyncio.TaskGroup() as group:
        group.create_task(scheduler.run())
        await _fill(service, 0, SMALL + DRAINED)
        first = await _drain(scheduler, modems, DRAINED)
        print(f"backlog of {SMALL}: {first * 1e6:.0f} us of CPU a message, {_memory_mb():.0f} MB")
        began = time.perf_counter()
        await _fill(service, SMALL, LARGE)
        print(f"accepting: {(LARGE - SMALL) / (time.perf_counter() - began):.0f} texts/s in batches of {BATCH}")
        last = await _drain(scheduler, modems, DRAINED)
        print(
            f"backlog of {LARGE}: {last * 1e6:.0f} us of CPU a message, {_memory_mb():.0f} MB, ratio {last / first:.2f}"
        )
        await _one_time_code(scheduler, service, modems)
        scheduler.stop()
    await store.close()


async def _fill(service: MessageService, start: int, end: int) -> None:
    for at in range(start, end, BATCH):
        count = min(BATCH, end - at)
        await service.submit_batch(
            LOCAL, [Submission(f"+4915{at + n:08d}", "campaign", priority=Priority.BULK) for n in range(count)]
        )


async def _drain(scheduler: Scheduler, modems: list[ScriptedModem], count: int) -> float:
    """Let the modems take so many messages; CPU seconds for each."""
    before, cpu = sum(len(modem.tpdus) for modem in modems), time.process_time()
    for modem in modems:
        scheduler.modem_changed(modem.become(ModemState.READY))
    while sum(len(modem.tpdus) for modem in modems) < before + count:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    for modem in modems:
        scheduler.modem_changed(modem.become(ModemState.SEARCHING))
    taken = sum(len(modem.tpdus) for modem in modems) - before
    return (time.process_time() - cpu) / taken


async def _one_time_code(scheduler: Scheduler, service: MessageService, modems: list[ScriptedModem]) -> None:
    for modem in modems:
        scheduler.modem_changed(modem.become(ModemState.READY))
    waits = []
    for number in range(20):
        await asyncio.sleep(0.05)  # spread over the campaign
        await service.submit(LOCAL, [Submission(f"+4916{number:08d}", "code", priority=Priority.URGENT)][0])
        before = [len(modem.tpdus) for modem in modems]
        wanted = f"{number:08d}"
        while not (behind := _place(modems, before, wanted)):  # noqa: ASYNC110
            await asyncio.sleep(0)
        waits.append(behind - 1)
    print(f"a one-time code during the campaign: {max(waits)} segments of its modem before it at the most")


def _place(modems: list[ScriptedModem], before: list[int], digits: str) -> int:
    """How many segments of its modem went until the one to that number, itself included; 0 while it has not gone."""
    swapped = "".join(digits[n + 1] + digits[n] for n in range(0, 8, 2))
    for modem, start in zip(modems, before, strict=True):
        for place, tpdu in enumerate(modem.tpdus[start:], 1):
            if swapped in tpdu.hex() and "9461" in tpdu.hex():
                return place
    return 0


def _memory_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
