"""Garbage collection beside the event loop."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from gsmgw.clock import VirtualClock
from gsmgw.daemon import memory


@pytest.fixture
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


class Knot:
    """An object that only the garbage collector can free."""

    def __init__(self) -> None:
        self.itself = self


def test_allocations_do_not_start_a_full_collection(thresholds: None) -> None:
    memory.tune()
    before = gc.get_stats()[2]["collections"]
    kept = [Knot() for _ in range(200_000)]
    assert gc.get_stats()[2]["collections"] == before
    assert kept


async def test_garbage_of_the_oldest_generation_is_collected_on_a_timer(thresholds: None) -> None:
    clock = VirtualClock()
    knot = weakref.ref(Knot())
    task = asyncio.create_task(memory.keep_settled(clock))
    try:
        gc.disable()
        await clock.advance(memory.INTERVAL_S - 1)
        assert knot() is not None
        await clock.advance(2)
        assert knot() is None
    finally:
        gc.enable()
        task.cancel()
