"""Consent: purposes of messages, and what a person said about being texted."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

#: The list of everything: who opted out of it is not texted at all.
EVERYTHING = "*"

#: The purpose of a message, as the API and the command line name it.
PurposeWord = Literal["transactional", "marketing", "conversation"]


class Purpose(StrEnum):
    """Why a message is sent."""

    TRANSACTIONAL = "transactional"  #: a code, a reminder, an order: the default
    MARKETING = "marketing"  #: a campaign, a newsletter
    CONVERSATION = "conversation"  #: an answer to a person


class ConsentState(StrEnum):
    """The present consent of a number to a list."""

    IN = "in"
    CONFIRMED = "confirmed"  #: double opt-in: the question was answered with yes
    OUT = "out"


class ConsentAction(StrEnum):
    """An entry of the trail of a number."""

    IN = "in"
    OUT = "out"
    CONFIRMED = "confirmed"
    ASKED = "asked"  #: double opt-in: the question was sent
    SUSPECTED = "suspected"  #: perhaps an opt-out; a person decides
    IMPORT = "import"
    MANUAL = "manual"  #: a person decided
    ERASED = "erased"


class ConsentVerdict(StrEnum):
    """The meaning of a received text for consent."""

    STOP = "stop"
    START = "start"
    CONFIRMED = "confirmed"  #: the answer to a double opt-in question
    HELP = "help"
    SUSPECTED = "suspected"


class Block(StrEnum):
    """Why a text may not go to a number."""

    OPTED_OUT = "opted_out"
    SUSPECTED = "suspected"
