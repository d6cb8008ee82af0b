"""Decide how a text goes on after a failed attempt. Pure: facts in, a decision out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gsmgw.errors import Disposition


class Action(StrEnum):
    """The next step of the queue."""

    FAIL = "fail"  #: end the message as failed
    RETRY = "retry"  #: put it back, not before ``pause_s``
    MOVE = "move"  #: put it back at once, for the other modems that may carry it
    AGAIN = "again"  #: put it back at once, without its validity
    HAND_BACK = "hand_back"  #: put it back uncharged, for any modem, and rest this one for ``rest_s``
    AWAIT = "await"  #: it may be on the air: wait for evidence


@dataclass(frozen=True, slots=True)
class Decision:
    """``pause_s`` is the message's, ``rest_s`` the modem's."""

    action: Action
    pause_s: float = 0.0
    rest_s: float = 0.0


#: Pauses before the next attempt, by how many were made; the last one repeats until the validity ends. Young
#: messages are tried again soon, because most passing errors pass within seconds (congestion, a cell change).
BACK_OFF_S = (5.0, 30.0, 120.0, 600.0, 1800.0)
#: The share of a pause that chance adds, so that a backlog does not return in step.
JITTER = 0.2
#: Pauses of a modem after failures in a row that were its own: slow start.
REST_S = (0.5, 2.0, 8.0, 30.0, 120.0)
#: An empty or barred account does not fill itself within seconds.
ACCOUNT_REST_S = 1800.0


def back_off_s(attempts: int, first_s: float = 0.0) -> float:
    """Return the pause after that many attempts. ``first_s`` is the first one where it is not the usual first one; the
    usual ones that are longer follow.
    """
    pauses = (first_s, *(pause for pause in BACK_OFF_S if pause > first_s)) if first_s else BACK_OFF_S
    return pauses[min(max(attempts, 1), len(pauses)) - 1]


def decide(
    disposition: Disposition,
    *,
    attempts: int,
    failures_in_a_row: int,
    chance: float,
    others: bool = False,
    first_pause_s: float = 0.0,
    spent: bool = False,
    without_validity: bool = False,
) -> Decision:
    """Decide about a message after an error of that disposition.

    ``attempts`` counts the charged attempts including this one, ``failures_in_a_row`` the modem's, ``chance`` is a
    number from 0 to 1 that spreads the pauses, ``others`` says that another modem is fit to carry it. The table of
    causes gives ``first_pause_s``, ``spent`` (the tries that a text gets with this code are used up) and
    ``without_validity`` (it may go without TP-VP, which it has).
    """
    pause_s = back_off_s(attempts, first_pause_s) * (1 + JITTER * chance)
    rest_s = REST_S[min(max(failures_in_a_row, 1), len(REST_S)) - 1]
    match disposition:
        case Disposition.NEVER if without_validity:
            return Decision(Action.AGAIN)
        case Disposition.NEVER:
            return Decision(Action.FAIL)
        case Disposition.ELSEWHERE if others:
            return Decision(Action.MOVE)
        case Disposition.LATER | Disposition.ELSEWHERE:
            return Decision(Action.RETRY, pause_s=pause_s)
        case Disposition.MODEM if spent:  # it may as well be the text's recipient: others do not wait for it
            return Decision(Action.RETRY, pause_s=pause_s)
        case Disposition.MODEM:
            return Decision(Action.HAND_BACK, rest_s=rest_s)
        case Disposition.ACCOUNT:
            return Decision(Action.HAND_BACK, rest_s=first_pause_s or ACCOUNT_REST_S)
        case Disposition.UNKNOWN:
            return Decision(Action.AWAIT, rest_s=rest_s)
