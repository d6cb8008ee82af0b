"""Users' regular expressions run in a process of their own, with a budget of processor time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from gsmgw.patterns import PatternError, PatternRunner, PatternTooSlow

#: Backtracks exponentially: Russ Cox, "Regular Expression Matching Can Be Simple And Fast".
EVIL = "(a+)+$"
VICTIM = "a" * 40 + "!"


@pytest.fixture
async def patterns() -> AsyncIterator[PatternRunner]:
    runner = PatternRunner()
    yield runner
    await runner.close()


async def test_it_finds(patterns: PatternRunner) -> None:
    assert await patterns.search(r"\bcode \d{6}", "Your CODE 123456")
    assert not await patterns.search("code", "nothing here")


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "(?P<a>x)(?P<a>y)", "*"])
async def test_what_is_not_valid_is_refused(patterns: PatternRunner, pattern: str) -> None:
    with pytest.raises(PatternError, match="is not a valid regular expression"):
        await patterns.check(pattern)


async def test_too_long_a_pattern_is_refused(patterns: PatternRunner) -> None:
    with pytest.raises(PatternError, match="has 501 characters; at most 500"):
        await patterns.check("a" * 501)


async def test_one_that_never_ends_is_stopped_and_the_next_one_works(patterns: PatternRunner) -> None:
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0.01)

    ticking = asyncio.create_task(tick())
    for _ in range(3):
        with pytest.raises(PatternTooSlow, match="50 ms of processor time"):
            await patterns.search(EVIL, VICTIM)
        assert await patterns.search("b", "abc")
    ticking.cancel()
    assert len(ticks) > 3  # the event loop went on meanwhile


async def test_a_cancelled_search_leaves_no_answer_behind(patterns: PatternRunner) -> None:
    assert await patterns.search("a", "a")
    task = asyncio.create_task(patterns.search("a", "a" * 1000))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not await patterns.search("z", "a")


async def test_searches_at_the_same_time_get_their_own_answers(patterns: PatternRunner) -> None:
    found = await asyncio.gather(*(patterns.search(f"^{n}$", str(n % 2)) for n in range(20)))
    assert found == [n < 2 for n in range(20)]
