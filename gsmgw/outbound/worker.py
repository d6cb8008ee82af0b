"""One modem's worker: takes what may go next and sees it through, a segment at a time.

The order of things for one segment: AT+CMGS is on its way while ``sending`` is committed; the PDU leaves after both;
the outcome goes to the disk at once. A modem that is faster than the disk has its next segments committed ahead
(``claims``), so that it never waits for an fsync; they are handed back when it falters.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from gsmgw.errors import Disposition, StoreError, SubmitError
from gsmgw.model import ON_AIR, Outgoing, Priority, SegmentStatus
from gsmgw.outbound.jobs import Claim, InFlight, Job, both, cut, describe, retrieve
from gsmgw.outbound.outcomes import Outcomes
from gsmgw.outbound.pace import Pace
from gsmgw.outbound.pacing import DAY_MS, Limits, Pacer
from gsmgw.outbound.policy import Action, Decision, decide
from gsmgw.outbound.router import to_modem
from gsmgw.ports import Clock, ModemHandle
from gsmgw.store import Gone, Store, Tx, copies, lanes, outbox, requests

log = logging.getLogger(__name__)

#: A database that does not write is tried again after that time.
STORE_RETRY_S = 1.0
#: Segments committed ahead at the most: each is one more that a crash leaves in doubt.
CLAIMS_MAX = 8
#: A modem that takes this long for a segment needs nothing committed ahead, and gives up what it has.
SLOW_S = 1.0

_NOT_THE_MODEMS = (Disposition.NEVER, Disposition.LATER, Disposition.ELSEWHERE)


class Queue(Protocol):
    """What a worker needs of the scheduler."""

    def take(self, modem: str, above: Priority | None) -> Outgoing | None:
        """The next message for that modem; only of a class before ``above`` where that is given."""

    def take_ahead(self, modem: str) -> Outgoing | None:
        """One more message for that modem, where no other modem would be there for it."""

    def not_before_ms(self, message: Outgoing, now_ms: int) -> int | None:
        """When a message may be sent at its recipient's: ``now_ms`` or later; None when that never comes."""

    def done(self, message: Outgoing) -> None:
        """The message is out of the worker's hands, and ended or deferred."""

    def give_back(self, message: Outgoing) -> None:
        """The message is out of the worker's hands, and queued for whoever comes next."""

    def offer(self, messages: Sequence[Outgoing]) -> None:
        """Messages were queued again."""

    def due(self, moment_ms: int) -> None:
        """Something was deferred until then."""


