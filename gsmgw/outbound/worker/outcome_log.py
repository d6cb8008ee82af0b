"""Records what becomes of messages and segments, in order, and tells the queue once it is on disk."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from gsmgw.errors import StoreFault, SubmitError
from gsmgw.model import MessageError, Outgoing, format_id
from gsmgw.model.events import SubmitLateRefusal
from gsmgw.model.routes import to_modem
from gsmgw.outbound.worker.inflight import Delay, InflightSet, Queue
from gsmgw.outbound.worker.jobs import Claim, Job, both, describe, internal_error
from gsmgw.outbound.worker.policy import Action
from gsmgw.outbound.worker.verdict import Verdict
from gsmgw.ports import Clock, ModemHandle
from gsmgw.store import Blocked, Gone, PendingWrites, Tx, consent_changes, late_refusals, outbox

T = TypeVar("T")

log = logging.getLogger(__name__)

#: +CMS ERROR: 197, the service centre's TP-FCS C5: "SM rejected - duplicate SM" (TS 23.040 9.2.3.22).
DUPLICATE_CMS = 197


class OutcomeLog:
    """The outcomes of one modem's worker."""

    def __init__(
        self,
        handle: ModemHandle,
        clock: Clock,
        queue: Queue,
        inflight: InflightSet,
        writes: PendingWrites,
        grace_ms: int,
    ) -> None:
        self._handle = handle
        self._clock = clock
        self._queue = queue
        self._inflight = inflight
        self._writes = writes
        self._grace_ms = grace_ms

    async def settle(self, most: int = 0) -> None:
        """Wait until at most ``most`` outcomes are not on disk."""
        await self._writes.settle(most)

    def deferred(self, message: Outgoing, delay: Delay) -> None:
        """A limit, or the hour at the recipient's, puts a message off."""
        due_ms = delay.until_ms
        deferral = partial(
            outbox.defer, now_ms=self._clock.wall_ms(), message_id=message.id, due_ms=due_ms, waiting=delay.why
        )
        self._writes.record(deferral, then=lambda _: self._queue.due(due_ms))
        self._queue.done(message)

    @contextmanager
    def isolated(self, message: Outgoing) -> Iterator[None]:
        """Record whatever the block raises as the failure of its message, so that others are not delayed."""
        try:
            yield
        except Exception as exc:
            log.exception("%s: message %s failed, internal error", self._handle.name, format_id(message.id))
            self.fault(message, exc)

    def gone(self, job: Job, gone: Gone) -> None:
        """The message of a job cannot be handed over: it has ended, or its recipient opted out."""
        if not isinstance(gone, Blocked):
            self._inflight.drop(job)
            return
        message, now_ms = job.message, self._clock.wall_ms()
        self._inflight.withdraw(job)

        def on_disk(enforced: consent_changes.Enforced) -> None:
            if enforced.queued is not None:
                self._queue.offer([enforced.queued])
            elif enforced.due_ms is not None:
                self._queue.due(enforced.due_ms)

        enforce = partial(consent_changes.enforce, now_ms=now_ms, message=message)
        unclaim = partial(outbox.unclaim, message_id=message.id, seqs=list(job.open))
        self._writes.record(both(unclaim, enforce), then=on_disk)
        self._queue.done(message)

    def fault(self, message: Outgoing, exc: Exception, job: Job | None = None) -> None:
        """A message cannot be prepared or begun because of a fault of ours: it has failed."""
        name = self._handle.name
        operation: Callable[[Tx], object] = partial(
            outbox.fail,
            now_ms=self._clock.wall_ms(),
            message_id=message.id,
            modem=name,
            error=internal_error(exc, name),
            to=message.to,
            client_ref=message.client_ref,
        )
        if job is not None:
            self._inflight.withdraw(job)
            operation = both(partial(outbox.unclaim, message_id=message.id, seqs=list(job.open)), operation)
        self._writes.record(operation)
        self._queue.done(message)

    def fault_while_sending(self, claim: Claim, exc: Exception) -> None:
        """A fault of ours came after the PDU may have left: the segment is in doubt."""
        self._inflight.withdraw(claim.job)
        self._writes.record(self._in_doubt(claim, exc), then=self._then(None, self._doubted))
        self._queue.done(claim.job.message)

    def sent(self, claim: Claim, reference: int) -> None:
        """The network accepted a segment."""
        operation = partial(
            outbox.segment_sent,
            now_ms=self._clock.wall_ms(),
            message=claim.job.message,
            seq=claim.seq,
            modem=self._handle.name,
            sim=claim.sim,
            claim=claim.number,
            reference=reference,
        )
        doubt = self._in_doubt(claim, StoreFault("its outcome could not be recorded"))
        self._writes.record(operation, then=self._then(claim, self._queue.offer), otherwise=doubt)

    def late(self, claim: Claim, message: Outgoing, reference: int) -> None:
        """A result came for a segment that had been given up, or shows that another one's result was taken for it."""

        def on_disk(queued: list[Outgoing]) -> None:
            if not any(other.id == message.id for other in queued):
                self._queue.withdraw(message.id)  # it may have been waiting to be sent again
            self._queue.offer(queued)

        operation = partial(
            outbox.late_result,
            now_ms=self._clock.wall_ms(),
            message=message,
            seq=claim.seq,
            sim=claim.sim,
            claim=claim.number,
            reference=reference,
        )
        self._writes.record(operation, then=self._then(claim, on_disk))

    def late_refused(self, claim: Claim, message: Outgoing, refusal: SubmitLateRefusal) -> None:
        """A refusal came for a segment that had been given up: it was not sent."""
        name = self._handle.name
        error = MessageError("refused_by_network", refusal.title, name, refusal.cms)

        def on_disk(settled: tuple[list[Outgoing], int | None]) -> None:
            queued, due_ms = settled
            self._queue.offer(queued)
            if due_ms is not None:
                self._queue.due(due_ms)

        operation = partial(
            late_refusals.late_refusal,
            now_ms=self._clock.wall_ms(),
            message=message,
            seq=claim.seq,
            modem=name,
            claim=claim.number,
            error=error,
            permanent=refusal.permanent,
        )
        self._writes.record(operation, then=self._then(claim, on_disk))

    def refused(self, claim: Claim, exc: SubmitError, verdict: Verdict) -> None:
        """The modem refused a segment, or did not confirm it; the rest of its message goes on by the verdict."""
        job, message, action = claim.job, claim.job.message, verdict.decision.action
        operation, due_ms = self._refusal(claim, exc, verdict)
        if job.open:
            operation = both(partial(outbox.unclaim, message_id=message.id, seqs=list(job.open)), operation)
        if action in (Action.HAND_BACK, Action.MOVE, Action.AGAIN):
            returned = self._inflight.returned(job, verdict.route)._replace(refusals=verdict.refusals)
            if action is not Action.HAND_BACK:
                returned = returned._replace(attempts=message.attempts + 1)
            self._writes.record(operation, then=self._then(claim, lambda _: self._queue.give_back(returned)))
            return
        # A modem that has not heard from the network keeps the copy: it may tell later.
        keeps_copy = action is Action.AWAIT and exc.silent

        def on_disk(queued: list[Outgoing] | None) -> None:
            self._queue.offer(queued or ())
            if due_ms is not None:
                self._queue.due(due_ms)

        self._writes.record(operation, then=self._then(None if keeps_copy else claim, on_disk))
        self._queue.done(message)

    def _refusal(
        self, claim: Claim, exc: SubmitError, verdict: Verdict
    ) -> tuple[Callable[[Tx], list[Outgoing] | None], int | None]:
        """Return the record of an unconfirmed segment, and the time of the next look at its message, if any."""
        action, name, now_ms = verdict.decision.action, self._handle.name, self._clock.wall_ms()
        message, seq, error = claim.job.message, claim.seq, describe(exc, name)
        if action is Action.AWAIT:
            due_ms = now_ms + self._grace_ms
            if exc.cms == DUPLICATE_CMS:
                return lambda tx: outbox.segment_rejected_as_duplicate(
                    tx, now_ms, message, seq, claim.sim, error=error, due_ms=due_ms, route=to_modem(name)
                ), due_ms
            # A modem that has not heard from the network keeps a copy that says no more than it said itself.
            return lambda tx: outbox.segment_unknown(
                tx, now_ms, message, seq, error=error, due_ms=due_ms, copy_tells=exc.silent, owed=exc.overdue
            ), due_ms
        if action is Action.FAIL:
            return lambda tx: outbox.segment_failed(tx, now_ms, message, seq, name, claim.sim, error=error), None
        retry_ms = now_ms + round(verdict.decision.pause_s * 1000) if action is Action.RETRY else None
        return lambda tx: outbox.segment_refused(
            tx,
            now_ms,
            message,
            seq,
            claim.sim,
            error=error,
            due_ms=retry_ms,
            waiting=exc.title,
            charged=action is not Action.HAND_BACK,
            route=verdict.route,
            refusals=verdict.refusals,
            tpdus=verdict.tpdus,
        ), retry_ms

    def _in_doubt(self, claim: Claim, exc: Exception) -> Callable[[Tx], list[Outgoing]]:
        """Return the record of a segment that may have been sent and whose outcome cannot be saved."""
        now_ms = self._clock.wall_ms()
        return partial(
            outbox.segment_unknown,
            now_ms=now_ms,
            message=claim.job.message,
            seq=claim.seq,
            error=internal_error(exc, self._handle.name),
            due_ms=now_ms + self._grace_ms,
        )

    def _doubted(self, queued: Sequence[Outgoing]) -> None:
        """A segment is in doubt on disk: the timer looks when to settle it."""
        self._queue.offer(queued)
        self._queue.due(self._clock.wall_ms() + self._grace_ms)

    def _then(self, claim: Claim | None, then: Callable[[T], object]) -> Callable[[T], None]:
        """Finish a saved outcome: delete the stored copy of that claim, if there is one."""

        def on_disk(value: T) -> None:
            if claim is not None and claim.copy is not None:
                self._handle.forget_copy(*claim.copy)
            then(value)

        return on_disk
