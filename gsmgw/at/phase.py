"""The phases of a command."""

from __future__ import annotations

from enum import Enum, auto


class Phase(Enum):
    """The phase of the command in flight."""

    IDLE = auto()
    ANSWER = auto()
    PROMPT = auto()
    PROMPTED = auto()  #: the prompt is there, the payload has not been written
    PAYLOAD = auto()  #: the payload has been written, the final result is awaited
    STALE = auto()  #: given up: responses are not trusted until ``Dialogue.settled``
