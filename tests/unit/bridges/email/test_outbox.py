"""The connection to the mail server does not keep the gateway from stopping."""

from __future__ import annotations

import asyncio

import pytest

from gsmgw.bridges.email.outbox import _apart


async def test_an_operation_that_loses_its_cancellation_does_not_swallow_it() -> None:
    begun = asyncio.Event()

    async def stubborn() -> str:
        begun.set()
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            return "250 taken"
        raise AssertionError

    async def caller() -> None:
        assert await _apart(stubborn()) == "never"

    task = asyncio.create_task(caller())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_result_and_a_failure_come_through() -> None:
    async def works() -> int:
        return 250

    async def fails() -> int:
        raise OSError("gone")

    assert await _apart(works()) == 250
    with pytest.raises(OSError, match="gone"):
        await _apart(fails())
