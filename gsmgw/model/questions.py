"""Open questions: the next text of a person sets a field of the contact."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

#: A question can be answered for at most that long, hours.
MAX_HOURS = 72


@dataclass(frozen=True, slots=True)
class Ask:
    """A text that asks. ``thanks`` and ``again`` are texts of answers: None is the default text, empty sends none."""

    field: str
    hours: int = MAX_HOURS
    thanks: str | None = None
    again: str | None = None


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question that was sent to a number. ``unreadable`` counts answers that could not be read."""

    number: str
    ask: Ask
    message_id: int
    asked_ms: int
    until_ms: int
    unreadable: int = 0


class Closed(StrEnum):
    """Why a question ended without an answer."""

    EXPIRED = "expired"
    REPLACED = "replaced"  #: a later question to the same number
    UNREADABLE = "unreadable"
    OPTED_OUT = "opted_out"
    REMOVED = "removed"  #: by hand, or the field was deleted
