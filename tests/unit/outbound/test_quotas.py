"""How much a token may send: rolling windows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gsmgw.outbound.quotas import DAY_S, Quota


def test_both_windows_count() -> None:
    quota = Quota(3, 5)
    for second in (0, 10, 20):
        assert quota.wait_s(second, 1) is None
        quota.take(second, 1)
    assert quota.wait_s(30, 1) == (30.0, "3 texts a minute")  # until the first one is a minute old
    assert quota.wait_s(60, 1) is None
    quota.take(60, 2)
    assert quota.wait_s(130, 1) == (DAY_S - 130, "5 texts a day")
    assert quota.wait_s(DAY_S + 1, 1) is None


def test_more_than_a_window_holds_is_never_taken() -> None:
    assert Quota(3, None).wait_s(0, 4) == (60.0, "3 texts a minute")


def test_what_is_given_back_may_be_taken_again() -> None:
    quota = Quota(4, None)
    quota.take(0, 2)
    quota.take(5, 2)
    quota.give_back(3)
    assert quota.wait_s(6, 3) is None
    assert quota.wait_s(6, 4) is not None


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 5)), max_size=60), st.integers(1, 12))
def test_no_window_ever_holds_more_than_the_limit(steps: list[tuple[float, int]], limit: int) -> None:
    quota, now, taken = Quota(limit, None), 0.0, []
    for pause, count in steps:
        now += pause
        wait = quota.wait_s(now, count)
        if wait is None:
            quota.take(now, count)
            taken.append((now, count))
        elif count <= limit:  # what is said of the wait is true
            assert quota.wait_s(now + wait[0] + 0.001, count) is None
    for end, _ in taken:  # a second is as exact as it is kept
        assert sum(count for at, count in taken if end - 59 < at <= end) <= limit
