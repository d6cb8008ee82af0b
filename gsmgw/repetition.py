"""Repetitions as people write them: ``every monday 09:00``, ``2 days before appointment 10:00``."""

from __future__ import annotations

import re
from typing import TypedDict

from gsmgw.digits import is_digits
from gsmgw.wire import resources

_DAYS = {
    "monday": "MO", "tuesday": "TU", "wednesday": "WE", "thursday": "TH", "friday": "FR", "saturday": "SA",
    "sunday": "SU", "weekday": "MO,TU,WE,TH,FR", "weekend": "SA,SU",
}  # fmt: skip
_UNITS = {"day": "DAILY", "week": "WEEKLY", "month": "MONTHLY", "year": "YEARLY"}
_ADVERBS = {"daily": "DAILY", "weekly": "WEEKLY", "monthly": "MONTHLY", "yearly": "YEARLY"}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "last": -1, "other": 2}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_EXAMPLES = {
    "WEEKLY": "weekly on monday", "MONTHLY": "monthly on the 1st", "YEARLY": "yearly on the 24th of december"
}  # fmt: skip
_ENDS = re.compile(r"\b(?:until\s+([0-9]{4})-([0-9]{2})-([0-9]{2})|([0-9]{1,4})\s+times)\b", re.IGNORECASE)
_FILLERS = frozenset({"on", "at", "the", "of", "and", "in"})
_TIME = re.compile(r"([0-9]{1,2})[:.]([0-9]{2})(?![0-9])(?:\s?(am|pm)\b)?|([0-9]{1,2})\s?(am|pm)\b")
_NUMBERED = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th|\.)")
#: Time of the day of a date trigger that names none.
DEFAULT_TIME = "09:00"
#: Fields whose dates come every year, also without the word every.
_YEARLY = re.compile(r"birth|born|geburt|anniversary|jubil", re.IGNORECASE)
_DATED = re.compile(
    r"(?P<every>(?:every|each|yearly)\s+)?"
    r"(?:(?P<count>[0-9]{1,3}|a|one)\s+(?P<unit>days?|weeks?)\s+(?P<side>before|after)\s+(?:the\s+)?)?"
    r"(?:on\s+)?(?:the\s+)?(?P<field>[^\s0-9]\S*)(?:(?:\s+at)?\s+(?P<time>[0-9]\S*(?:\s?[ap]m)?))?",
    re.IGNORECASE,
)


class DateTriggerBody(TypedDict):
    """A date trigger as the API takes it."""

    field: str
    at: str
    days_before: int
    yearly: bool


def read_repeat(text: str) -> str:
    """Return the RRULE that words stand for; an RRULE stays. Raises ValueError that says what was not understood."""
    if "=" in text:
        return text.strip()
    end = _ENDS.search(text)
    words, clock = _without_time(_ENDS.sub(" ", text, count=1))
    rule = _rule([word for word in words if word not in _FILLERS])
    rule += f";BYHOUR={int(clock[:2])};BYMINUTE={int(clock[3:])};BYSECOND=0"
    if end is None:
        return rule
    return f"{rule};COUNT={end[4]}" if end[4] else f"{rule};UNTIL={end[1]}{end[2]}{end[3]}"


def _without_time(text: str) -> tuple[list[str], str]:
    lowered = text.lower().replace(",", " ")
    found = list(_TIME.finditer(lowered))
    if len(found) != 1:
        raise ValueError("give one time of the day, such as 09:00")
    (match,) = found
    return (lowered[: match.start()] + " " + lowered[match.end() :]).split(), _clock(match)


def _clock(match: re.Match[str]) -> str:
    hour, minute, half = int(match[1] or match[4]), int(match[2] or 0), match[3] or match[5]
    if not (hour < 24 if half is None else 1 <= hour <= 12) or minute > 59:
        raise ValueError(f"{match[0]!r} is not a time of the day")
    if half is not None:
        hour = hour % 12 + (12 if half == "pm" else 0)
    return f"{hour:02d}:{minute:02d}"


