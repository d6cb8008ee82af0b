"""Who is texted around a date of theirs, such as a birthday or an appointment, and for which occasion. Pure.

29 February is 28 February in a year without one: a greeting is early by a day and not late.
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta

from gsmgw.model.campaigns import DateTrigger
from gsmgw.model.contacts import FieldValue

#: Offsets of all time zones are multiples of a quarter of an hour.
QUARTER_MS = 15 * 60_000
#: A yearly date in a field is at most that many years old.
_YEARS = 130


def next_look_ms(trigger: DateTrigger, now_ms: int) -> int:
    """Return when people are due next, in whatever zone they are: the time of the day, to a quarter of an hour."""
    offset_ms = (trigger.at.minute * 60_000) % QUARTER_MS
    return ((now_ms - offset_ms) // QUARTER_MS + 1) * QUARTER_MS + offset_ms


def values_near(trigger: DateTrigger, now_ms: int) -> list[str]:
    """Return the values of the field that are due somewhere on earth at a moment."""
    today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    occasions = [today + timedelta(days=trigger.days_before + step) for step in (-1, 0, 1)]
    if not trigger.yearly:
        return [day.isoformat() for day in occasions]
    return [
        f"{year:04d}-{month_day}"
        for day in occasions
        for month_day in _month_days(day)
        for year in range(max(1, day.year - _YEARS), day.year + 1)
    ]


def due_occasion(trigger: DateTrigger, value: FieldValue | None, local: datetime) -> date | None:
    """Return the occasion for which somebody is due at a local time: until the end of that day. None: not due."""
    occasion = local.date() + timedelta(days=trigger.days_before)
    return occasion if local.time() >= trigger.at and is_on(trigger, value, occasion) else None


def is_on(trigger: DateTrigger, value: FieldValue | None, occasion: date) -> bool:
    """Return True if the date in the field is the occasion, or falls on it each year."""
    if not isinstance(value, str):
        return False
    if not trigger.yearly:
        return value == occasion.isoformat()
    return value[5:] in _month_days(occasion) and value <= occasion.isoformat()


def occasion_key(trigger: DateTrigger, occasion: date) -> str:
    """Return the key for which a person is texted once. Each year has one of a yearly date, also of a corrected one."""
    return f"{occasion.year:04d}" if trigger.yearly else occasion.isoformat()


def next_days(trigger: DateTrigger, values: list[str], today: date, most: int) -> list[date]:
    """Return the next days on which somebody with one of these dates is texted."""
    days: set[date] = set()
    for value in values:
        try:
            day = date.fromisoformat(value)
        except ValueError:
            continue
        if not trigger.yearly:
            days.add(day - timedelta(days=trigger.days_before))
            continue
        for year in (today.year - 1, today.year, today.year + 1, today.year + 2):
            if year >= day.year:
                days.add(_in_year(day, year) - timedelta(days=trigger.days_before))
    return sorted(day for day in days if day >= today)[:most]


def _month_days(day: date) -> tuple[str, ...]:
    """Return the ends of the dates that fall on a day each year."""
    if (day.month, day.day) == (2, 28) and not calendar.isleap(day.year):
        return "02-28", "02-29"
    return (f"{day:%m-%d}",)


def _in_year(day: date, year: int) -> date:
    return (
        day.replace(year=year, day=28)
        if (day.month, day.day) == (2, 29) and not calendar.isleap(year)
        else (day.replace(year=year))
    )
