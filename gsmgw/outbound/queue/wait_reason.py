"""Why a message has not gone yet: in one word, in one sentence, and until when where that is known."""

from __future__ import annotations

from collections.abc import Sequence

from gsmgw.model import MessageRecord, Status, Waiting, WaitReason
from gsmgw.model.routes import target_of
from gsmgw.outbound.worker.remote_worker import RemoteWorker
from gsmgw.outbound.worker.worker import Worker


def explain(
    message: MessageRecord, workers: Sequence[Worker | RemoteWorker], now_ms: int, *, parked: bool
) -> Waiting | None:
    """Why an outbound message has not gone yet; None when it is not waiting.

    ``workers`` are those of the modems that its route allows; ``parked`` says that another message to its recipient is
    being sent.
    """
    if message.status is Status.SCHEDULED:
        return not_yet(message.send_at_ms)
    if message.status is Status.UNKNOWN and message.due_ms is None:
        return Waiting(WaitReason.HELD, message.waiting or "on hold: outcome unknown. Decide with `gsmgw resolve ID`")
    if message.status is Status.UNKNOWN:
        return Waiting(
            WaitReason.EVIDENCE, message.waiting or "checking whether the network accepted it", message.due_ms
        )
    if message.status is not Status.QUEUED:
        return None
    if message.due_ms is not None:
        return Waiting(WaitReason.RETRY, message.waiting or "will be retried later", message.due_ms)
    return obstacle(message.route, workers, now_ms) or turn(workers, parked=parked)


def not_yet(send_at_ms: int | None) -> Waiting:
    """Why a scheduled message waits."""
    return Waiting(WaitReason.SCHEDULED, "its sending time has not come", send_at_ms)


def obstacle(route: str, workers: Sequence[Worker | RemoteWorker], now_ms: int) -> Waiting | None:
    """The reason why all messages of a route wait, if there is one."""
    if not workers:
        modem, pool = target_of(route)
        if modem:
            return Waiting(WaitReason.MODEM, f"modem {modem!r} does not exist")
        return Waiting(WaitReason.MODEM, f"pool {pool!r} has no modem" if pool else "the gateway has no modem")
    fit = [worker for worker in workers if worker.handle.status.state.carries]
    if not fit:
        states = "; ".join(
            f"{worker.name} is {worker.handle.status.state}: {worker.handle.status.detail}" for worker in workers[:3]
        )
        return Waiting(WaitReason.MODEM, states)
    limits = [worker.paused_until_ms() for worker in fit]
    if all(limits):
        until_ms = min(limit for limit in limits if limit is not None)
        return Waiting(WaitReason.LIMIT, "every modem that may send it has reached its limit", until_ms)
    if all(worker.resting_s() > 0 for worker in fit):
        until_ms = now_ms + round(min(worker.resting_s() for worker in fit) * 1000)
        return Waiting(WaitReason.COOLDOWN, "every modem that may send it pauses after a failure", until_ms)
    return None


def turn(workers: Sequence[Worker | RemoteWorker], *, parked: bool) -> Waiting:
    """Why a message that nothing keeps back has not gone at this moment."""
    if parked:
        return Waiting(WaitReason.RECIPIENT_BUSY, "another message to the same recipient is being sent")
    if any(worker.idle for worker in workers if worker.handle.status.state.carries):
        return Waiting(WaitReason.QUEUED, "a modem is taking it")
    return Waiting(WaitReason.QUEUED, "waiting in the queue")
