"""Repetitions in words."""

from __future__ import annotations

import pytest

from gsmgw.repetition import date_words, read_repeat, read_trigger

NINE = ";BYHOUR=9;BYMINUTE=0;BYSECOND=0"


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("every monday 09:00", f"FREQ=WEEKLY;BYDAY=MO{NINE}"),
        ("Mondays at 9am", f"FREQ=WEEKLY;BYDAY=MO{NINE}"),
        ("every mon, wed and fri 9:00", f"FREQ=WEEKLY;BYDAY=MO,WE,FR{NINE}"),
        ("every weekday 09.00", f"FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR{NINE}"),
        ("every 2 weeks on friday 17:30", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR;BYHOUR=17;BYMINUTE=30;BYSECOND=0"),
        ("every other tuesday 9:00", f"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU{NINE}"),
        ("daily 9:00", f"FREQ=DAILY{NINE}"),
        ("every day at 9:30 pm", "FREQ=DAILY;BYHOUR=21;BYMINUTE=30;BYSECOND=0"),
        ("monthly on the 1st 10:00", "FREQ=MONTHLY;BYMONTHDAY=1;BYHOUR=10;BYMINUTE=0;BYSECOND=0"),
        ("monthly on the 1st and 15th 9:00", f"FREQ=MONTHLY;BYMONTHDAY=1,15{NINE}"),
        ("monthly on the last friday 9:00", f"FREQ=MONTHLY;BYDAY=-1FR{NINE}"),
        ("every month on the last weekday 9:00", f"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1{NINE}"),
        ("every first friday 9:00", f"FREQ=MONTHLY;BYDAY=1FR{NINE}"),
        ("yearly on the 24th of december 9:00", f"FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24{NINE}"),
        ("every monday 09:00 until 2026-12-31", f"FREQ=WEEKLY;BYDAY=MO{NINE};UNTIL=20261231"),
        ("every monday 09:00 10 times", f"FREQ=WEEKLY;BYDAY=MO{NINE};COUNT=10"),
        ("FREQ=DAILY;COUNT=3", "FREQ=DAILY;COUNT=3"),
    ],
)
def test_words(words: str, rule: str) -> None:
    assert read_repeat(words) == rule


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("every monday", "give one time of the day"),
        ("every monday 9:00 10:00", "give one time of the day"),
        ("every day 25:00", "'25:00' is not a time of the day"),
        ("every day 13pm", "'13pm' is not a time of the day"),
        ("9:00", "say how often"),
        ("weekly 9:00", "say which day: weekly on monday"),
        ("yearly in december 9:00", "say which day of the month"),
        ("every moonday 9:00", "'moonday' is not a day"),
        ("monthly on the 32nd 9:00", "'32nd' is not a day of the month"),
        ("weekly on the 1st 9:00", "'1st' is not a day of the week"),
        ("sometimes 9:00", "'sometimes' is not understood"),
    ],
)
def test_what_is_not_understood_is_named(words: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_repeat(words)


@pytest.mark.parametrize(
    ("words", "field", "at", "days", "yearly"),
    [
        ("birthday 09:00", "birthday", "09:00", 0, True),
        ("birthday", "birthday", "09:00", 0, True),
        ("2 days before `appointment`", "appointment", "09:00", 2, False),
        ("one day before the appointment at 18:00", "appointment", "18:00", 1, False),
        ("a week after visit at 9am", "visit", "09:00", -7, False),
        ("every renewal 10:30", "renewal", "10:30", 0, True),
        ("on appointment 7:00", "appointment", "07:00", 0, False),
    ],
)
def test_dates(words: str, field: str, at: str, days: int, yearly: bool) -> None:
    assert read_trigger(words) == {"field": field, "at": at, "days_before": days, "yearly": yearly}


def test_what_is_wrong_in_a_date_is_named() -> None:
    with pytest.raises(ValueError, match="write FIELD TIME"):
        read_trigger("2 days before")
    with pytest.raises(ValueError, match="'25:00' is not a time"):
        read_trigger("birthday 25:00")


def test_a_date_in_words() -> None:
    assert date_words(read_trigger("birthday 09:00")) == "on birthday at 09:00 in their time zone, every year"
    assert date_words(read_trigger("one day before visit")) == "1 day before visit at 09:00 in their time zone, once"
