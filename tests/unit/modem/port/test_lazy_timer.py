"""The timer of the command in flight."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gsmgw.clock import VirtualClock
from gsmgw.modem.port.exchange import LazyTimer
from gsmgw.ports import Timer


class Desk:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.scheduled = 0
        self.called: list[tuple[str, float]] = []
        self.timer = LazyTimer(self)

    def monotonic(self) -> float:
        return self.clock.monotonic()

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        self.scheduled += 1
        return self.clock.call_later(seconds, callback)

    def start(self, name: str, seconds: float) -> None:
        self.timer.start(seconds, lambda: self.called.append((name, self.clock.monotonic())))


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_it_expires_at_its_time(desk: Desk) -> None:
    desk.start("first", 2)
    await desk.clock.advance(1.9)
    assert not desk.called
    await desk.clock.advance(0.2)
    assert desk.called == [("first", 2.0)]


async def test_a_stopped_one_does_not_expire(desk: Desk) -> None:
    desk.start("first", 2)
    desk.timer.stop()
    await desk.clock.advance(10)
    assert not desk.called


@pytest.mark.parametrize("seconds", [1.0, 2.0, 60.0])
async def test_the_last_start_counts(seconds: float, desk: Desk) -> None:
    desk.start("first", 2)
    await desk.clock.advance(0.5)
    desk.start("second", seconds)
    await desk.clock.advance(100)
    assert desk.called == [("second", 0.5 + seconds)]


async def test_a_stream_of_commands_schedules_few_calls(desk: Desk) -> None:
    for _ in range(1000):
        desk.start("prompt", 5)
        desk.start("result", 60)
        desk.timer.stop()
        await desk.clock.advance(0.01)
    assert desk.scheduled <= 4
    assert not desk.called


async def test_a_closed_one_leaves_no_call(desk: Desk) -> None:
    desk.start("first", 2)
    desk.timer.close()
    desk.timer.close()
    await desk.clock.advance(10)
    assert not desk.called


async def test_it_can_be_started_when_it_expires(desk: Desk) -> None:
    desk.timer.start(1, lambda: desk.start("again", 1))
    await desk.clock.advance(5)
    assert desk.called == [("again", 2.0)]
