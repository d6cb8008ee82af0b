"""Why a message has not gone yet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class WaitReason(StrEnum):
    """The reason in one word, as the API has it."""

    SCHEDULED = "scheduled"  #: its time has not come
    QUEUED = "queued"  #: nothing holds it back: other messages go first, or a modem is taking it
    RECIPIENT_BUSY = "recipient_busy"  #: another message to the same recipient is being sent
    MODEM = "modem"  #: no modem of its route is ready, or exists
    LIMIT = "limit"  #: the limit of every modem of its route is reached
    COOLDOWN = "cooldown"  #: every modem of its route pauses after a failure
    RETRY = "retry"  #: it is tried again later
    EVIDENCE = "evidence"  #: not known yet whether the network accepted it
    HELD = "held"  #: that is not known, and a person decides


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a message has not gone yet: a word, a sentence, and until when (UTC milliseconds) where that is known."""

    reason: WaitReason
    sentence: str
    until_ms: int | None = None
