"""Types of command line values: times, durations and names."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import click

from gsmgw.digits import is_digits

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"([0-9]{1,12})([smhdw]?)")


def _seconds(text: str) -> int:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return int(match[1]) * _UNITS[match[2] or "s"]


class Duration(click.ParamType[int]):
    """A duration in seconds: ``90``, ``90s``, ``15m``, ``2h``, ``3d``, ``1w``."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the duration in seconds."""
        if isinstance(value, int):
            return value
        try:
            return _seconds(str(value).strip())
        except ValueError:
            self.fail(f"{value!r} is not a valid duration: write 90s, 15m, 2h, 3d or 1w", param, ctx)


class Moment(click.ParamType[str]):
    """A time: ``2026-12-24T18:00``, ``18:00``, ``+2h`` or ``-2h``; local time unless it names a zone.

    ``18:00`` is the next such time, or with ``past`` the latest one. Without ``past``, a time that is over is refused.
    """

    name = "time"

    def __init__(self, *, past: bool = False) -> None:
        self._past = past

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the time in RFC 3339 with a zone."""
        text, now = str(value).strip(), datetime.now().astimezone()
        try:
            moment = self._moment(text, now)
            moment = moment if moment.tzinfo else moment.astimezone()
        except (ValueError, OverflowError):
            example = "18:00 or -2h" if self._past else "18:00 or +2h"
            self.fail(f"{text!r} is not a valid time: write 2026-12-24T18:00, {example}", param, ctx)
        if moment < now and not self._past:
            self.fail(f"{moment.astimezone():%Y-%m-%d %H:%M} is in the past. To send now, leave it out", param, ctx)
        return moment.isoformat()

    def _moment(self, text: str, now: datetime) -> datetime:
        if text[:1] in ("+", "-"):
            duration = timedelta(seconds=_seconds(text[1:]))
            return now + duration if text[0] == "+" else now - duration
        if not re.fullmatch(r"[0-9]{1,2}:[0-9]{2}", text):
            return datetime.fromisoformat(text)
        hour, minute = map(int, text.split(":"))
        moment = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        if self._past:
            return moment if moment <= now else moment - timedelta(days=1)
        return moment if moment > now else moment + timedelta(days=1)


class EventOrMoment(click.ParamType[int | str]):
    """An event ID, or a time in the past."""

    name = "event|time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Return the event ID, or the time in RFC 3339 with a zone."""
        text = str(value).strip()
        return int(text) if is_digits(text) else PAST.convert(text, param, ctx)


class Name(click.ParamType[str]):
    """The name or ID of one object; an empty one would address the whole collection."""

    name = "name"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the value unchanged if it is not empty."""
        if not str(value):
            self.fail("must not be empty", param, ctx)
        return str(value)


DURATION = Duration()
MOMENT = Moment()
PAST = Moment(past=True)
EVENT_OR_MOMENT = EventOrMoment()
NAME = Name()
#: The states of a sent message.
STATUSES = (
    "scheduled", "queued", "sending", "sent", "delivered", "undelivered", "unknown", "failed", "expired", "canceled",
)  # fmt: skip
