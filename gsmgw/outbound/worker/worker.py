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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from gsmgw.errors import Disposition, StoreError, StoreFault, StoreUnavailable, SubmitError
from gsmgw.model import Outgoing, Priority, format_id
from gsmgw.model.routes import Route, is_conversation, to_modem
from gsmgw.outbound.limits.modem_limits import ModemLimits
from gsmgw.outbound.limits.rate_limit import Limits, RateLimiter
from gsmgw.outbound.segmenting import without_validity
from gsmgw.outbound.worker.inflight import Delay, InflightSet, Queue
from gsmgw.outbound.worker.jobs import Claim, InFlight, Job, both, cut, describe, internal_error
from gsmgw.outbound.worker.late_results import LateResults
from gsmgw.outbound.worker.policy import REST_S, Action, Decision, decide
from gsmgw.pdu.masking import masked_submit
from gsmgw.ports import Clock, ModemHandle
from gsmgw.store import Gone, PendingWrites, Store, Tx, outbox, stored_copies

log = logging.getLogger(__name__)

#: A database that does not write is tried again after that time.
STORE_RETRY_S = 1.0
#: Segments committed ahead at the most: each is one more that a crash leaves in doubt.
CLAIMS_MAX = 8
#: A commit that takes a smaller part of a segment than that is over before the prompt: nothing is to be gained, and
#: what is claimed, an urgent text may be, waits for this modem while another one becomes free.
WORTHWHILE = 0.1
#: A modem that takes this long for a segment needs nothing committed ahead, and gives up what it has.
SLOW_S = 1.0

#: +CMS ERROR: 197, the service centre's TP-FCS C5: "SM rejected - duplicate SM" (TS 23.040 9.2.3.22).
DUPLICATE_CMS = 197


@dataclass(frozen=True, slots=True)
class _After:
    """How a message goes on after a refusal.

    ``siblings`` are other segments of it that were claimed and have not left; ``tpdus`` replace those that it had.
    """

    siblings: list[int]
    route: str | None
    refusals: Mapping[str, int]
    tpdus: Mapping[int, bytes]


_NOT_THE_MODEMS = (Disposition.NEVER, Disposition.LATER, Disposition.ELSEWHERE)


