"""Drips: lists of texts that follow one another after delays, and the people who are in them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum

from gsmgw.model.consent import Purpose
from gsmgw.model.rules import Hours

#: A step that is later than that is left out, hours.
LATE_HOURS = 24
#: The longest delay.
MAX_DELAY = timedelta(days=366)
_DELAY = re.compile(r"([0-9]{1,4})\s*([mhdw])(?:\s+([0-9]{1,2}:[0-9]{2}))?", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Delay:
    """The time after the previous step; with ``at``, that day at this time of the day."""

    after: timedelta
    at: time | None = None

    def due_ms(self, since_ms: int, zone: tzinfo) -> int:
        """Return when a step is due in a person's time zone. ``since_ms`` is when the previous step was due."""
        since = datetime.fromtimestamp(since_ms / 1000, UTC)
        if self.at is None:
            return since_ms + round(self.after.total_seconds() * 1000)
        local = since.astimezone(zone)
        due = datetime.combine(local.date() + self.after, self.at, zone)
        if due <= local:  # 0d 09:00 in the afternoon
            due = datetime.combine(due.date() + timedelta(days=1), self.at, zone)
        return round(due.timestamp() * 1000)


def parse_delay(text: str) -> Delay:
    """Return a delay from ``30m``, ``1h``, ``3d``, ``2w`` or ``2d 09:00``. Raises ValueError."""
    found = _DELAY.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a valid delay: write 30m, 1h, 3d, 2w or 2d 09:00")
    after = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if after > MAX_DELAY:
        raise ValueError(f"{text!r} is longer than {MAX_DELAY.days} days, the maximum")
    if found[3] is None:
        return Delay(after)
    if found[2] not in "dw":
        raise ValueError(f"{text!r} is not a valid delay: a time of the day follows days or weeks, as in 2d 09:00")
    try:
        hour, minute = found[3].split(":")
        return Delay(after, time(int(hour), int(minute)))
    except ValueError:
        raise ValueError(f"{found[3]!r} is not a valid time of the day: write 09:00") from None


@dataclass(frozen=True, slots=True)
class Step:
    """One text of a drip: a text of its own, or a saved template."""

    delay: str
    text: str = ""
    template: str | None = None


@dataclass(frozen=True, slots=True)
class Drip:
    """A list of steps. ``ends_on_answer``: a text of the person ends it. ``late_hours``: later steps are left out."""

    name: str
    steps: tuple[Step, ...]
    purpose: Purpose = Purpose.MARKETING
    list: str | None = None
    ends_on_answer: bool = True
    late_hours: int = LATE_HOURS
    hours: Hours | None = None


@dataclass(frozen=True, slots=True)
class SavedDrip:
    """A drip with its state. ``resumed_ms`` is when its last pause ended."""

    id: int
    drip: Drip
    paused: bool
    resumed_ms: int
    created_ms: int
    changed_ms: int


class DripEnd(StrEnum):
    """Why a person is not in a drip any more."""

    FINISHED = "finished"  #: got the last step
    ANSWERED = "answered"
    OPTED_OUT = "opted_out"
    REMOVED = "removed"  #: by hand
    CONTACT_GONE = "contact_gone"  #: the contact was deleted, or has another number


class StepSkipped(StrEnum):
    """Why a step is not sent to a person."""

    LATE = "late"
    NO_TEXT = "no_text"  #: a field is empty, or the template is gone
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Follower:
    """A person in a drip. ``step`` is the next one, from 0; ``planned`` is False until its time is known."""

    id: int
    drip_id: int
    number: str
    contact_id: int | None
    source: str
    reason: DripEnd | None
    step: int
    due_ms: int
    planned: bool
    enrolled_ms: int
    ended_ms: int | None
