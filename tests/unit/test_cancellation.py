"""A cancellation that comes in the same turn of the event loop as a result is not lost."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from gsmgw import supervisor
from gsmgw.cancellation import cancellable
from gsmgw.clock import SystemClock
from gsmgw.supervisor import Supervisor


async def _swallows(answer: asyncio.Future[str]) -> str:
    """Swallow a cancellation, as wait_for of Python 3.11 does."""
    try:
        await answer
    except asyncio.CancelledError:
        if not answer.done():
            raise
    return answer.result()


@pytest.mark.parametrize("fails", [False, True])
async def test_a_library_cannot_take_the_cancellation(fails: bool) -> None:
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(cancellable(_swallows(answer)))
    await asyncio.sleep(0)
    if fails:
        answer.set_exception(OSError("gone"))
    else:
        answer.set_result("done")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_results_and_failures_pass() -> None:
    async def fail() -> None:
        raise OSError("gone")

    assert await cancellable(asyncio.sleep(0, "done")) == "done"
    with pytest.raises(OSError, match="gone"):
        await cancellable(fail())


async def test_a_deadline_around_it_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await cancellable(asyncio.sleep(60))


async def test_a_task_that_goes_on_is_cancelled_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervisor, "AGAIN_S", 0.05)
    ignored = 0

    async def stubborn() -> None:
        nonlocal ignored
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        ignored += 1
        await asyncio.sleep(60)

    async with asyncio.timeout(30):
        async with Supervisor(SystemClock()) as children:
            children.start("stubborn", stubborn)
            await asyncio.sleep(0)
    assert ignored == 1
    assert "cancelled again: stubborn" in caplog.text
