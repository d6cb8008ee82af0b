"""A late result belongs to the first segment whose result is missing; those after it move on by one."""

from __future__ import annotations

from gsmgw.outbound.worker.late_results import LOST_AFTER_S, LateResults


def owed(now: list[float] | None = None) -> LateResults[str]:
    times = now or [0.0]
    return LateResults(lambda: times[-1])


def test_a_late_result_settles_the_segment_it_is_missing_for() -> None:
    order = owed()
    order.accepted("before", 4)
    order.missing("a")
    assert order.late(5) == [("a", 5)]
    assert order.late(6) == []


def test_each_of_several_gets_its_own_in_order() -> None:
    order = owed()
    for name in "abc":
        order.missing(name)
    assert [order.late(reference) for reference in (7, 8, 9)] == [[("a", 7)], [("b", 8)], [("c", 9)]]


def test_a_modem_that_is_always_one_behind() -> None:
    order = owed()
    order.accepted("before", 4)
    order.missing("a")
    order.accepted("b", 5)  # it is a's
    order.accepted("c", 6)  # it is b's
    assert order.late(7) == [("a", 5), ("b", 6), ("c", 7)]
    assert order.late(8) == []


def test_references_that_were_used_show_that_a_result_is_lost() -> None:
    order = owed()
    order.accepted("before", 255)
    order.missing("a")
    order.accepted("b", 1)  # a had 0
    assert order.late(2) == []


def test_what_was_given_away_is_missing_again() -> None:
    order = owed()
    order.accepted("before", 4)
    order.missing("a")
    order.missing("b")
    order.accepted("c", 5)
    assert order.late(6) == [("a", 5), ("b", 6)]
    assert order.late(7) == [("c", 7)]


def test_a_result_that_is_missing_for_long_is_lost() -> None:
    now = [0.0]
    order = owed(now)
    order.missing("a")
    now.append(LOST_AFTER_S + 1)
    assert order.late(5) == []
