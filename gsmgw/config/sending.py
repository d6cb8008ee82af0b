"""Settings of routes and sending hours."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from gsmgw.config.confidential import Confidential
from gsmgw.config.fields import CountryCode, Section, form


def _compiled(value: Any) -> Any:
    if isinstance(value, str):
        try:
            re.compile(value)
        except re.error as exc:
            raise ValueError(f"is not a valid regular expression: {exc}") from None
    return value


_Prefix = Annotated[str, form(r"\+?[0-9]{1,15}", 'must be the beginning of a number, for example "+4915"')]


class RouteSection(Section):
    """[[route]]: sends messages that match all its conditions through a modem or a pool; the first match wins."""

    prefix: Annotated[_Prefix | None, Confidential.PERSONAL] = None
    country: CountryCode | None = None
    tag: Annotated[str | None, Confidential.PERSONAL] = None
    client: Annotated[str | None, Confidential.PERSONAL] = None
    pattern: Annotated[str | None, BeforeValidator(_compiled), Confidential.PERSONAL] = None
    modem: str | None = None
    pool: str | None = None

    @model_validator(mode="after")
    def _one_target(self) -> RouteSection:
        if (self.modem is None) == (self.pool is None):
            raise ValueError("needs exactly one of modem and pool")
        return self


class PriceSection(Section):
    """[[price]]: what a segment costs; the first one that fits counts."""

    country: CountryCode | None = None
    modem: str | None = None
    per_segment: float = Field(ge=0, le=1000)


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_Hours = Annotated[
    str,
    form(
        r"([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]", 'must be two times, for example "08:00-21:00"'
    ),
]


class TimesSection(Section):
    """[times]: sending hours, in the recipient's time zone. Urgent messages are exempt."""

    hours: _Hours | None = None
    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = Field(default_factory=list)
    holidays: list[date] = Field(default_factory=list)
    classes: list[Literal["normal", "bulk"]] = Field(["normal", "bulk"])

    def window(self) -> tuple[time, time] | None:
        """Return the first and last time of the day."""
        if self.hours is None:
            return None
        since, _, until = self.hours.partition("-")
        return time.fromisoformat(since), time.fromisoformat(until)

    def weekdays(self) -> frozenset[int]:
        """Return the days as numbers; Monday is 0."""
        return frozenset(_DAYS.index(day) for day in self.days)
