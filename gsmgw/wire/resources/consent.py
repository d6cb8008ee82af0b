"""Opt-outs, consent lists, and the trail of a number."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from gsmgw.model import ConsentAction, ConsentState
from gsmgw.wire.resources.common import Time, closed


@closed
class OptOut(TypedDict):
    """An opt-out. Its number is null if the person was erased."""

    number: str | None
    list: Annotated[str, Field(description='"*" is everything')]
    at: Time


@closed
class OptOutPage(TypedDict):
    """A page of opt-outs, newest number first."""

    data: list[OptOut]
    next_cursor: str | None


@closed
class OptOutOfNumber(TypedDict):
    """The lists that a number has opted out of."""

    number: str
    lists: list[OptOut]


@closed
class OptOutImportError(TypedDict):
    """A number that was not imported."""

    row: Annotated[int, Field(description="Its place in the request, from 0")]
    number: str
    detail: str


@closed
class OptOutImport(TypedDict):
    """The outcome of an import of opt-outs."""

    imported: int
    unchanged: Annotated[int, Field(description="Numbers that had opted out before")]
    errors: list[OptOutImportError]


@closed
class Suspect(TypedDict):
    """A number whose text may be an opt-out. Marketing to it is on hold until a person decides."""

    number: str | None
    at: Time
    keyword: str | None
    text: str | None
    message_id: str | None


@closed
class SuspectPage(TypedDict):
    """A page of suspects, newest number first."""

    data: list[Suspect]
    next_cursor: str | None


@closed
class ConsentStanding(TypedDict):
    """The present consent of a number to one list."""

    list: str
    state: ConsentState | None
    changed_at: Time | None
    suspected_at: Time | None
    asked_at: Time | None


@closed
class ConsentEntry(TypedDict):
    """One change of consent."""

    at: Time
    list: str
    action: ConsentAction
    state: ConsentState | None
    source: str
    keyword: str | None
    text: str | None
    reason: str | None
    message_id: str | None


@closed
class Consent(TypedDict):
    """The consent of a number, and how it came about, oldest first."""

    number: str
    lists: list[ConsentStanding]
    trail: list[ConsentEntry]


@closed
class ConsentList(TypedDict):
    """A list that people can join and opt out of. Texts are by language."""

    name: str
    keywords: list[str]
    double_opt_in: bool
    stop_reply: dict[str, str]
    start_reply: dict[str, str]
    help_reply: dict[str, str]
    question: dict[str, str]
    created_at: Time


@closed
class ConsentLists(TypedDict):
    """All lists."""

    data: list[ConsentList]