def _rule(words: list[str]) -> str:
    """Return the rule without its time."""
    if not words:
        raise ValueError("say how often: every day, every monday, monthly on the 1st")
    every = words[0] in ("every", "each")
    if every:
        words = words[1:]
    interval = 1
    if words and (is_digits(words[0]) or words[0] == "other"):
        interval = _ORDINALS.get(words[0]) or int(words[0])
        words = words[1:]
    by = f";INTERVAL={interval}" if interval > 1 else ""
    head, rest = (words[0], words[1:]) if words else ("", [])
    if head in _ADVERBS:
        return _calendar(_ADVERBS[head], by, rest)
    if every and head.removesuffix("s") in _UNITS:
        return _calendar(_UNITS[head.removesuffix("s")], by, rest)
    if days := _weekdays(words):
        return f"FREQ=WEEKLY{by};BYDAY={days}"
    if every and interval == 1:
        return _calendar("MONTHLY", "", words)  # every first friday, every 15th
    raise ValueError(f"{' '.join(words)!r} is not understood: write every monday, monthly on the 1st")


def _calendar(frequency: str, by: str, words: list[str]) -> str:
    """Return a rule of days, weeks, months or years with its days."""
    rule = f"FREQ={frequency}{by}"
    words = [word for word in words if word not in ("day", "month", "every", "each")]
    months = [word for word in words if word[:3] in _MONTHS and frequency == "YEARLY"]
    if months:
        rule += ";BYMONTH=" + ",".join(str(_MONTHS.index(word[:3]) + 1) for word in months)
        words = [word for word in words if word not in months]
    if not words:
        if months:
            raise ValueError(f"say which day of the month: {_EXAMPLES[frequency]}")
        if frequency in ("MONTHLY", "YEARLY", "WEEKLY"):
            raise ValueError(f"say which day: {_EXAMPLES[frequency]}")
        return rule
    if frequency in ("WEEKLY", "DAILY"):
        days = _weekdays(words)
        if days is None:
            raise ValueError(f"{' '.join(words)!r} is not a day of the week")
        return f"{rule};BYDAY={days}"
    return rule + _of_month(words)


def _of_month(words: list[str]) -> str:
    """Return the days of a month: 1st, 15., last; first monday."""
    if len(words) == 2 and words[0] in _ORDINALS and words[0] != "other" and (day := _weekdays(words[1:])):
        if "," in day:
            return f";BYDAY={day};BYSETPOS={_ORDINALS[words[0]]}"
        return f";BYDAY={_ORDINALS[words[0]]}{day}"
    days = []
    for word in words:
        match = _NUMBERED.fullmatch(word)
        if word in ("first", "last"):
            days.append(_ORDINALS[word])
        elif (match is not None or is_digits(word)) and 1 <= int(match[1] if match else word) <= 31:
            days.append(int(match[1] if match else word))
        else:
            raise ValueError(f"{word!r} is not a day of the month: write 1st, 15th or last")
    return ";BYMONTHDAY=" + ",".join(map(str, days))


def _weekdays(words: list[str]) -> str | None:
    """Return days of the week as RRULE has them; None if a word is none."""
    found: list[str] = []
    for word in words:
        plain = word.removesuffix("s")
        names = [name for name in _DAYS if name == plain or (len(plain) >= 3 and name.startswith(plain))]
        if not names or (plain not in _DAYS and plain in ("week", "weeken")):
            return None
        found.append(_DAYS[names[0]])
    return ",".join(found) or None


def read_trigger(text: str) -> DateTriggerBody:
    """Return the date trigger that words stand for. Raises ValueError that says what was not understood."""
    match = _DATED.fullmatch(text.replace("`", "").replace('"', "").strip())
    if match is None:
        raise ValueError("write FIELD TIME, such as birthday 09:00, or 2 days before appointment 10:00")
    time = _TIME.fullmatch((match["time"] or DEFAULT_TIME).lower())
    if time is None:
        raise ValueError(f"{match['time']!r} is not a time of the day: write 09:00")
    days = 0
    if match["side"] is not None:
        count = 1 if match["count"].lower() in ("a", "one") else int(match["count"])
        days = count * (7 if match["unit"].lower().startswith("week") else 1)
        days = days if match["side"].lower() == "before" else -days
    yearly = match["every"] is not None or _YEARLY.search(match["field"]) is not None
    return {"field": match["field"], "at": _clock(time), "days_before": days, "yearly": yearly}


def date_words(trigger: resources.CampaignDateTrigger) -> str:
    """Return a date trigger in words."""
    days = abs(trigger["days_before"])
    when = (
        f"{days} day{'s' if days != 1 else ''} {'before' if trigger['days_before'] > 0 else 'after'} "
        if days
        else "on "
    )
    again = "every year" if trigger["yearly"] else "once"
    return f"{when}{trigger['field']} at {trigger['at']} in their time zone, {again}"
