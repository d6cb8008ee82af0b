"""Waiting for something that has no event to wait for."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

#: How long a test waits for what takes milliseconds: on a machine whose cores are busy it takes seconds. A test that
#: passes never waits that long.
GENEROUS_S = 60.0


async def until(condition: Callable[[], bool | Awaitable[bool]], within_s: float = GENEROUS_S) -> None:
    """Wait until a condition is true, which is asked for again and again."""
    async with asyncio.timeout(within_s):
        while not (await found if inspect.isawaitable(found := condition()) else found):  # noqa: ASYNC110
            await asyncio.sleep(0.002)
