"""How a message goes on after its modem refused a segment, or did not confirm it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gsmgw.errors import SubmitError
from gsmgw.model import Outgoing
from gsmgw.model.routes import Route, is_conversation
from gsmgw.outbound.segmenting import without_validity
from gsmgw.outbound.worker.policy import Action, Decision, decide


@dataclass(frozen=True, slots=True)
class Verdict:
    """The policy's decision about a refusal.

    ``route`` is the message's from now on, None where it stays; ``refusals`` are all of the message, this one among
    them; ``tpdus`` replace those of segments that have not left.
    """

    decision: Decision
    route: str | None
    refusals: Mapping[str, int]
    tpdus: Mapping[int, bytes]


def judge(
    message: Outgoing,
    tpdus: Mapping[int, bytes],
    waiting: Iterable[int],
    exc: SubmitError,
    *,
    failures_in_a_row: int,
    detour: str | None,
    pinned: str | None,
    chance: float,
) -> Verdict:
    """Decide by the policy.

    ``waiting`` are the segments that have not left. ``failures_in_a_row`` counts those of the modem, this one among
    them. ``detour`` is the route around this modem, where another one may carry the message, ``pinned`` the route of
    a message of which a part has left. ``chance``, from 0 to 1, spreads the pauses.
    """
    refusals, cause = _counted(message, exc), exc.cause
    times = refusals.get(exc.refusal or "", 1)
    spent = cause is not None and cause.is_spent(times)
    shorter: dict[int, bytes] = {}
    if cause is not None and cause.without_validity and times == 1:
        shorter = {seq: tpdu for seq in waiting if (tpdu := without_validity(tpdus[seq])) != tpdus[seq]}
    decision = decide(
        exc.after(times),
        attempts=message.attempts + 1,
        failures_in_a_row=failures_in_a_row,
        chance=chance,
        others=detour is not None,
        first_pause_s=0.0 if cause is None else cause.pause_s,
        spent=spent,
        without_validity=bool(shorter),
    )
    route = _route(message, exc, decision, detour, pinned, spent=spent)
    return Verdict(decision, route, refusals, shorter)


def _route(
    message: Outgoing, exc: SubmitError, decision: Decision, detour: str | None, pinned: str | None, *, spent: bool
) -> str | None:
    """The route by which a message goes on."""
    conversation = is_conversation(message.route)
    if decision.action is Action.MOVE or (decision.action is Action.HAND_BACK and conversation):
        return detour
    if decision.action is not Action.RETRY:
        return pinned
    may_be_modems = exc.cause is not None and exc.cause.is_modems
    if may_be_modems and detour is not None and (spent or not conversation):
        return detour  # another modem tells whether it was this one
    # Where nothing of it has left, all that may carry it have refused: begin anew.
    return Route.parse(message.route).base if pinned is None else pinned


def _counted(message: Outgoing, exc: SubmitError) -> Mapping[str, int]:
    if exc.refusal is None:
        return message.refusals
    return {**message.refusals, exc.refusal: message.refusals.get(exc.refusal, 0) + 1}
