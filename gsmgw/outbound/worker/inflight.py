"""The messages one worker has begun and the segments it has claimed, and how they are handed back.

The order of claims is the order on the wire: what TP-MR says after a crash rests on that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from gsmgw.model import ON_AIR, Outgoing, Priority, SegmentStatus
from gsmgw.model.routes import to_modem
from gsmgw.outbound.worker.jobs import Claim, Job, both, cut, retrieve
from gsmgw.ports import Clock, ModemHandle
from gsmgw.store import PendingWrites, Store, concat_references, outbox, queue_reads


@dataclass(frozen=True, slots=True)
class Delay:
    """A message may not go before that moment, and why, as a sentence."""

    until_ms: int
    why: str


class Queue(Protocol):
    """The part of the scheduler that a worker uses."""

    def take(self, modem: str, above: Priority | None) -> Outgoing | None:
        """The next message for that modem; only of a class before ``above`` where that is given."""

    def take_ahead(self, modem: str) -> Outgoing | None:
        """One more message for that modem, where no other modem would be there for it."""

    def has_untried(self, modem: str) -> bool:
        """True if a message that no modem has refused waits for that modem."""

    def around(self, message: Outgoing, modem: str) -> str | None:
        """The route of a message that this modem refused; None when no other that is fit may carry it."""

    def delay(self, message: Outgoing, now_ms: int) -> Delay | None:
        """Until when the hour at its recipient's holds a message back; None when it does not."""

    def done(self, message: Outgoing) -> None:
        """The message is out of the worker's hands, and ended or deferred."""

    def give_back(self, message: Outgoing) -> None:
        """The message is out of the worker's hands, and queued for whoever comes next."""

    def offer(self, messages: Sequence[Outgoing]) -> None:
        """Messages were queued again."""

    def withdraw(self, message_id: int) -> None:
        """A message has ended, or is settled, and is not handed out any more."""

    def due(self, moment_ms: int) -> None:
        """Something on disk is due at that moment."""


class InflightSet:
    """Jobs: messages of which segments are still to be claimed, the last one opened last. Claims: segments committed
    as ``sending`` that have not left, in their order.
    """

    def __init__(self, handle: ModemHandle, store: Store, clock: Clock, queue: Queue, outcomes: PendingWrites) -> None:
        self.jobs: list[Job] = []
        self.claims: list[Claim] = []
        self._handle = handle
        self._store = store
        self._clock = clock
        self._queue = queue
        self._outcomes = outcomes

    @property
    def is_empty(self) -> bool:
        """True if nothing was begun or claimed."""
        return not self.claims and not self.jobs

    async def prepare(self, message: Outgoing) -> Job | None:
        """Cut a message into segments, or take up those it was cut into before; None when there is nothing to do.

        Raises :class:`StoreError`.
        """
        if message.cut:
            rows = await self._store.read_for_queue(lambda db: queue_reads.segments_of(db, message.id))
            todo = [row.seq for row in rows if row.status is SegmentStatus.QUEUED]
            if rows and not todo:
                self._queue.done(message)
                return None
            if rows:
                on_air = any(row.status in ON_AIR for row in rows)
                return Job(message, {row.seq: row.tpdu for row in rows}, todo, [], stored=True, split=on_air)
        reference, bits = 0, 8
        if message.segments > 1:
            now_ms = self._clock.wall_ms()
            reference, bits = await self._store.write(
                lambda tx: concat_references.next_reference(tx, now_ms, message.to)
            )
        return cut(message, self._clock.wall_ms(), reference, bits)

    def claim(self, job: Job) -> Claim:
        """Commit that the job's next segment is about to leave; does not wait for the disk."""
        seq = job.todo.pop(0)
        job.open.append(seq)
        if not job.todo:
            self.jobs.remove(job)
        status, now_ms = self._handle.status, self._clock.wall_ms()
        number = self._store.ids.next(now_ms)
        begin = partial(
            outbox.begin_segment,
            now_ms=now_ms,
            message=job.message,
            seq=seq,
            modem=self._handle.name,
            sim=status.sim,
            claim=number,
            own=status.number,
            first=not job.begun,
            tpdus=None if job.stored else list(job.tpdus.values()),
        )
        job.stored = job.begun = True
        began = self._store.write(begin)
        began.add_done_callback(retrieve)
        return Claim(job, seq, status.sim, number, began)

    # -- handing back ---------------------------------------------------------------------------------------------

    def pinned(self, job: Job) -> str | None:
        """The route of the rest of a long text that is on the air in part; None where it is free to go elsewhere."""
        return to_modem(self._handle.name) if job.split else None

    def returned(self, job: Job, route: str | None) -> Outgoing:
        """The message as it is in the queue now, by that route where one is given."""
        return job.message._replace(cut=job.stored, route=job.message.route if route is None else route)

    def withdraw(self, job: Job) -> None:
        """Take a job out of what is in hand."""
        self.claims = [claim for claim in self.claims if claim.job is not job]
        if job in self.jobs:
            self.jobs.remove(job)

    def drop(self, job: Job) -> None:
        """The message was taken back or settled elsewhere: nothing of it is sent."""
        self.withdraw(job)
        self._queue.done(job.message)

    def hand_back(self, job: Job) -> None:
        """Give up a message none of whose segments is with the modem now."""
        self.withdraw(job)
        if not job.begun:
            self._queue.give_back(job.message)
            return
        state, route = self._handle.status.state, self.pinned(job)
        operation = partial(
            outbox.hand_back,
            now_ms=self._clock.wall_ms(),
            message=job.message,
            waiting=None if state.carries else f"modem {self._handle.name} is {state}",
            route=route,
        )
        returned, claimed = self.returned(job, route), list(job.open)
        unclaim = partial(outbox.unclaim, message_id=job.message.id, seqs=claimed)
        self._outcomes.record(both(unclaim, operation), then=lambda _: self._queue.give_back(returned))

    def hand_back_claims(self, sending: Outgoing | None = None, to: str | None = None) -> None:
        """Give up what was committed ahead, all but the message that the modem is sending: the modem falters, or the
        recipient ``to`` opted out.
        """
        for job in {id(claim.job): claim.job for claim in self.claims}.values():
            if job.message is not sending and to in (None, job.message.to):
                self.hand_back(job)

    def hand_back_all(self) -> None:
        """The modem takes nothing for now: give up everything in hand."""
        for job in {id(job): job for job in (*(claim.job for claim in self.claims), *self.jobs)}.values():
            self.hand_back(job)
