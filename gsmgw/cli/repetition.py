"""Options that are repetitions in words."""

from __future__ import annotations

import click

from gsmgw.repetition import DateTriggerBody, read_repeat, read_trigger


class Repeat(click.ParamType[str]):
    """A repetition in words, or an RRULE."""

    name = "times"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the RRULE."""
        try:
            return read_repeat(str(value))
        except ValueError as exc:
            self.fail(f"{value!r}: {exc}", param, ctx)


class OnDate(click.ParamType[DateTriggerBody]):
    """A date of contacts in words."""

    name = "dates"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> DateTriggerBody:
        """Return the trigger as the API takes it."""
        try:
            return read_trigger(str(value))
        except ValueError as exc:
            self.fail(f"{value!r}: {exc}", param, ctx)


REPEAT = Repeat()
DATE_TRIGGER = OnDate()
