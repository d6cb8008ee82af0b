"""Opt-outs for tests of the queue, as received texts bring them."""

from __future__ import annotations

from gsmgw.model import EVERYTHING, ConsentAction, ConsentState
from gsmgw.store import consent_changes
from gsmgw.store.consent_changes import Change

from .desk import TO, Desk

_ACTIONS = {ConsentState.OUT: ConsentAction.OUT, ConsentState.IN: ConsentAction.IN}


async def say(work: Desk, state: ConsentState, number: str = TO, name: str = EVERYTHING) -> None:
    """Let a number opt out of a list, or join it."""
    now_ms = work.clock.wall_ms()
    what = Change(_ACTIONS[state], state, "sms")
    canceled = await work.store.write(lambda tx: consent_changes.change(tx, now_ms, number, name, what))
    if state is ConsentState.OUT:
        work.service.opted_out(number, canceled)


async def suspect(work: Desk, number: str = TO) -> None:
    """Let a number say something that may be an opt-out."""
    now_ms = work.clock.wall_ms()
    what = Change(ConsentAction.SUSPECTED, None, "sms", "stop", "stop this bill")
    await work.store.write(lambda tx: consent_changes.suspect(tx, now_ms, number, what))


async def dismiss(work: Desk, number: str = TO) -> None:
    """Let a person dismiss the suspicion."""
    now_ms = work.clock.wall_ms()
    what = Change(ConsentAction.MANUAL, None, "api")
    assert await work.store.write(lambda tx: consent_changes.dismiss(tx, now_ms, number, what))
    work.service.look_again(now_ms)
