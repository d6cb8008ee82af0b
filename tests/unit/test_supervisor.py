"""Children that fail are started again, with pauses, and what they died of is on record."""

from __future__ import annotations

import asyncio
import itertools
import logging

import pytest

from gsmgw.clock import VirtualClock
from gsmgw.supervisor import FIRST_PAUSE_S, LONGEST_PAUSE_S, UNWELL_S, Supervisor


class Boom(Exception):
    pass


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "gsmgw.supervisor")


async def test_a_child_that_fails_starts_again_with_growing_pauses() -> None:
    clock = VirtualClock()
    starts: list[float] = []

    async def fail() -> None:
        starts.append(clock.monotonic())
        raise Boom("again")

    async with Supervisor(clock) as supervisor:
        child = supervisor.start("child", fail)
        await clock.advance(3 * LONGEST_PAUSE_S)
        assert isinstance(child.cause, Boom)
        assert child.restarts == len(starts)
    gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
    assert gaps[:3] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert max(gaps) <= LONGEST_PAUSE_S
    assert child.finished


async def test_one_child_does_not_disturb_another() -> None:
    clock = VirtualClock()

    async def fail() -> None:
        raise Boom

    async def live() -> None:
        await asyncio.Event().wait()

    async with Supervisor(clock) as supervisor:
        supervisor.start("bad", fail)
        good = supervisor.start("good", live)
        await clock.advance(10)
        assert (good.restarts, good.finished) == (0, False)
        assert supervisor.failures["bad"] > 1
        assert supervisor.failures["good"] == 0
        assert supervisor.trouble == "bad failed and is being restarted: Boom: "
        with pytest.raises(ValueError, match="already running"):
            supervisor.start("good", live)
        await supervisor.stop("good")
        assert good.finished
        await supervisor.stop("unknown")


async def test_a_child_that_returns_is_finished() -> None:
    async def end() -> None:
        pass

    async with Supervisor(VirtualClock()) as supervisor:
        child = supervisor.start("child", end)
        await asyncio.sleep(0)
        assert child.finished
        assert child.cause is None
        supervisor.start("child", end)


async def test_cancellation_of_the_owner_reaches_every_child() -> None:
    ended = asyncio.Event()
    started = asyncio.Event()

    async def live() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def own() -> None:
        async with Supervisor(VirtualClock()) as supervisor:
            supervisor.start("child", live)
            await asyncio.Event().wait()

    owner = asyncio.ensure_future(own())
    await started.wait()
    owner.cancel()
    with pytest.raises(asyncio.CancelledError):
        await owner
    assert ended.is_set()


async def test_a_failure_is_told_with_its_first_cause_and_trouble_passes() -> None:
    clock = VirtualClock()
    told: list[tuple[str, str]] = []
    fail = True

    async def run() -> None:
        if fail:
            async with asyncio.TaskGroup() as group:
                group.create_task(burst())
        await asyncio.Event().wait()

    async def burst() -> None:
        raise Boom("inside")

    async with Supervisor(clock, lambda child: told.append((child.name, str(child.cause)))) as supervisor:
        supervisor.start("child", run)
        await clock.advance(0)
        assert told == [("child", "inside")]
        assert supervisor.trouble == "child failed and is being restarted: Boom: inside"
        fail = False
        await clock.advance(FIRST_PAUSE_S + UNWELL_S)
        assert supervisor.trouble is None
        assert supervisor.failures == {"child": 1}


async def test_a_task_can_be_kept_in_a_group_of_another_owner() -> None:
    clock, runs = VirtualClock(), 0

    async def run() -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise Boom

    supervisor = Supervisor(clock)
    async with asyncio.TaskGroup() as group:
        kept = group.create_task(supervisor.keep("child", run))
        await clock.advance(10)
        await kept
    assert (runs, supervisor.failures) == (3, {"child": 2})
