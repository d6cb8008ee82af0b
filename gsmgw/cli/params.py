"""Kinds of command line values: moments and spans of time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import click

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SPAN = re.compile(r"(\d+)([smhdw]?)")


class Span(click.ParamType[int]):
    """``90``, ``90s``, ``15m``, ``2h``, ``3d``, ``1w``: seconds."""

    name = "span"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """To seconds."""
        if isinstance(value, int):
            return value
        match = _SPAN.fullmatch(str(value).strip())
        if match is None:
            self.fail(f"{value!r} is no span of time: write 90s, 15m, 2h, 3d or 1w", param, ctx)
        return int(match[1]) * _UNITS[match[2] or "s"]


class Moment(click.ParamType[str]):
    """``2026-12-24T18:00``, ``18:00`` (the next one) or ``+2h``; local time where no zone is given."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """To RFC 3339 with a zone."""
        text = str(value).strip()
        now = datetime.now().astimezone()
        if text.startswith("+"):
            return (now + timedelta(seconds=Span().convert(text[1:], param, ctx))).isoformat()
        try:
            if re.fullmatch(r"\d{1,2}:\d{2}", text):
                hour, minute = map(int, text.split(":"))
                moment = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
                return (moment if moment > now else moment + timedelta(days=1)).isoformat()
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is no time: write 2026-12-24T18:00, 18:00 or +2h", param, ctx)
        return (moment if moment.tzinfo else moment.astimezone()).isoformat()


SPAN = Span()
MOMENT = Moment()