class Worker:
    """Feeds one modem."""

    def __init__(
        self,
        handle: ModemHandle,
        store: Store,
        clock: Clock,
        queue: Queue,
        limits: Limits,
        pools: Sequence[RateLimiter],
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
        self._outcomes = PendingWrites(store, handle.name)
        self._inflight = InflightSet(handle, store, clock, queue, self._outcomes)
        self._limits = ModemLimits(store, clock, limits, pools)
        self._failures = 0
        #: Segments that were given up without a result, and those after them.
        self._late_results: LateResults[tuple[Claim, Outgoing]] = LateResults(clock.monotonic)
        self._faltered = False
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
        return self.in_flight is None and self._inflight.is_empty and self.handle.status.state.carries

    def wake(self) -> None:
        """Something changed: the queue, the modem's state, the time."""
        self._wake.set()

    def stop(self) -> None:
        """End after the segment that is with the modem."""
        self._stopping = True
        self._wake.set()

    def paused_until_ms(self) -> int | None:
        """Until when the limits of the SIM hold back; None when they do not."""
        return self._limits.paused_until_ms()

    def clock_was_set(self, by_ms: int) -> None:
        """The clock was set by so much."""
        self._limits.shift(by_ms)
        self._wake.set()

    def resting_s(self) -> float:
        """How long the modem still rests after failures of its own."""
        return max(0.0, self._rest_until_s - self._clock.monotonic())

    def late_result(self, reference: int) -> bool:
        """The modem confirmed a segment that had been given up; False when none was."""
        settled = self._late_results.late(reference)
        for (claim, message), its_reference in settled:
            operation = partial(
                outbox.late_result,
                now_ms=self._clock.wall_ms(),
                message=message,
                seq=claim.seq,
                sim=claim.sim,
                claim=claim.number,
                reference=its_reference,
            )
            self._outcomes.record(operation, then=self._then(claim, self._late_on_disk(message)))
        if settled:  # it is slow and does send
            self._failures, self._rest_until_s = 0, 0.0
            self._wake.set()
        return bool(settled)

    def _late_on_disk(self, message: Outgoing) -> Callable[[list[Outgoing]], None]:
        def on_disk(queued: list[Outgoing]) -> None:
            if not any(other.id == message.id for other in queued):
                self._queue.withdraw(message.id)  # it may have been waiting to be sent again
            self._queue.offer(queued)

        return on_disk

    # -- the loop -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until :meth:`stop` or cancellation; what was not begun goes back to the queue."""
        try:
            while not self._stopping:
                self._wake.clear()
                if not self.handle.status.state.carries:
                    self._inflight.hand_back_all()
                    await self._wait(None)
                elif (pause_s := self.resting_s()) > 0:
                    self._inflight.hand_back_all()
                    await self._wait(pause_s)
                else:
                    await self._turn()
        finally:
            self._inflight.hand_back_all()
            await self._outcomes.settle()

    async def _turn(self) -> None:
        """Send one segment, or wait for something to send or for leave to send it."""
        pause_s, urgent_pause_s = await self._limits.pauses_s(self.handle.status.sim)
        if urgent_pause_s > 0:
            self._inflight.hand_back_all()
            await self._wait(urgent_pause_s)
            return
        claim = await self._next_claim(only_urgent=pause_s > 0)
        if claim is not None:
            await self._send(claim)
        elif not self._wake.is_set():
            await self._wait(pause_s or None, idle=True)

    async def _wait(self, timeout_s: float | None, *, idle: bool = False) -> None:
        self.idle = idle
        timer = None if timeout_s is None else self._clock.call_later(timeout_s, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            self.idle = False
            if timer is not None:
                timer.cancel()

    # -- what goes next -------------------------------------------------------------------------------------------

    async def _next_claim(self, *, only_urgent: bool = False) -> Claim | None:
        """The segment that goes next: of what is in hand, unless a message of a higher class waits.

        With ``only_urgent`` the limits leave room for those only.
        """
        claimed = self._inflight.claims[0].job.message.priority if self._inflight.claims else None
        opened = self._inflight.jobs[-1].message.priority if self._inflight.jobs else None
        above = min((priority for priority in (claimed, opened) if priority is not None), default=None)
        if only_urgent:
            above = Priority.NORMAL if above is None else min(above, Priority.NORMAL)
        while (message := self._queue.take(self.name, above)) is not None:
            try:
                if self._defers(message):
                    continue
                job = await self._prepare(message)
            except Exception as exc:  # noqa: BLE001 - whatever is wrong with one message holds up no other
                self._fault(message, exc)
                continue
            if job is None and self.resting_s() > 0:
                return None
            if job is not None:
                self._inflight.hand_back_claims()
                self._inflight.jobs.append(job)
                return self._inflight.claim(job)
        if only_urgent and (above is None or above >= Priority.NORMAL):
            self._inflight.hand_back_all()
            return None
        if self._inflight.claims and (opened is None or claimed is None or claimed <= opened):
            return self._inflight.claims.pop(0)
        return self._inflight.claim(self._inflight.jobs[-1]) if self._inflight.jobs else None

    def _defers(self, message: Outgoing) -> bool:
        """Whether the hour at the recipient's, or a limit on recipients, puts a message off; then it is put off."""
        now_ms = self._clock.wall_ms()
        delay = self._queue.delay(message, now_ms)
        if delay is None:
            allowed_ms = self._limits.recipient_allowed_ms(message.to, now_ms)
            if allowed_ms <= now_ms:
                return False
            delay = Delay(allowed_ms, "the limit of different recipients in a day is reached")
        due_ms, why = delay.until_ms, delay.why
        deferral = partial(outbox.defer, now_ms=now_ms, message_id=message.id, due_ms=due_ms, waiting=why)
        self._outcomes.record(deferral, then=lambda _: self._queue.due(due_ms))
        self._queue.done(message)
        return True

    async def _prepare(self, message: Outgoing) -> Job | None:
        try:
            return await self._inflight.prepare(message)
        except StoreUnavailable as exc:
            log.log(exc.level, "%s: %s", self.name, exc)
            self._queue.give_back(message)
            self._rest(STORE_RETRY_S)
            self._wake.set()
            return None

    def _fault(self, message: Outgoing, exc: Exception, job: Job | None = None) -> None:
        """Fail a message that cannot be prepared or begun because of a fault of ours."""
        log.error("%s: message %s failed, internal error: %s", self.name, format_id(message.id), exc, exc_info=exc)
        operation: Callable[[Tx], Any] = partial(
            outbox.fail,
            now_ms=self._clock.wall_ms(),
            message_id=message.id,
            modem=self.name,
            error=internal_error(exc, self.name),
            to=message.to,
            client_ref=message.client_ref,
        )
        if job is not None:
            self._inflight.withdraw(job)
            operation = both(partial(outbox.unclaim, message_id=message.id, seqs=list(job.open)), operation)
        self._outcomes.record(operation)
        self._queue.done(message)

    def _in_doubt(self, claim: Claim, exc: Exception) -> Callable[[Tx], Any]:
        """Return what is recorded of a segment that may have left when its outcome cannot be."""
        now_ms = self._clock.wall_ms()
        return partial(
            outbox.segment_unknown,
            now_ms=now_ms,
            message=claim.job.message,
            seq=claim.seq,
            error=internal_error(exc, self.name),
            due_ms=now_ms + self._grace_ms,
        )

    def _claim_ahead(self) -> None:
        """Have as many segments committed ahead as this modem sends while the disk commits once or twice."""
        if self._segment_s >= SLOW_S or self._limits.is_limited or self._stopping:
            return
        commits = self._store.commit_s / max(self._segment_s, 1e-4)
        if commits < WORTHWHILE:
            return
        depth = min(CLAIMS_MAX, math.ceil(2 * commits))
        while len(self._inflight.claims) < depth:
            if not self._inflight.jobs:
                message = self._queue.take_ahead(self.name)
                if message is None:
                    return
                if self._inflight.claims and message.priority < self._inflight.claims[-1].job.message.priority:
                    self._queue.give_back(message)  # it goes before these: at the next turn
                    return
                try:
                    if self._defers(message):
                        continue
                    if message.cut or message.segments > 1:  # its preparation wants the disk: leave it for its turn
                        self._queue.give_back(message)
                        return
                    self._inflight.jobs.append(cut(message, self._clock.wall_ms()))
                except Exception as exc:  # noqa: BLE001 - whatever is wrong with one message holds up no other
                    self._fault(message, exc)
                    continue
            self._inflight.claims.append(self._inflight.claim(self._inflight.jobs[-1]))

    # -- one segment ----------------------------------------------------------------------------------------------

    async def _send(self, claim: Claim) -> None:
        """Hand a claimed segment to the modem and record what became of it."""
        job, message = claim.job, claim.job.message
        flight = self.in_flight = InFlight(message)
        give_up: asyncio.TimerHandle | None = None

        async def before_payload() -> None:
            nonlocal give_up
            # A slow modem leaves one segment in doubt at the most; a fast one is not held up by the disk.
            # Nor may one that was not confirmed look, after a crash, as if it had gone before the next one.
            await self._outcomes.settle(0 if self._segment_s >= SLOW_S or self._faltered else CLAIMS_MAX)
            self._faltered = False
            await asyncio.shield(claim.began)
            self._limits.note(message.to, first=claim.seq == 1)
            flight.payload_since_s = self._clock.monotonic()
            self._claim_ahead()
            if self._inflight.claims:
                give_up = asyncio.get_running_loop().call_later(SLOW_S, self._falter)

        async def on_stored(memory: str, index: int) -> None:
            claim.copy = (memory, index)
            place = stored_copies.place_of(memory, index)
            await self._store.write(partial(stored_copies.note, message_id=message.id, seq=claim.seq, place=place))

        began_s = self._clock.monotonic()
        try:
            more = bool(job.todo or self._inflight.claims)
            reference = await self.handle.submit(
                job.tpdus[claim.seq], before_payload=before_payload, more=more, on_stored=on_stored
            )
        except asyncio.CancelledError:
            self._inflight.withdraw(job)  # what the modem does with it is for the next start to find out
            raise
        except Gone:
            self._inflight.drop(job)
            return
        except StoreUnavailable as exc:
            log.log(exc.level, "%s: nothing was sent: %s", self.name, exc)
            self._rest(STORE_RETRY_S)
            self._inflight.hand_back(job)
            return
        except SubmitError as exc:
            await self._refused(claim, exc)
            return
        except Exception as exc:
            if flight.payload_since_s is None:
                self._fault(message, exc, job)
            else:
                log.error("%s: internal error while sending", self.name, exc_info=exc)
                self._inflight.withdraw(job)
                self._outcomes.record(self._in_doubt(claim, exc), then=self._then(None, self._doubted))
                self._queue.done(message)
            return
        finally:
            self.in_flight = None
            if give_up is not None:
                give_up.cancel()
        self._segment_s += (self._clock.monotonic() - began_s - self._segment_s) * 0.3
        self._failures = 0
        self._late_results.accepted((claim, message), reference)
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
        doubt = self._in_doubt(claim, StoreFault("its outcome could not be recorded"))
        self._outcomes.record(sent, then=self._then(claim, self._queue.offer), otherwise=doubt)
        if not job.todo and not job.open:
            self._queue.done(message)

    async def _refused(self, claim: Claim, exc: SubmitError) -> None:
        """Apply the policy to a segment that was not confirmed."""
        job, message = claim.job, claim.job.message
        begun = self._faltered = True
        try:
            await claim.began
        except Gone:
            self._inflight.drop(job)
            return
        except StoreFault as fault:
            self._fault(message, fault, job)
            return
        except StoreError as trouble:
            log.log(trouble.level, "%s: %s", self.name, trouble)
            begun = False
        self._failures = 0 if exc.disposition in _NOT_THE_MODEMS else self._failures + 1
        detour = None if job.split else self._queue.around(message, self.name)
        refusals, cause = _counted(message, exc), exc.cause
        times = refusals.get(exc.refusal or "", 1)
        spent = cause is not None and cause.is_spent(times)
        shorter = {}
        if cause is not None and cause.without_validity and times == 1:
            waiting = [claim.seq, *job.open, *job.todo]
            shorter = {seq: tpdu for seq in waiting if (tpdu := without_validity(job.tpdus[seq])) != job.tpdus[seq]}
        decision = decide(
            exc.after(times),
            attempts=message.attempts + 1,
            failures_in_a_row=self._failures,
            chance=random.random(),
            others=detour is not None,
            first_pause_s=0.0 if cause is None else cause.pause_s,
            spent=spent,
            without_validity=bool(shorter),
        )
        if cause is not None and cause.our_fault:
            log.error("%s: %s: the gateway built pdu=%s", self.name, exc.title, masked_submit(job.tpdus[claim.seq]))
        log.warning("%s: to %s: %s (%s)", self.name, message.to, exc.title, decision.action)
        if decision.rest_s:
            # Texts that nobody has tried tell whether it is the modem: they do not wait for long.
            soon = exc.disposition is Disposition.MODEM and self._queue.has_untried(self.name)
            self._rest(min(decision.rest_s, REST_S[0]) if soon else decision.rest_s)
        if not begun:
            self._inflight.hand_back(job)
            return
        self._inflight.withdraw(job)
        job.open.remove(claim.seq)
        route = self._inflight.pinned(job)
        job.tpdus |= shorter
        if decision.action is Action.MOVE or (decision.action is Action.HAND_BACK and is_conversation(message.route)):
            route = detour
        elif (
            decision.action is Action.RETRY
            and cause is not None
            and cause.is_modems
            and detour is not None
            and (spent or not is_conversation(message.route))
        ):  # another modem tells whether it was this one
            route = detour
        elif decision.action is Action.RETRY and route is None:  # all that may carry it have refused: begin anew
            route = Route.parse(message.route).base
        self._apply(claim, decision, exc, _After(list(job.open), route, refusals, shorter))

    def _apply(self, claim: Claim, decision: Decision, exc: SubmitError, after: _After) -> None:
        """Record a decision."""
        route, siblings = after.route, after.siblings
        job, message, now_ms = claim.job, claim.job.message, self._clock.wall_ms()
        error = describe(exc, self.name)
        common: dict[str, Any] = {"now_ms": now_ms, "message": message, "seq": claim.seq, "error": error}
        due_ms: int | None = None
        operation: Callable[[Tx], Any]
        if decision.action is Action.AWAIT:
            due_ms = now_ms + self._grace_ms
            # A modem that has not heard from the network keeps a copy that says no more than it said itself.
            operation = partial(
                outbox.segment_unknown, due_ms=due_ms, copy_tells=exc.silent, owed=exc.overdue, **common
            )
            if exc.overdue:
                self._late_results.missing((claim, message))
            if exc.cms == DUPLICATE_CMS:
                operation = partial(
                    outbox.segment_rejected_as_duplicate,
                    sim=claim.sim,
                    due_ms=due_ms,
                    route=to_modem(self.name),
                    **common,
                )
        elif decision.action is Action.FAIL:
            operation = partial(outbox.segment_failed, modem=self.name, sim=claim.sim, **common)
        else:
            if decision.action is Action.RETRY:
                due_ms = now_ms + round(decision.pause_s * 1000)
            operation = partial(
                outbox.segment_refused,
                sim=claim.sim,
                due_ms=due_ms,
                waiting=exc.title,
                charged=decision.action is not Action.HAND_BACK,
                route=route,
                refusals=after.refusals,
                tpdus=after.tpdus,
                **common,
            )
        if siblings:
            operation = both(partial(outbox.unclaim, message_id=message.id, seqs=siblings), operation)
        if decision.action in (Action.HAND_BACK, Action.MOVE, Action.AGAIN):
            returned = self._inflight.returned(job, route)._replace(refusals=after.refusals)
            if decision.action is not Action.HAND_BACK:
                returned = returned._replace(attempts=message.attempts + 1)
            self._outcomes.record(operation, then=self._then(claim, lambda _: self._queue.give_back(returned)))
            return
        keeps_copy = decision.action is Action.AWAIT and exc.silent

        def on_disk(queued: list[Outgoing] | None) -> None:
            self._queue.offer(queued or ())
            if due_ms is not None:
                self._queue.due(due_ms)

        self._outcomes.record(operation, then=self._then(None if keeps_copy else claim, on_disk))
        self._queue.done(message)

    def _doubted(self, queued: Sequence[Outgoing]) -> None:
        """A segment is in doubt on disk: the timer looks when to settle it."""
        self._queue.offer(queued)
        self._queue.due(self._clock.wall_ms() + self._grace_ms)

    def _then(self, claim: Claim | None, then: Callable[[Any], object]) -> Callable[[Any], object]:
        """What follows once an outcome is on disk: the copy of that claim, if there is one, is of no more use."""

        def on_disk(value: Any) -> None:
            if claim is not None and claim.copy is not None:
                self.handle.forget_copy(*claim.copy)
            then(value)

        return on_disk

    def _falter(self) -> None:
        """The modem takes long: others may have what was committed ahead for it."""
        self._inflight.hand_back_claims(self.in_flight.message if self.in_flight is not None else None)

    def _rest(self, seconds: float) -> None:
        self._rest_until_s = max(self._rest_until_s, self._clock.monotonic() + seconds)


def _counted(message: Outgoing, exc: SubmitError) -> Mapping[str, int]:
    """The refusals of a message, this one among them."""
    if exc.refusal is None:
        return message.refusals
    return {**message.refusals, exc.refusal: message.refusals.get(exc.refusal, 0) + 1}
