"""Kinds of command line values: moments and spans of time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import click

from gsmgw.digits import is_digits

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SPAN = re.compile(r"([0-9]{1,12})([smhdw]?)")


def _seconds(text: str) -> int:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return int(match[1]) * _UNITS[match[2] or "s"]


class Span(click.ParamType[int]):
    """``90``, ``90s``, ``15m``, ``2h``, ``3d``, ``1w``: seconds."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """To seconds."""
        if isinstance(value, int):
            return value
        try:
            return _seconds(str(value).strip())
        except ValueError:
            self.fail(f"{value!r} is no span of time: write 90s, 15m, 2h, 3d or 1w", param, ctx)


class Moment(click.ParamType[str]):
    """``2026-12-24T18:00``, ``18:00`` or ``+2h`` (``-2h``, too); local time where no zone is given.

    ``18:00`` is the next one, or with ``past`` the last one.
    """

    name = "time"

    def __init__(self, *, past: bool = False) -> None:
        self._past = past

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """To RFC 3339 with a zone."""
        text = str(value).strip()
        try:
            moment = self._moment(text, datetime.now().astimezone())
            return (moment if moment.tzinfo else moment.astimezone()).isoformat()
        except (ValueError, OverflowError):
            example = "18:00 or -2h" if self._past else "18:00 or +2h"
            self.fail(f"{text!r} is no time: write 2026-12-24T18:00, {example}", param, ctx)

    def _moment(self, text: str, now: datetime) -> datetime:
        if text[:1] in ("+", "-"):
            span = timedelta(seconds=_seconds(text[1:]))
            return now + span if text[0] == "+" else now - span
        if not re.fullmatch(r"[0-9]{1,2}:[0-9]{2}", text):
            return datetime.fromisoformat(text)
        hour, minute = map(int, text.split(":"))
        moment = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        if self._past:
            return moment if moment <= now else moment - timedelta(days=1)
        return moment if moment > now else moment + timedelta(days=1)


class EventOrMoment(click.ParamType[int | str]):
    """The number of an event, or a moment that has passed."""

    name = "event|time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """To an event's number, or to RFC 3339 with a zone."""
        text = str(value).strip()
        return int(text) if is_digits(text) else PAST.convert(text, param, ctx)


class Name(click.ParamType[str]):
    """What names one thing, a message or a modem; an empty one would name all of them."""

    name = "name"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The same, if it is one."""
        if not str(value):
            self.fail("is empty", param, ctx)
        return str(value)


SPAN = Span()
MOMENT = Moment()
PAST = Moment(past=True)
EVENT_OR_MOMENT = EventOrMoment()
NAME = Name()
