"""The health ladder: one rung after the other, each within its budget."""

from __future__ import annotations

from gsmgw.clock import VirtualClock
from gsmgw.modem.ladder import BUDGET_PER_HOUR, FailureCounter, Ladder, Rung


def test_the_rungs_come_in_order_and_start_over_when_well() -> None:
    ladder = Ladder(VirtualClock())
    assert [ladder.climb() for _ in range(7)] == [*Rung, Rung.QUARANTINE]
    ladder.well()
    assert ladder.climb() is Rung.SETTINGS


def test_what_is_not_possible_is_left_out() -> None:
    ladder = Ladder(VirtualClock())
    able = frozenset({Rung.SETTINGS, Rung.RADIO, Rung.RESET, Rung.QUARANTINE})
    assert [ladder.climb(able=able) for _ in range(4)] == [Rung.SETTINGS, Rung.RADIO, Rung.RESET, Rung.QUARANTINE]
    assert Ladder(VirtualClock()).climb(Rung.USB, able=able) is Rung.QUARANTINE


async def test_each_rung_has_a_budget_per_hour() -> None:
    clock = VirtualClock()
    ladder = Ladder(clock)
    resets = 0
    for _ in range(20):
        ladder.well()
        for _ in range(3):
            resets += ladder.climb() is Rung.RESET
    assert resets == BUDGET_PER_HOUR[Rung.RESET]
    await clock.advance(3600)
    ladder.well()
    assert [ladder.climb() for _ in range(3)] == [Rung.SETTINGS, Rung.RADIO, Rung.RESET]


def test_quarantine_grows() -> None:
    ladder = Ladder(VirtualClock())
    assert [ladder.quarantine_s() for _ in range(4)] == [60.0, 300.0, 900.0, 900.0]


def test_a_modem_that_sends_nothing_is_found_out() -> None:
    counter = FailureCounter()
    assert [counter.failure(500, None) for _ in range(4)] == [False, False, True, True]
    counter.success()
    assert [counter.failure(38, None) for _ in range(9)] == [False] * 7 + [True, False]
    counter.success()
    assert not counter.failure(None, 3)
