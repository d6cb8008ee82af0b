"""The times of a campaign that repeats: RRULE of RFC 5545 in a time zone. Pure.

Times are those of the clock on the wall: 09:00 stays 09:00 when the clocks change. A time that does not exist on that
day is moved by the change (02:30 is 03:30), one that exists twice is the first (RFC 5545 3.3.5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from dateutil.rrule import rrule, weekday

#: A text more than once a day to the same people is not a campaign.
_FREQUENCIES: Mapping[str, Literal[0, 1, 2, 3]] = {"YEARLY": 0, "MONTHLY": 1, "WEEKLY": 2, "DAILY": 3}
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"[0-9]{8}(?:T[0-9]{6}Z?)?")
#: Parts that hold numbers: their least and greatest value.
_NUMBERS = {
    "INTERVAL": (1, 1000), "COUNT": (1, 10_000), "BYMONTH": (1, 12), "BYMONTHDAY": (-31, 31), "BYSETPOS": (-366, 366),
    "BYHOUR": (0, 23), "BYMINUTE": (0, 59), "BYSECOND": (0, 59),
}  # fmt: skip
_SINGLE = frozenset({"INTERVAL", "COUNT"})
_PARTS = ("FREQ", "UNTIL", "BYDAY", "WKST", *_NUMBERS)
#: Maximum number of times on one day.
_A_DAY = 24
#: A multiple of 400 years, after which the Gregorian calendar repeats. Rules are expanded that many years later, where
#: the library gives up at the end of the year 9999: after 400 years in place of 8000 for a rule that never comes true.
_LATER = 400 * 19


class RepeatError(ValueError):
    """A repetition that is not valid. The message says why."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """A checked repetition."""

    parts: Mapping[str, str]
    zone: ZoneInfo

    def times_ms(self, first_ms: int, after_ms: int) -> Iterator[int]:
        """Yield the times later than ``after_ms``, UTC milliseconds; COUNT counts from ``first_ms``."""
        first = datetime.fromtimestamp(first_ms / 1000, self.zone).replace(tzinfo=None)
        after = datetime.fromtimestamp(after_ms / 1000, self.zone).replace(tzinfo=None)
        for later in _rule(self.parts, first, self.zone):
            local = later.replace(year=later.year - _LATER)
            if (local.date() - after.date()).days < -1:
                continue  # cheap; the change of a clock is less than a day
            moment_ms = round(local.replace(tzinfo=self.zone).timestamp() * 1000)
            if moment_ms > after_ms:
                yield moment_ms

    def last_ms(self, first_ms: int, after_ms: int, now_ms: int) -> tuple[int | None, int | None]:
        """Return the latest time later than ``after_ms`` that has passed, and the next one."""
        last = None
        for moment_ms in self.times_ms(first_ms, after_ms):
            if moment_ms > now_ms:
                return last, moment_ms
            last = moment_ms
        return last, None


def parse_repeat(text: str, zone: str) -> Repeat:
    """Return the repetition that a text stands for. Raises :class:`RepeatError`."""
    parts: dict[str, str] = {}
    for part in text.strip().removeprefix("RRULE:").rstrip(";").upper().split(";"):
        name, mark, value = (each.strip() for each in part.partition("="))
        if not mark or not value:
            raise RepeatError(f"{part!r} is not NAME=VALUE: write FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0")
        if name not in _PARTS:
            raise RepeatError(f"{name!r} is not supported: use {', '.join(_PARTS)}")
        if name in parts:
            raise RepeatError(f"{name} is given twice")
        parts[name] = value
    if parts.get("FREQ") not in _FREQUENCIES:
        raise RepeatError(f"FREQ={parts.get('FREQ', '')} is not valid: use one of {', '.join(_FREQUENCIES)}")
    _check_values(parts)
    _check_days(parts)
    return Repeat(parts, ZoneInfo(zone))


def _check_values(parts: Mapping[str, str]) -> None:
    for name, (least, most) in _NUMBERS.items():
        values = parts[name].split(",") if name in parts else []
        if len(values) > 1 and name in _SINGLE:
            raise RepeatError(f"{name} has one value only")
        for value in values:
            if not re.fullmatch(r"[+-]?[0-9]{1,5}", value) or not least <= int(value) <= most:
                raise RepeatError(f"{name}={value} is not valid: use {least} to {most}")
            if int(value) == 0 and least < 0:
                raise RepeatError(f"{name}=0 is not valid")
    if "COUNT" in parts and "UNTIL" in parts:
        raise RepeatError("give either COUNT or UNTIL")
    if "UNTIL" in parts:
        _until(parts["UNTIL"], ZoneInfo("UTC"))
    each_day = 1
    for name in ("BYHOUR", "BYMINUTE", "BYSECOND"):
        each_day *= len(set(parts.get(name, "0").split(",")))
    if each_day > _A_DAY:
        raise RepeatError(f"BYHOUR, BYMINUTE and BYSECOND give {each_day} times a day; at most {_A_DAY} are allowed")


def _check_days(parts: Mapping[str, str]) -> None:
    if parts.get("WKST", "MO") not in _DAYS:
        raise RepeatError(f"WKST={parts['WKST']} is not valid: use one of {', '.join(_DAYS)}")
    for value in parts["BYDAY"].split(",") if "BYDAY" in parts else []:
        found = _DAY.fullmatch(value)
        if found is None or (found[1] is not None and not 1 <= abs(int(found[1])) <= 53):
            raise RepeatError(
                f"BYDAY={value} is not valid: use MO, TU, 1MO (the first Monday) or -1FR (the last Friday)"
            )
        if found[1] is not None and parts["FREQ"] not in ("MONTHLY", "YEARLY"):
            raise RepeatError(f"BYDAY={value} needs FREQ=MONTHLY or FREQ=YEARLY")
    if "BYSETPOS" in parts and not {"BYDAY", "BYMONTHDAY", "BYMONTH"} & set(parts):
        raise RepeatError("BYSETPOS needs BYDAY, BYMONTHDAY or BYMONTH")


def _until(text: str, zone: ZoneInfo) -> datetime:
    """Return the end as a time on the wall; a date is its whole day."""
    try:
        if not _UNTIL.fullmatch(text):
            raise ValueError(text)
        if text.endswith("Z"):
            moment = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            until = moment.astimezone(zone).replace(tzinfo=None)
        elif "T" in text:
            until = datetime.strptime(text, "%Y%m%dT%H%M%S")
        else:
            until = datetime.strptime(text, "%Y%m%d").replace(hour=23, minute=59, second=59)
    except (ValueError, OverflowError):
        raise RepeatError(f"UNTIL={text} is not valid: write UNTIL=20261231 or UNTIL=20261231T180000Z") from None
    if not 1970 <= until.year < 2399:
        raise RepeatError(f"UNTIL={text} is not valid: use a year from 1970 to 2398")
    return until


def _rule(parts: Mapping[str, str], first: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Return the times of a rule from ``first``, :data:`_LATER` years later than they are."""
    from dateutil import rrule as library  # not needed before the first campaign that repeats

    def numbers(name: str) -> list[int] | None:
        return sorted({int(value) for value in parts[name].split(",")}) if name in parts else None

    until = _until(parts["UNTIL"], zone) if "UNTIL" in parts else None
    rule: rrule = library.rrule(
        _FREQUENCIES[parts["FREQ"]],
        dtstart=first.replace(second=0, microsecond=0, year=first.year + _LATER),
        interval=int(parts.get("INTERVAL", "1")),
        wkst=_DAYS.index(parts.get("WKST", "MO")),
        count=int(parts["COUNT"]) if "COUNT" in parts else None,
        until=until.replace(year=until.year + _LATER) if until is not None else None,
        bysetpos=numbers("BYSETPOS"),
        bymonth=numbers("BYMONTH"),
        bymonthday=numbers("BYMONTHDAY"),
        byweekday=_weekdays(parts["BYDAY"]) if "BYDAY" in parts else None,
        byhour=numbers("BYHOUR"),
        byminute=numbers("BYMINUTE"),
        bysecond=numbers("BYSECOND"),
    )
    return iter(rule)


def _weekdays(text: str) -> list[weekday]:
    from dateutil import rrule as library

    found: list[weekday] = []
    for value in text.split(","):
        match = _DAY.fullmatch(value)
        assert match is not None
        day = library.weekday(_DAYS.index(match[2]))
        found.append(day if match[1] is None else day(int(match[1])))
    return found
