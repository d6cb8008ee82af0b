"""Why a message has not gone yet: in one word, in one sentence, and until when where that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gsmgw.model import MessageRecord, Status
from gsmgw.outbound.queue.router import target_of
from gsmgw.outbound.worker.worker import Worker


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a message has not gone yet; ``until_ms`` is UTC."""

    word: str
    sentence: str
    until_ms: int | None = None


def explain(message: MessageRecord, workers: Sequence[Worker], now_ms: int, *, parked: bool) -> Waiting | None:
    """Why an outbound message has not gone yet; None when it is not waiting.

    ``workers`` are those of the modems that its route allows; ``parked`` says that another message to its recipient is
    being sent.
    """
    if message.status is Status.SCHEDULED:
        return not_yet(message.send_at_ms)
    if message.status is Status.UNKNOWN and message.due_ms is None:
        return Waiting("held", message.waiting or "outcome unknown; decide with `gsmgw resolve ID`")
    if message.status is Status.UNKNOWN:
        return Waiting("evidence", message.waiting or "evidence is awaited", message.due_ms)
    if message.status is not Status.QUEUED:
        return None
    if message.due_ms is not None:
        return Waiting("retry", message.waiting or "it is tried again later", message.due_ms)
    return obstacle(message.route, workers, now_ms) or turn(workers, parked=parked)


def not_yet(send_at_ms: int | None) -> Waiting:
    """Why a scheduled message waits."""
    return Waiting("scheduled", "its time has not come", send_at_ms)


def obstacle(route: str, workers: Sequence[Worker], now_ms: int) -> Waiting | None:
    """What keeps all messages of a route back, if anything does."""
    if not workers:
        modem, pool = target_of(route)
        what = f"modem named {modem!r}" if modem else f"modem in the pool {pool!r}" if pool else "modem"
        return Waiting("modem", f"there is no {what}")
    fit = [worker for worker in workers if worker.handle.status.state.carries]
    if not fit:
        states = "; ".join(
            f"{worker.name} is {worker.handle.status.state}: {worker.handle.status.detail}" for worker in workers[:3]
        )
        return Waiting("modem", states)
    limits = [worker.paused_until_ms() for worker in fit]
    if all(limits):
        until_ms = min(limit for limit in limits if limit is not None)
        return Waiting("limit", "the limit of every modem that may carry it is reached", until_ms)
    if all(worker.resting_s() > 0 for worker in fit):
        until_ms = now_ms + round(min(worker.resting_s() for worker in fit) * 1000)
        return Waiting("rest", "every modem that may carry it rests after a failure", until_ms)
    return None


def turn(workers: Sequence[Worker], *, parked: bool) -> Waiting:
    """Why a message that nothing keeps back has not gone at this moment."""
    if parked:
        return Waiting("order", "an earlier message to the same recipient is being sent")
    if any(worker.idle for worker in workers if worker.handle.status.state.carries):
        return Waiting("turn", "a modem is taking it")
    return Waiting("turn", "earlier messages go first")
