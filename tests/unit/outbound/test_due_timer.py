"""The queue's timer is told of every moment that matters, when it comes to be known."""

from __future__ import annotations

import asyncio
from pathlib import Path

from support.desk import TO, Desk, desk
from support.fakes import ScriptedModem

from gsmgw.clock import VirtualClock
from gsmgw.errors import Disposition, SubmitError
from gsmgw.model import ModemState, Status
from gsmgw.outbound import Accepted, Submission
from gsmgw.outbound.queue.due_timer import SLEEP_MAX_S

#: Seconds of virtual time, below the pause between two regular rounds of the timer.
DEADLINE_S = SLEEP_MAX_S * 2 / 3


async def asleep(work: Desk) -> None:
    """Wait until the timer has been through its first round and waits for the next one."""
    await work.scheduler.answer()
    await work.quiet()


async def ends(work: Desk, number: int, status: Status) -> int:
    """Wait until a message has that state; how many milliseconds after its ``send_at`` that was."""
    clock = work.clock
    assert isinstance(clock, VirtualClock)
    began_s = clock.monotonic()
    while (record := await work.record(number)).status is not status:
        assert clock.monotonic() - began_s < DEADLINE_S
        await clock.advance(0.05)
        await work.quiet()
    return (record.sent_ms or 0) - (record.send_at_ms or 0)


async def test_a_text_that_is_scheduled_while_the_timer_sleeps_goes_at_its_time(tmp_path: Path) -> None:
    async with desk(tmp_path, ScriptedModem("m"), clock=VirtualClock()) as work:
        await asleep(work)
        number = await work.send(send_at_ms=work.clock.wall_ms() + 300)
        assert await ends(work, number, Status.SENT) >= 0


async def test_the_first_of_a_batch_counts_wherever_it_stands(tmp_path: Path) -> None:
    async with desk(tmp_path, ScriptedModem("m"), clock=VirtualClock()) as work:
        await asleep(work)
        now_ms = work.clock.wall_ms()
        after_ms = (3_600_000, 250, 7_200_000, 900)
        wanted = [Submission(f"+49151000000{n}", "x", send_at_ms=now_ms + after) for n, after in enumerate(after_ms)]
        numbers = [each.message_id for each in await work.submit(wanted) if isinstance(each, Accepted)]
        assert await ends(work, numbers[1], Status.SENT) >= 0
        assert await ends(work, numbers[3], Status.SENT) >= 0
        assert (await work.record(numbers[0])).status is Status.SCHEDULED


async def test_a_validity_ends_at_its_time(tmp_path: Path) -> None:
    async with desk(tmp_path, ScriptedModem("m", state=ModemState.SEARCHING), clock=VirtualClock()) as work:
        await asleep(work)
        number = await work.send(valid_for=1)
        await ends(work, number, Status.EXPIRED)


async def test_a_try_that_was_put_off_is_made_at_its_time(tmp_path: Path) -> None:
    modem = ScriptedModem("m", SubmitError("busy", Disposition.LATER, payload_started=True))
    async with desk(tmp_path, modem, clock=VirtualClock()) as work:
        await asleep(work)
        number = await work.send()
        await ends(work, number, Status.SENT)
        assert (await work.record(number)).attempts == 2


async def test_no_moment_is_lost_between_two_rounds(tmp_path: Path) -> None:
    """Texts are scheduled while the timer reads what is due next, for moments before and behind what it finds."""
    async with desk(tmp_path, ScriptedModem("m"), clock=VirtualClock()) as work:
        await asleep(work)
        numbers = []
        for count in range(30):
            rounds = asyncio.gather(*(work.scheduler.answer() for _ in range(count % 3)))
            numbers.append(await work.send(to=f"{TO[:-2]}{count:02d}", send_at_ms=work.clock.wall_ms() + count % 7 + 1))
            await rounds
        for number in numbers:
            await ends(work, number, Status.SENT)
