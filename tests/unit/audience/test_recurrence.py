"""Repetitions in a time zone."""

from __future__ import annotations

import time
from datetime import datetime
from itertools import islice

import pytest

from gsmgw.audience.campaigns.recurrence import RepeatError, parse_repeat

NINE = "BYHOUR=9;BYMINUTE=0;BYSECOND=0"


def times(text: str, first: str, zone: str = "Europe/Berlin", most: int = 3) -> list[str]:
    first_ms = round(datetime.fromisoformat(first).timestamp() * 1000)
    repeat = parse_repeat(text, zone)
    found = islice(repeat.times_ms(first_ms, first_ms - 1), most)
    return [datetime.fromtimestamp(each / 1000, repeat.zone).isoformat(timespec="minutes") for each in found]


@pytest.mark.parametrize(
    ("text", "first", "expected"),
    [
        (  # nine stays nine when the clocks change
            f"FREQ=WEEKLY;BYDAY=MO;{NINE}", "2026-03-20T12:00+01:00",
            ["2026-03-23T09:00+01:00", "2026-03-30T09:00+02:00", "2026-04-06T09:00+02:00"],
        ),
        (  # 02:30 does not exist on 29 March 2026
            "FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "2026-03-27T12:00+01:00",
            ["2026-03-28T02:30+01:00", "2026-03-29T03:30+02:00", "2026-03-30T02:30+02:00"],
        ),
        (  # and twice on 25 October 2026: the first
            "FREQ=DAILY;BYHOUR=2;BYMINUTE=30", "2026-10-23T12:00+02:00",
            ["2026-10-24T02:30+02:00", "2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"],
        ),
        (
            f"RRULE:FREQ=MONTHLY;BYMONTHDAY=31;{NINE}", "2026-01-31T09:00+01:00",
            ["2026-01-31T09:00+01:00", "2026-03-31T09:00+02:00", "2026-05-31T09:00+02:00"],
        ),
        (
            f"freq=monthly;byday=MO,TU,WE,TH,FR;bysetpos=-1;{NINE};COUNT=2", "2026-02-01T00:00+01:00",
            ["2026-02-27T09:00+01:00", "2026-03-31T09:00+02:00"],
        ),
        (
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "2026-02-01T08:15+01:00",
            ["2028-02-29T08:15+01:00", "2032-02-29T08:15+01:00", "2036-02-29T08:15+01:00"],
        ),
        (f"FREQ=DAILY;{NINE};UNTIL=20260202T080000Z", "2026-02-01T10:00+01:00", ["2026-02-02T09:00+01:00"]),
        (
            "FREQ=WEEKLY;INTERVAL=2;COUNT=2", "2026-02-01T10:00+01:00",
            ["2026-02-01T10:00+01:00", "2026-02-15T10:00+01:00"],
        ),
    ],
)  # fmt: skip
def test_times(text: str, first: str, expected: list[str]) -> None:
    assert times(text, first) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not NAME=VALUE"),
        ("every monday", "is not NAME=VALUE"),
        ("INTERVAL=2", "FREQ= is not valid"),
        ("FREQ=SECONDLY", "FREQ=SECONDLY is not valid"),
        ("FREQ=DAILY;FREQ=WEEKLY", "FREQ is given twice"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0 is not valid: use 1 to 1000"),
        ("FREQ=DAILY;COUNT=1,2", "COUNT has one value only"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR=24 is not valid"),
        ("FREQ=DAILY;BYMONTHDAY=0", "BYMONTHDAY=0 is not valid"),
        ("FREQ=DAILY;BYHOUR=1,2,3,4,5;BYMINUTE=0,10,20,30,40", "give 25 times a day"),
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY=1MO needs FREQ=MONTHLY"),
        ("FREQ=MONTHLY;BYDAY=XX", "BYDAY=XX is not valid"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS needs BYDAY"),
        ("FREQ=WEEKLY;WKST=X", "WKST=X is not valid"),
        ("FREQ=DAILY;UNTIL=20261301", "UNTIL=20261301 is not valid"),
        ("FREQ=DAILY;UNTIL=20260101;COUNT=1", "give either COUNT or UNTIL"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str) -> None:
    with pytest.raises(RepeatError, match=said):
        parse_repeat(text, "Europe/Berlin")


@pytest.mark.parametrize("text", ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;INTERVAL=7;BYDAY=TU"])
def test_a_rule_that_never_comes_true_ends(text: str) -> None:
    began = time.process_time()
    assert times(text, "2026-03-23T12:00+01:00") == []
    assert time.process_time() - began < 5
