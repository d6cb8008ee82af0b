"""Dates of contacts: who is due, and for which occasion."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from gsmgw.audience.campaigns.date_triggers import (
    QUARTER_MS,
    due_occasion,
    is_on,
    next_days,
    next_look_ms,
    occasion_key,
    values_near,
)
from gsmgw.model.campaigns import DateTrigger

BIRTHDAY = DateTrigger("birthday", time(9), yearly=True)


@pytest.mark.parametrize(
    ("value", "occasion", "expected"),
    [
        ("1980-05-03", date(2026, 5, 3), True),
        ("1980-05-03", date(2026, 5, 4), False),
        ("2000-02-29", date(2028, 2, 29), True),
        ("2000-02-29", date(2027, 2, 28), True),  # a year without 29 February
        ("2000-02-29", date(2028, 2, 28), False),
        ("2000-02-29", date(2027, 3, 1), False),
        ("2026-05-03", date(2026, 5, 3), True),
        ("2027-05-03", date(2026, 5, 3), False),  # not yet born
        ("no date", date(2026, 5, 3), False),
        (5, date(2026, 5, 3), False),
        (None, date(2026, 5, 3), False),
    ],
)
def test_a_yearly_date(value: str | int | None, occasion: date, expected: bool) -> None:
    assert is_on(BIRTHDAY, value, occasion) is expected


def test_the_time_of_the_day_and_the_days_before() -> None:
    trigger = DateTrigger("appointment", time(9), days_before=2)
    assert due_occasion(trigger, "2026-03-02", datetime(2026, 2, 28, 9)) == date(2026, 3, 2)
    assert due_occasion(trigger, "2026-03-02", datetime(2026, 2, 28, 8, 59)) is None
    assert due_occasion(trigger, "2026-03-02", datetime(2026, 3, 1, 9)) is None
    after = DateTrigger("visit", time(9), days_before=-7)
    assert due_occasion(after, "2026-02-21", datetime(2026, 2, 28, 23, 59)) == date(2026, 2, 21)


def test_the_turn_of_the_year_counts_as_the_next() -> None:
    trigger = DateTrigger("birthday", time(9), days_before=3, yearly=True)
    occasion = due_occasion(trigger, "1980-01-01", datetime(2026, 12, 29, 9))
    assert occasion == date(2027, 1, 1)
    assert occasion_key(trigger, occasion) == "2027"


def test_values_cover_every_zone() -> None:
    noon_ms = round(datetime.fromisoformat("2026-02-28T12:00+00:00").timestamp() * 1000)
    values = values_near(BIRTHDAY, noon_ms)
    assert {"1980-02-27", "1980-02-28", "1980-02-29", "1980-03-01", "2026-02-28"} <= set(values)
    assert "1980-03-02" not in values
    assert values_near(DateTrigger("x", time(9)), noon_ms) == ["2026-02-27", "2026-02-28", "2026-03-01"]


def test_looks_are_at_the_minute_in_all_zones() -> None:
    trigger = DateTrigger("birthday", time(9, 7))
    for start in range(0, QUARTER_MS, 61_000):
        moment = next_look_ms(trigger, start)
        assert moment > start
        assert moment - start <= QUARTER_MS
        assert moment // 60_000 % 15 == 7


def test_the_next_days() -> None:
    values = ["1980-02-29", "1990-12-31", "2026-02-01", "no date"]
    assert next_days(BIRTHDAY, values, date(2026, 2, 28), 3) == [
        date(2026, 2, 28), date(2026, 12, 31), date(2027, 2, 1),
    ]  # fmt: skip
    once = DateTrigger("appointment", time(9), days_before=2)
    assert next_days(once, values, date(2026, 1, 1), 3) == [date(2026, 1, 30)]
