"""How long a campaign takes, and what holds it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time

import pytest

from gsmgw.audience.campaigns.duration import Bottleneck, Task, estimate
from gsmgw.model.rules import Hours
from gsmgw.outbound import SendingTimes, Window
from gsmgw.outbound.limits.capacity import Allowance, ModemCapacity
from gsmgw.outbound.limits.rate_limit import Limits, RateLimiter, Use

NOON = datetime(2026, 3, 25, 12)
HOUR, DAY = 3600, 86_400
PLAIN = ModemCapacity("m0", 5.0)


def limited(*own: Allowance, name: str = "m0") -> ModemCapacity:
    return ModemCapacity(name, 5.0, own)


@pytest.mark.parametrize(
    ("task", "duration_s", "why", "words"),
    [
        (Task(600, 600, [PLAIN]), 3000, Bottleneck.MODEMS, "1 modem, about 5 s a segment"),
        (Task(600, 1200, [PLAIN, replace(PLAIN, name="m1")]), 3000, Bottleneck.MODEMS, "2 modems, about 5 s a segment"),
        (Task(600, 600, [PLAIN], per_minute=6), 5990, Bottleneck.PACE, "the pace of 6 recipients a minute"),
        (  # 20 are left of this hour, then 100 each hour
            Task(320, 320, [limited(Allowance("m0", HOUR, 100, 20))]), 3 * HOUR, Bottleneck.LIMITS,
            "the limit of m0: 100 segments in 1 hour, 20 left",
        ),
        (  # the recipients of a day, of texts with two segments
            Task(150, 300, [limited(Allowance("m0", DAY, 100, 100, by_message=True))]), DAY, Bottleneck.LIMITS,
            "the limit of m0: 100 messages in 1 day, 100 left",
        ),
        (  # two hours until 14:00, the rest of three from 9:00 on
            Task(2160, 2160, [PLAIN], hours=Hours(time(9), time(14))), 22 * HOUR, Bottleneck.HOURS,
            "the sending hours 09:00-14:00",
        ),
        (
            Task(2160, 2160, [PLAIN], times=SendingTimes(Window(time(9), time(14)))), 22 * HOUR, Bottleneck.HOURS,
            "the sending hours 09:00-14:00",
        ),
    ],
)  # fmt: skip
def test_the_duration_and_its_reason(task: Task, duration_s: float, why: Bottleneck, words: str) -> None:
    found = estimate(task, NOON)
    assert found is not None
    assert found.duration_s == pytest.approx(duration_s, abs=15)
    assert (found.bottleneck, found.detail) == (why, words)


def test_modems_of_a_pool_share_its_limit() -> None:
    shared = (Allowance("pool a", HOUR, 60, 60),)
    modems = [ModemCapacity(f"m{at}", 5.0, (), shared) for at in range(4)]
    found = estimate(Task(180, 180, modems), NOON)
    assert found is not None
    assert found.duration_s == pytest.approx(2 * HOUR, abs=15)
    assert found.detail == "the limit of pool a: 60 segments in 1 hour, 60 left"


def test_nothing_to_send_and_nobody_who_sends() -> None:
    assert estimate(Task(5, 5, []), NOON) is None
    empty = estimate(Task(0, 0, [PLAIN]), NOON)
    assert empty is not None
    assert (empty.duration_s, empty.bottleneck) == (0, None)


def test_what_is_never_allowed_ends() -> None:
    found = estimate(Task(5, 5, [limited(Allowance("m0", DAY, 0, 0))]), NOON)
    assert found is not None
    assert found.duration_s > 300 * DAY


def test_what_the_limits_of_a_sim_leave() -> None:
    now_ms = 10 * DAY * 1000
    limits = Limits(windows={HOUR: 10, DAY: 100}, urgent_reserve=2, recipients_per_day=50)
    used = [Use(now_ms - 2 * HOUR * 1000, "+1"), Use(now_ms - 1000, "+2"), Use(now_ms - 500, "+2")]
    assert RateLimiter(limits, used).allowances("m0", now_ms) == (
        Allowance("m0", HOUR, 8, 6),
        Allowance("m0", DAY, 98, 95),
        Allowance("m0", DAY, 50, 48, by_message=True, by_recipient=True),
    )
