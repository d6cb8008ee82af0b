"""Events of drips and of open questions."""

from __future__ import annotations

from dataclasses import dataclass

from gsmgw.model.events.types import EventData, EventType


@dataclass(slots=True)
class DripEnrolled(EventData):
    """A person was enrolled in a drip; ``due_ms`` is when the first step is due."""

    type = EventType.DRIP_ENROLLED
    drip: str
    number: str
    source: str
    due_ms: int


@dataclass(slots=True)
class DripStep(EventData):
    """A step (from 1) was accepted as a message, or is left out; ``skipped`` says why."""

    type = EventType.DRIP_STEP
    drip: str
    number: str
    step: int
    skipped: str | None = None
    detail: str | None = None


@dataclass(slots=True)
class DripEnded(EventData):
    """A person gets no further steps; ``reason`` says why."""

    type = EventType.DRIP_ENDED
    drip: str
    number: str
    reason: str


@dataclass(slots=True)
class DripStateChanged(EventData):
    """A drip was paused, resumed or deleted; ``people`` were active in it."""

    type = EventType.DRIP_STATE_CHANGED
    drip: str
    state: str
    people: int


@dataclass(slots=True)
class QuestionAsked(EventData):
    """A question was sent, and the next text of the number answers it."""

    type = EventType.QUESTION_ASKED
    number: str
    field: str
    until_ms: int


@dataclass(slots=True)
class QuestionAnswered(EventData):
    """An answer set a field of the contact."""

    type = EventType.QUESTION_ANSWERED
    number: str
    field: str
    value: str | int | float | bool


@dataclass(slots=True)
class QuestionUnreadable(EventData):
    """An answer is not a value of the field; the person was asked again, or ``asked_again`` is False."""

    type = EventType.QUESTION_UNREADABLE
    number: str
    field: str
    asked_again: bool
    detail: str


@dataclass(slots=True)
class QuestionClosed(EventData):
    """A question ended without an answer: ``expired``, ``replaced``, ``unreadable``, ``opted_out``, ``removed``."""

    type = EventType.QUESTION_CLOSED
    number: str
    field: str
    reason: str
