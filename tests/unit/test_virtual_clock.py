"""Time that is advanced by hand."""

from __future__ import annotations

import asyncio

from gsmgw.clock import VirtualClock


async def test_a_wait_for_what_is_left_of_a_span_ends() -> None:
    """At the moment when this span should be over, 3.6e-15 s are left of it, which add nothing to the time."""
    clock = VirtualClock()
    await clock.advance(2.54458609934608)
    began_s, rounds = clock.monotonic(), 0
    await clock.advance(18.78696028315098 - began_s)

    async def wait() -> None:
        nonlocal rounds
        while (left_s := 30.0 - (clock.monotonic() - began_s)) > 0:
            rounds += 1
            assert rounds < 10, left_s
            await clock.sleep(left_s)

    async with asyncio.TaskGroup() as group:
        group.create_task(wait())
        await clock.advance(31)
    assert rounds > 1
