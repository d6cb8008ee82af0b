"""Sums become rates, percentiles and amounts of money."""

from __future__ import annotations

import random

from gsmgw.prices import Price, Prices
from gsmgw.store.rollups import BOUNDS_S
from gsmgw.wire.statistics import percentile, sums_resource


def test_a_percentile_lies_in_the_bucket_of_its_message() -> None:
    draw = random.Random(7)
    for _ in range(200):
        times = sorted(draw.expovariate(1 / draw.choice((2, 40, 900))) for _ in range(draw.randrange(1, 300)))
        took: dict[int, int] = {}
        for time_s in times:
            bucket = next((n for n, bound in enumerate(BOUNDS_S) if time_s <= bound), len(BOUNDS_S))
            took[bucket] = took.get(bucket, 0) + 1
        for share in (0.5, 0.9, 0.99):
            exact = times[max(0, -(-int(share * 100) * len(times) // 100) - 1)]
            bucket = next((n for n, bound in enumerate(BOUNDS_S) if exact <= bound), len(BOUNDS_S))
            low = BOUNDS_S[bucket - 1] if bucket else 0
            high = BOUNDS_S[bucket] if bucket < len(BOUNDS_S) else 2 * BOUNDS_S[-1]
            assert low <= percentile(share, took, BOUNDS_S) <= high


def test_what_is_not_known_is_null() -> None:
    nothing = sums_resource({}, {}, {}, BOUNDS_S)
    assert (nothing["delivery_rate"], nothing["delivery_time"], nothing["cost"]) == (None, None, None)
    some = sums_resource({"delivered": 3, "undelivered": 1, "priced": 3, "cost": 210_000}, {1: 3}, {"x": 1}, BOUNDS_S)
    assert (some["delivery_rate"], some["cost"]) == (0.75, 0.21)
    assert some["delivery_time"] == {"p50_s": 1.5, "p90_s": 1.9, "p99_s": 2.0}


def test_the_first_price_that_fits_counts() -> None:
    prices = Prices([Price("DE", "free", 0), Price("DE", None, 70_000), Price(None, "roaming", 250_000)])
    assert prices.of_segment("DE", "free") == 0
    assert prices.of_segment("DE", "office") == 70_000
    assert prices.of_segment("FR", "roaming") == 250_000
    assert prices.of_segment("FR", "office") is None
    assert prices.of_segment(None, None) is None
