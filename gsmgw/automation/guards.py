"""The guards that keep automatic answers from running in circles. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

#: Automatic answers to a number until a person or a campaign texts it.
ANSWERS_IN_A_ROW = 5
#: Identical texts of a number in an hour that end the answers.
IDENTICAL_TEXTS = 3
#: Time between two answers to a number, milliseconds: the second one waits.
PAUSE_MS = 10_000
#: Automatic messages of the gateway in an hour.
BUDGET = 200
HOUR_MS = 3_600_000


class Suppressed(StrEnum):
    """Why an automatic answer is not sent."""

    ANSWERS_IN_A_ROW = "answers_in_a_row"
    IDENTICAL_TEXTS = "identical_texts"
    BUDGET = "budget"
    NOT_A_PERSON = "not_a_person"
    OWN_SIM = "own_sim"
    OPTED_OUT = "opted_out"
    EMPTY_FIELD = "empty_field"
    NO_TARGET = "no_target"
    #: The text is not a value of the field.
    NO_VALUE = "no_value"
    #: An answer of a rule whose field could not be set.
    NOT_SET = "not_set"
    #: The sender is or was in the drip; only a person enrolls somebody again.
    ENROLLED = "enrolled"


@dataclass(frozen=True, slots=True)
class Traffic:
    """Messages exchanged between the gateway and a number. ``last_ms`` is when the last answer goes or went.

    ``to_campaign``: the last message to the number was the text of a campaign, which nothing has answered yet.
    """

    answers_in_a_row: int
    identical_texts: int
    in_the_last_hour: int
    last_ms: int | None
    to_campaign: bool = False


def check_answer(number: str, traffic: Traffic, own_numbers: Collection[str]) -> Suppressed | None:
    """Return why an answer to a number is not sent; None if it is."""
    if not number.startswith("+"):
        return Suppressed.NOT_A_PERSON
    if number in own_numbers:
        return Suppressed.OWN_SIM
    if traffic.identical_texts >= IDENTICAL_TEXTS:
        return Suppressed.IDENTICAL_TEXTS
    if traffic.answers_in_a_row >= ANSWERS_IN_A_ROW:
        return Suppressed.ANSWERS_IN_A_ROW
    # A campaign that names a keyword may bring hundreds of answers; one to each of its texts is not a loop.
    if traffic.in_the_last_hour >= BUDGET and not traffic.to_campaign:
        return Suppressed.BUDGET
    return None


def answer_at_ms(now_ms: int, traffic: Traffic) -> int | None:
    """Return when an answer goes; None for now."""
    if traffic.last_ms is None or traffic.last_ms + PAUSE_MS <= now_ms:
        return None
    return traffic.last_ms + PAUSE_MS
