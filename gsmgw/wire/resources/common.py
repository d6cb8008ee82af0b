"""Pieces that resources of several subjects have."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypeAlias

from pydantic import ConfigDict, Field, JsonValue, with_config
from typing_extensions import TypedDict

#: Nothing but the keys that are listed.
closed = with_config(ConfigDict(extra="forbid"))
#: An object whose keys are not known here.
JsonObject: TypeAlias = dict[str, JsonValue]
#: A moment in RFC 3339.
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


@closed
class FieldError(TypedDict):
    """One error: in the body, by JSON pointer (RFC 6901), in a parameter, or in a file, by line and column.

    The column of a file is its name; the column of a segment is the number of a character.
    """

    pointer: NotRequired[str | None]
    parameter: NotRequired[str | None]
    line: NotRequired[int | None]
    column: NotRequired[str | int | None]
    detail: str


@closed
class ProblemDocument(TypedDict):
    """An error (RFC 9457). ``type`` is a page of this gateway that explains it."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: NotRequired[list[FieldError] | None]
