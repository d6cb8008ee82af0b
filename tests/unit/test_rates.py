"""The rolling count and the token bucket against a plain model of each."""

from __future__ import annotations

import random

import pytest

from gsmgw.rates import RollingCount, TokenBucket


@pytest.mark.parametrize("seed", range(20))
def test_no_span_ever_holds_more_than_the_limit_and_no_wait_is_too_long(seed: int) -> None:
    chance = random.Random(seed)
    spans = [(10, chance.randint(1, 6)), (50, chance.randint(2, 15))]
    counted = RollingCount(50)
    now, happened = 0, []
    for _ in range(300):
        now += chance.randint(0, 3)
        free = max(counted.free_at(now, span, limit) for span, limit in spans)
        fits = [sum(at > now - span for at in happened) < limit for span, limit in spans]
        assert (free <= now) == all(fits)
        if free > now and chance.random() < 0.5:
            now = int(free)
            assert max(counted.free_at(now, span, limit) for span, limit in spans) == now
        if max(counted.free_at(now, span, limit) for span, limit in spans) <= now:
            counted.add(now)
            happened.append(now)
    for span, limit in spans:
        assert all(sum(at - span < other <= at for other in happened) <= limit for at in happened)


def test_more_than_the_limit_never_fits() -> None:
    assert RollingCount(60).free_at(5, 60, 3, count=4) == 65


def test_what_is_taken_back_was_never_there() -> None:
    counted = RollingCount(60, merge=1.0)
    counted.add(0.0, 3)
    counted.add(0.5, 2)
    counted.take_back(4)
    assert counted.free_at(1.0, 60, 2) == 1.0
    assert counted.free_at(1.0, 60, 2, count=2) == 60.0


def test_a_clock_that_was_set_moves_what_was_counted() -> None:
    counted = RollingCount(60)
    counted.add(0)
    counted.shift(1000)
    assert counted.free_at(1010, 60, 1) == 1060


def test_a_bucket_allows_a_burst_and_then_its_rate() -> None:
    bucket = TokenBucket(5, 2, now=0)
    assert [bucket.take_whole(0) for _ in range(6)] == [True] * 5 + [False]
    assert bucket.wait(0) == 0.5
    assert bucket.take_whole(0.5)
    assert not bucket.take_whole(0.5)
    assert not bucket.take(1.0, 3)
    assert bucket.wait(1.0) == 0.5  # it was emptied
    bucket.add(1.0, 100)
    assert bucket.take(1.0, 5)
    assert not TokenBucket(5, 1, now=0, share=0.5).take_whole(0, 3)
