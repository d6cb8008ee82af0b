"""Drips: texts that follow one another after delays. Open questions."""

from __future__ import annotations

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from gsmgw.model.consent import Purpose
from gsmgw.model.drips import DripEnd
from gsmgw.wire.resources.common import Time, closed


@closed
class DripWindows(TypedDict):
    """When steps may be sent, in the recipient's time zone."""

    hours: str | None
    days: list[str]


@closed
class Ask(TypedDict):
    """The next text of the recipient sets a field. A text that is null is the default one, an empty one is not sent."""

    field: str
    hours: int
    thanks: str | None
    again: str | None


@closed
class DripStep(TypedDict):
    """One text of a drip."""

    delay: Annotated[str, Field(description="After the previous step: 30m, 1h, 3d, 2w or 2d 09:00")]
    text: NotRequired[str]
    template: NotRequired[str]


@closed
class DripPeople(TypedDict):
    """How many people get further steps, and how many left the drip, by reason."""

    active: int
    ended: dict[DripEnd, int]


@closed
class Drip(TypedDict):
    """A list of texts with delays."""

    name: str
    steps: list[DripStep]
    purpose: Purpose
    list: str | None
    ends_on_answer: bool
    late_hours: int
    windows: DripWindows
    paused: bool
    people: DripPeople
    created_at: Time
    changed_at: Time


@closed
class DripList(TypedDict):
    """All drips by name."""

    data: list[Drip]


@closed
class DripPerson(TypedDict):
    """Where a person stands in a drip."""

    drip: str
    number: str
    name: Annotated[str | None, Field(description="The name of the contact")]
    source: Annotated[str, Field(description="Who enrolled the person: api, rule or campaign")]
    reason: Annotated[DripEnd | None, Field(description="Why the person gets no further steps")]
    step: Annotated[int, Field(description="The next step, from 1; of somebody who left the drip, the last one")]
    steps: int
    due_at: Annotated[Time | None, Field(description="When the next step is due")]
    enrolled_at: Time
    ended_at: Time | None


@closed
class DripPersonPage(TypedDict):
    """People of a drip by number."""

    data: list[DripPerson]
    next_cursor: str | None


@closed
class DripPersonList(TypedDict):
    """The drips of one person, newest first."""

    data: list[DripPerson]


@closed
class DripEnrollment(TypedDict):
    """How many people are new in the drip."""

    enrolled: int
    drip: Drip


@closed
class DeletedDrip(TypedDict):
    """Effect of a deletion: people who get no further steps, and steps in the queue that are canceled."""

    ended: int
    canceled: int


@closed
class Question(TypedDict):
    """An open question: the next text of the number sets the field."""

    number: str
    name: Annotated[str | None, Field(description="The name of the contact")]
    field: str
    message_id: Annotated[str, Field(description="The text that asked")]
    unreadable: Annotated[int, Field(description="Answers that could not be read")]
    asked_at: Time
    expires_at: Time


@closed
class QuestionPage(TypedDict):
    """Open questions by number."""

    data: list[Question]
    next_cursor: str | None