class Worker:
    """Feeds one modem."""

    def __init__(
        self,
        handle: ModemHandle,
        store: Store,
        clock: Clock,
        queue: Queue,
        limits: Limits,
        pools: Sequence[Pacer],
        grace_ms: int,
        weight: float = 1.0,
    ) -> None:
        self.handle = handle
        self.in_flight: InFlight | None = None
        self.idle = False
        self._store = store
        self._clock = clock
        self._queue = queue
        self._weight = weight
        self._sent = 0
        self._grace_ms = grace_ms
        self._wake = asyncio.Event()
        self._stopping = False
        self._jobs: list[Job] = []
        self._claims: list[Claim] = []
        self._outcomes = Outcomes(store, handle.name)
        self._pace = Pace(store, clock, limits, pools)
        self._failures = 0
        self._rest_until_s = 0.0
        #: How long a segment takes lately; as if slow, until the first one shows.
        self._segment_s = SLOW_S

    @property
    def name(self) -> str:
        """The modem's."""
        return self.handle.name

    @property
    def load(self) -> float:
        """How much it has sent for its weight: of several idle modems the one with the least goes first."""
        return self._sent / self._weight

    @property
    def is_hungry(self) -> bool:
        """Whether it could take a message this moment."""
        return self.in_flight is None and not self._claims and not self._jobs and self.handle.status.state.carries

    def wake(self) -> None:
        """Something changed: the queue, the modem's state, the time."""
        self._wake.set()

    def stop(self) -> None:
        """End after the segment that is with the modem."""
        self._stopping = True
        self._wake.set()

    def paused_until_ms(self) -> int | None:
        """Until when the limits of the SIM hold back; None when they do not."""
        return self._pace.paused_until_ms()

    def resting_s(self) -> float:
        """How long the modem still rests after failures of its own."""
        return max(0.0, self._rest_until_s - self._clock.monotonic())

    # -- the loop -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until :meth:`stop` or cancellation; what was not begun goes back to the queue."""
        try:
            while not self._stopping:
                self._wake.clear()
                if not self.handle.status.state.carries:
                    self._hand_back_all()
                    await self._wait(None)
                elif (pause_s := self.resting_s()) > 0:
                    self._hand_back_all()
                    await self._wait(pause_s)
                else:
                    await self._turn()
        finally:
            self._hand_back_all()
            await self._outcomes.settle()

    async def _turn(self) -> None:
        """Send one segment, or wait for something to send or for leave to send it."""
        pause_s, urgent_pause_s = await self._pace.pauses_s(self.handle.status.sim)
        if urgent_pause_s > 0:
            self._hand_back_all()
            await self._wait(urgent_pause_s)
            return
        claim = await self._next_claim(only_urgent=pause_s > 0)
        if claim is not None:
            await self._send(claim)
        elif not self._wake.is_set():
            await self._wait(pause_s or None, idle=True)

    async def _wait(self, timeout_s: float | None, *, idle: bool = False) -> None:
        self.idle = idle
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._wake.wait()
        finally:
            self.idle = False

    # -- what goes next -------------------------------------------------------------------------------------------

    async def _next_claim(self, *, only_urgent: bool = False) -> Claim | None:
        """The segment that goes next: of what is in hand, unless a message of a higher class waits.

        With ``only_urgent`` the limits leave room for those only.
        """
        claimed = self._claims[0].job.message.priority if self._claims else None
        opened = self._jobs[-1].message.priority if self._jobs else None
        above = min((priority for priority in (claimed, opened) if priority is not None), default=None)
        if only_urgent:
            above = Priority.NORMAL if above is None else min(above, Priority.NORMAL)
        while (message := self._queue.take(self.name, above)) is not None:
            if self._defers(message):
                continue
            job = await self._prepare(message)
            if job is not None:
                # The order of claims is the order on the wire: what TP-MR says after a crash rests on that.
                self._hand_back_claims()
                self._jobs.append(job)
                return self._claim(job)
        if only_urgent and (above is None or above >= Priority.NORMAL):
            self._hand_back_all()
            return None
        if self._claims and (opened is None or claimed is None or claimed <= opened):
            return self._claims.pop(0)
        return self._claim(self._jobs[-1]) if self._jobs else None

    def _defers(self, message: Outgoing) -> bool:
        """Whether the hour at the recipient's, or a limit on recipients, puts a message off; then it is put off."""
        now_ms = self._clock.wall_ms()
        due_ms = self._queue.not_before_ms(message, now_ms)
        if due_ms is None:
            due_ms, why = now_ms + DAY_MS, "the sending times in the configuration never allow it"
        elif due_ms > now_ms:
            why = "it is outside the sending times at the recipient's"
        else:
            due_ms = self._pace.recipient_allowed_ms(message.to, now_ms)
            why = "the limit of different recipients in a day is reached"
        if due_ms <= now_ms:
            return False
        self._outcomes.record(partial(outbox.defer, now_ms=now_ms, message_id=message.id, due_ms=due_ms, waiting=why))
        self._queue.due(due_ms)
        self._queue.done(message)
        return True

    async def _prepare(self, message: Outgoing) -> Job | None:
        """Cut a message into segments, or take up those it was cut into before; None when there is nothing to do."""
        try:
            if message.cut:
                rows = await self._store.read(lambda db: lanes.segments_of(db, message.id))
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
                reference, bits = await self._store.write(lambda tx: requests.next_reference(tx, now_ms, message.to))
        except StoreError as exc:
            log.error("%s: %s", self.name, exc)
            self._rest(STORE_RETRY_S)
            self._queue.give_back(message)
            self._wake.set()
            return None
        return cut(message, self._clock.wall_ms(), reference, bits)

    def _claim(self, job: Job) -> Claim:
        """Commit that the job's next segment is about to leave; does not wait for the disk."""
        seq = job.todo.pop(0)
        job.open.append(seq)
        if not job.todo:
            self._jobs.remove(job)
        status, now_ms = self.handle.status, self._clock.wall_ms()
        number = self._store.ids.next(now_ms)
        begin = partial(
            outbox.begin_segment,
            now_ms=now_ms,
            message=job.message,
            seq=seq,
            modem=self.name,
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

    def _claim_ahead(self) -> None:
        """Have as many segments committed ahead as this modem sends while the disk commits once or twice."""
        if self._segment_s >= SLOW_S or self._pace.is_limited or self._stopping:
            return
        depth = min(CLAIMS_MAX, math.ceil(2 * self._store.commit_s / max(self._segment_s, 1e-4)))
        while len(self._claims) < depth:
            if not self._jobs:
                message = self._queue.take_ahead(self.name)
                if message is None:
                    return
                if self._claims and message.priority < self._claims[-1].job.message.priority:
                    self._queue.give_back(message)  # it goes before these: at the next turn
                    return
                if self._defers(message):
                    continue
                if message.cut or message.segments > 1:  # its preparation wants the disk: leave it for its turn
                    self._queue.give_back(message)
                    return
                self._jobs.append(cut(message, self._clock.wall_ms()))
            self._claims.append(self._claim(self._jobs[-1]))

    # -- one segment ----------------------------------------------------------------------------------------------

    async def _send(self, claim: Claim) -> None:
        """Hand a claimed segment to the modem and record what became of it."""
        job, message = claim.job, claim.job.message
        flight = self.in_flight = InFlight(message)
        give_up: asyncio.TimerHandle | None = None

        async def before_payload() -> None:
            nonlocal give_up
            # A slow modem leaves one segment in doubt at the most; a fast one is not held up by the disk.
            await self._outcomes.settle(0 if self._segment_s >= SLOW_S else CLAIMS_MAX)
            await asyncio.shield(claim.began)
            self._pace.note(message.to, first=claim.seq == 1)
            flight.payload_since_s = self._clock.monotonic()
            self._claim_ahead()
            if self._claims:
                give_up = asyncio.get_running_loop().call_later(SLOW_S, self._hand_back_claims)

        async def on_stored(memory: str, index: int) -> None:
            claim.copy = (memory, index)
            place = copies.place_of(memory, index)
            await self._store.write(partial(copies.note, message_id=message.id, seq=claim.seq, place=place))

        began_s = self._clock.monotonic()
        try:
            more = bool(job.todo or self._claims)
            reference = await self.handle.submit(
                job.tpdus[claim.seq], before_payload=before_payload, more=more, on_stored=on_stored
            )
        except asyncio.CancelledError:
            self._withdraw(job)  # what the modem does with it is for the next start to find out
            raise
        except Gone:
            self._drop(job)
            return
        except StoreError as exc:
            log.error("%s: nothing was sent: %s", self.name, exc)
            self._rest(STORE_RETRY_S)
            self._hand_back(job)
            return
        except SubmitError as exc:
            await self._refused(claim, exc)
            return
        finally:
            self.in_flight = None
            if give_up is not None:
                give_up.cancel()
        self._segment_s += (self._clock.monotonic() - began_s - self._segment_s) * 0.3
        self._failures = 0
        self._sent += 1
        job.split = True
        job.open.remove(claim.seq)
        sent = partial(
            outbox.segment_sent,
            now_ms=self._clock.wall_ms(),
            message=message,
            seq=claim.seq,
            modem=self.name,
            sim=claim.sim,
            claim=claim.number,
            reference=reference,
        )
        self._outcomes.record(sent, then=self._then(claim, self._queue.offer))
        if not job.todo and not job.open:
            self._queue.done(message)

    async def _refused(self, claim: Claim, exc: SubmitError) -> None:
        """Apply the policy to a segment that was not confirmed."""
        job, message = claim.job, claim.job.message
        begun = True
        try:
            await claim.began
        except Gone:
            self._drop(job)
            return
        except StoreError as trouble:
            log.error("%s: %s", self.name, trouble)
            begun = False
        self._failures = 0 if exc.disposition in _NOT_THE_MODEMS else self._failures + 1
        decision = decide(
            exc.disposition,
            attempts=message.attempts + 1,
            failures_in_a_row=self._failures,
            chance=random.random(),
        )
        log.warning("%s: to %s: %s (%s)", self.name, message.to, exc.title, decision.action)
        if decision.rest_s:
            self._rest(decision.rest_s)
        if not begun:
            self._hand_back(job)
            return
        self._withdraw(job)
        job.open.remove(claim.seq)
        siblings = list(job.open)
        self._apply(claim, decision, exc, siblings)

    def _apply(self, claim: Claim, decision: Decision, exc: SubmitError, siblings: list[int]) -> None:
        """Record a decision; ``siblings`` are other segments of the message that were claimed and have not left."""
        job, message, now_ms = claim.job, claim.job.message, self._clock.wall_ms()
        error = describe(exc, self.name)
        common: dict[str, Any] = {"now_ms": now_ms, "message": message, "seq": claim.seq, "error": error}
        due_ms: int | None = None
        operation: Callable[[Tx], Any]
        if decision.action is Action.AWAIT:
            due_ms = now_ms + self._grace_ms
            # A modem that has not heard from the network keeps a copy that says no more than it said itself.
            operation = partial(outbox.segment_unknown, due_ms=due_ms, copy_tells=exc.silent, **common)
        elif decision.action is Action.FAIL:
            operation = partial(outbox.segment_failed, modem=self.name, sim=claim.sim, **common)
        else:
            retry = decision.action is Action.RETRY
            due_ms = now_ms + round(decision.pause_s * 1000) if retry else None
            operation = partial(
                outbox.segment_refused,
                sim=claim.sim,
                due_ms=due_ms,
                waiting=exc.title,
                charged=retry,
                route=self._pinned(job),
                **common,
            )
        if siblings:
            operation = both(partial(outbox.unclaim, message_id=message.id, seqs=siblings), operation)
        if decision.action is Action.HAND_BACK:
            returned = self._returned(job)
            self._outcomes.record(operation, then=self._then(claim, lambda _: self._queue.give_back(returned)))
            return
        keeps_copy = decision.action is Action.AWAIT and exc.silent
        self._outcomes.record(operation, then=None if keeps_copy else self._then(claim))
        if due_ms is not None:
            self._queue.due(due_ms)
        self._queue.done(message)

    def _then(self, claim: Claim, then: Callable[[Any], object] | None = None) -> Callable[[Any], object]:
        """What follows once a segment's outcome is on disk: its copy, if there is one, is of no more use."""

        def on_disk(value: Any) -> None:
            if claim.copy is not None:
                self.handle.forget_copy(*claim.copy)
            if then is not None:
                then(value)

        return on_disk

    # -- handing back ---------------------------------------------------------------------------------------------

    def _pinned(self, job: Job) -> str | None:
        return to_modem(self.name) if job.split else None

    def _returned(self, job: Job) -> Outgoing:
        """The message as it is in the queue now."""
        return replace(job.message, cut=job.stored, route=self._pinned(job) or job.message.route)

    def _withdraw(self, job: Job) -> None:
        """Take a job out of what is in hand."""
        self._claims = [claim for claim in self._claims if claim.job is not job]
        if job in self._jobs:
            self._jobs.remove(job)

    def _drop(self, job: Job) -> None:
        """The message was taken back or settled elsewhere: nothing of it is sent."""
        self._withdraw(job)
        self._queue.done(job.message)

    def _hand_back(self, job: Job) -> None:
        """Give up a message none of whose segments is with the modem now."""
        self._withdraw(job)
        if not job.begun:
            self._queue.give_back(job.message)
            return
        state = self.handle.status.state
        operation = partial(
            outbox.hand_back,
            now_ms=self._clock.wall_ms(),
            message=job.message,
            waiting=None if state.carries else f"modem {self.name} is {state}",
            route=self._pinned(job),
        )
        returned, claimed = self._returned(job), list(job.open)
        unclaim = partial(outbox.unclaim, message_id=job.message.id, seqs=claimed)
        self._outcomes.record(both(unclaim, operation), then=lambda _: self._queue.give_back(returned))

    def _hand_back_claims(self) -> None:
        """The modem falters: others may have what was committed ahead for it."""
        sending = self.in_flight.message if self.in_flight is not None else None
        for job in {id(claim.job): claim.job for claim in self._claims}.values():
            if job.message is not sending:
                self._hand_back(job)

    def _hand_back_all(self) -> None:
        for job in {id(job): job for job in (*(claim.job for claim in self._claims), *self._jobs)}.values():
            self._hand_back(job)

    def _rest(self, seconds: float) -> None:
        self._rest_until_s = max(self._rest_until_s, self._clock.monotonic() + seconds)
