"""Types of fields in request bodies and query parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Strict,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from gsmgw.http.problems import Problem
from gsmgw.model import parse_id
from gsmgw.wire.problems import ProblemCode

#: RFC 3339 5.6, and what else is clear: no seconds, a comma, a zone without its colon. A + in a query is a space.
_MOMENT = re.compile(
    r"(?P<minute>\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d)(?:(?P<second>:\d\d)(?P<part>[.,]\d+)?)?"
    r"(?P<zone>[Zz]|[+ -](?:[01]\d|2[0-3]):?[0-5]\d)?",
    re.ASCII,
)
_YEARS = range(1970, 2200)


def _no_surrogates(value: Any) -> Any:
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode("utf-16", "strict")
        except UnicodeEncodeError as exc:
            raise ValueError(f"contains half of a surrogate pair at position {exc.start}") from None
    return value


def _rfc3339(value: Any) -> Any:
    """Parse a time. A number is refused: pydantic would read seconds since 1970, which nobody means here."""
    found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("is not a valid RFC 3339 time with a zone, for example 2026-12-24T18:00:00+01:00")
    minute, second, part, zone = found["minute"], found["second"] or ":00", found["part"] or "", found["zone"] or ""
    if int(minute[:4]) not in _YEARS:
        raise ValueError(f"is outside the years {_YEARS.start} to {_YEARS.stop - 1}")
    leaps = second == ":60"
    try:
        moment = datetime.fromisoformat(
            f"{minute}{':59' if leaps else second}{part.replace(',', '.')}{zone.replace(' ', '+').upper()}"
        )
    except ValueError as exc:
        raise ValueError(f"is not a valid time: {exc}") from None
    return moment + timedelta(seconds=1) if leaps else moment  # the clocks here do not know leap seconds


@dataclass(frozen=True, slots=True)
class Spelling:
    """A pattern of a string (in ``Annotated``), with what an error says in place of it."""

    pattern: str
    words: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Check after the string itself."""
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Show the pattern in the OpenAPI document."""
        return {**handler(schema), "pattern": self.pattern}

    def _check(self, value: str) -> str:
        if not re.search(self.pattern, value) or value.endswith("\n"):
            raise ValueError(self.words)
        return value


#: true or false, as JSON writes them: neither 0 nor "no".
Flag = Annotated[bool, Strict()]
Moment = Annotated[AwareDatetime, BeforeValidator(_rfc3339)]
Text = Annotated[str, BeforeValidator(_no_surrogates)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=64)]
#: The ID of an event, or of a row of a log.
RowId = Annotated[int, Field(ge=1, le=2**63 - 1)]
Limit = Annotated[int, Field(ge=1, le=1000, description="Maximum number of results")]


def ms_of(moment: datetime | None) -> int | None:
    """Return a time in UTC milliseconds."""
    return None if moment is None else round(moment.timestamp() * 1000)


def cursor_of(text: str | None) -> int | None:
    """Return the ID in the ``next_cursor`` of a page. Raises :class:`Problem`."""
    if text is None:
        return None
    number = parse_id(text)
    if number is None:
        detail = "is not a cursor of this list; use next_cursor of the previous page"
        raise Problem(
            ProblemCode.INVALID_REQUEST, f"cursor: {detail}", errors=[{"parameter": "cursor", "detail": detail}]
        )
    return number
