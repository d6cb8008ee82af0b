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
from collections.abc import Sequence
from functools import partial

from gsmgw.errors import Disposition, StoreError, StoreFault, StoreUnavailable, SubmitError
from gsmgw.model import Outgoing, Priority, format_id
from gsmgw.model.events import SubmitLateRefusal
from gsmgw.outbound.limits.capacity import Allowance, ModemCapacity
from gsmgw.outbound.limits.modem_limits import ModemLimits
from gsmgw.outbound.limits.rate_limit import Limits, RateLimiter
from gsmgw.outbound.worker.inflight import Delay, InflightSet, Queue
from gsmgw.outbound.worker.jobs import Claim, InFlight, Job, cut
from gsmgw.outbound.worker.late_results import LateResults
from gsmgw.outbound.worker.outcome_log import OutcomeLog
from gsmgw.outbound.worker.policy import REST_S, Action
from gsmgw.outbound.worker.verdict import judge
from gsmgw.pdu.masking import masked_submit
from gsmgw.ports import Clock, ModemHandle, Timer
from gsmgw.store import Gone, PendingWrites, Store, stored_copies

log = logging.getLogger(__name__)

#: A database that does not write is tried again after that time.
STORE_RETRY_S = 1.0
#: Maximum number of segments committed ahead: a crash leaves each of them in doubt.
CLAIMS_MAX = 8
#: A commit that takes a smaller part of a segment than that is over before the prompt: nothing is to be gained, and
#: what is claimed, an urgent text may be, waits for this modem while another one becomes free.
WORTHWHILE = 0.1
#: A pause of a modem after failures that is worth a warning.
LONG_REST_S = 30.0
#: Time of a segment on a modem that has sent none yet, for estimates, seconds.
ASSUMED_S = 5.0
#: A modem that takes this long for a segment needs nothing committed ahead, and gives up what it has.
SLOW_S = 1.0

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
        self._wake = asyncio.Event()
        self._stopping = False
        writes = PendingWrites(store, handle.name)
        self._inflight = InflightSet(handle, store, clock, queue, writes)
        self._outcomes = OutcomeLog(handle, clock, queue, self._inflight, writes, grace_ms)
        self._limits = ModemLimits(store, clock, limits, pools)
        self._failures = 0
        #: Segments that were given up without a result, and those after them.
        self._late_results: LateResults[tuple[Claim, Outgoing]] = LateResults(clock.monotonic)
        self._faltered = False
        self._rest_until_s = 0.0
        #: Recent time of a segment, seconds; a slow modem is assumed until the first result.
        self._segment_s = SLOW_S

    @property
    def name(self) -> str:
        """The modem's."""
        return self.handle.name

    @property
    def load(self) -> float:
        """Segments sent divided by weight: of several idle modems the one with the lowest share goes first."""
        return self._sent / self._weight

    @property
    def is_hungry(self) -> bool:
        """True if it could take a message now."""
        return self.in_flight is None and self._inflight.is_empty and self.handle.status.state.carries

    def wake(self) -> None:
        """Something changed: the queue, the modem's state, the time."""
        self._wake.set()

    def stop(self) -> None:
        """End after the segment that is with the modem."""
        self._stopping = True
        self._wake.set()

    def change_limits(self, limits: Limits, weight: float) -> None:
        """Send within other limits from now on."""
        self._limits.change(limits)
        self._weight = weight
        self._wake.set()

    def capacity(self, shared: Sequence[Allowance]) -> ModemCapacity:
        """Return how much the modem can send; ``shared`` is left of its pools."""
        return self._limits.capacity(self.name, self._segment_s if self._sent else ASSUMED_S, shared)

    def paused_until_ms(self) -> int | None:
        """Until when the limits of the SIM hold back; None when they do not."""
        return self._limits.paused_until_ms()

    def clock_was_set(self, by_ms: int) -> None:
        """The clock was set by so much."""
        self._limits.shift(by_ms)
        self._wake.set()

    def resting_s(self) -> float:
        """Remaining cooldown after failures of the modem itself, seconds."""
        return max(0.0, self._rest_until_s - self._clock.monotonic())

    def recall(self, number: str) -> None:
        """The recipient opted out: give up what is claimed for that number and has not left."""
        sending = None if self.in_flight is None else self.in_flight.message
        self._inflight.hand_back_claims(sending, to=number)

    def late_result(self, reference: int) -> bool:
        """The modem confirmed a segment that had been given up; False when none was."""
        settled = self._late_results.late(reference)
        for (claim, message), its_reference in settled:
            self._outcomes.late(claim, message, its_reference)
        if settled:  # it is slow and does send
            self._failures, self._rest_until_s = 0, 0.0
            self._wake.set()
        return bool(settled)

    def late_refusal(self, refusal: SubmitLateRefusal) -> None:
        """The modem refused a segment that had been given up: it was not sent, if no other can be meant."""
        missing = self._late_results.refused()
        if missing is not None:
            claim, message = missing
            self._outcomes.late_refused(claim, message, refusal)

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
            job = None
            with self._outcomes.isolated(message):
                if not self._defers(message):
                    job = await self._prepare(message)
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
        """Defer a message outside its sending hours or over a recipient's limit. Return True if it was deferred."""
        now_ms = self._clock.wall_ms()
        delay = self._queue.delay(message, now_ms)
        if delay is None:
            allowed_ms = self._limits.recipient_allowed_ms(message.to, now_ms)
            if allowed_ms <= now_ms:
                return False
            delay = Delay(allowed_ms, "the limit of different recipients in a day is reached")
        self._outcomes.deferred(message, delay)
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
                with self._outcomes.isolated(message):
                    if self._defers(message):
                        continue
                    if message.cut or message.segments > 1:  # its preparation wants the disk: leave it for its turn
                        self._queue.give_back(message)
                        return
                    self._inflight.jobs.append(cut(message, self._clock.wall_ms()))
                if not self._inflight.jobs:
                    continue
            self._inflight.claims.append(self._inflight.claim(self._inflight.jobs[-1]))

    # -- one segment ----------------------------------------------------------------------------------------------

    async def _send(self, claim: Claim) -> None:
        """Hand a claimed segment to the modem and record what became of it."""
        job, began_s = claim.job, self._clock.monotonic()
        flight = self.in_flight = InFlight(job.message)
        try:
            reference = await self._submit(claim, flight)
        except asyncio.CancelledError:
            self._inflight.withdraw(job)  # what the modem does with it is for the next start to find out
            raise
        except Gone as gone:
            self._outcomes.gone(job, gone)
        except StoreUnavailable as exc:
            log.log(exc.level, "%s: nothing was sent: %s", self.name, exc)
            self._rest(STORE_RETRY_S)
            self._inflight.hand_back(job)
        except SubmitError as exc:
            await self._refused(claim, exc)
        except Exception as exc:
            # Whatever is wrong with one message does not delay the others.
            log.exception("%s: internal error while sending message %s", self.name, format_id(job.message.id))
            if flight.payload_since_s is None:
                self._outcomes.fault(job.message, exc, job)
            else:
                self._outcomes.fault_while_sending(claim, exc)
        else:
            self._accepted(claim, reference, self._clock.monotonic() - began_s)
        finally:
            self.in_flight = None

    async def _submit(self, claim: Claim, flight: InFlight) -> int:
        """Hand the segment over; its TP-MR. While the PDU leaves, the next ones are committed."""
        job, message = claim.job, claim.job.message
        give_up: Timer | None = None

        async def before_payload() -> None:
            nonlocal give_up
            # A slow modem leaves at most one segment in doubt; a fast one is not held up by the disk.
            # Nor may one that was not confirmed look, after a crash, as if it had gone before the next one.
            await self._outcomes.settle(0 if self._segment_s >= SLOW_S or self._faltered else CLAIMS_MAX)
            self._faltered = False
            await asyncio.shield(claim.began)
            self._limits.note(message.to, first=claim.seq == 1)
            flight.payload_since_s = self._clock.monotonic()
            self._claim_ahead()
            if self._inflight.claims:
                give_up = self._clock.call_later(SLOW_S, self._falter)

        async def on_stored(memory: str, index: int) -> None:
            claim.copy = (memory, index)
            place = stored_copies.place_of(memory, index)
            await self._store.write(partial(stored_copies.note, message_id=message.id, seq=claim.seq, place=place))

        try:
            return await self.handle.submit(
                job.tpdus[claim.seq],
                before_payload=before_payload,
                more=bool(job.todo or self._inflight.claims),
                on_stored=on_stored,
            )
        finally:
            if give_up is not None:
                give_up.cancel()

    def _accepted(self, claim: Claim, reference: int, took_s: float) -> None:
        """The network accepted a segment."""
        job = claim.job
        self._segment_s += (took_s - self._segment_s) * 0.3
        self._failures = 0
        self._late_results.accepted((claim, job.message), reference)
        self._sent += 1
        job.split = True
        job.open.remove(claim.seq)
        self._outcomes.sent(claim, reference)
        if not job.todo and not job.open:
            self._queue.done(job.message)

    async def _refused(self, claim: Claim, exc: SubmitError) -> None:
        """Apply the policy to a segment that was not confirmed."""
        job, message = claim.job, claim.job.message
        self._faltered = True
        begun = await self._has_begun(claim)
        if begun is None:
            return
        self._failures = 0 if exc.disposition in _NOT_THE_MODEMS else self._failures + 1
        verdict = judge(
            message,
            job.tpdus,
            [claim.seq, *job.open, *job.todo],
            exc,
            failures_in_a_row=self._failures,
            detour=None if job.split else self._queue.around(message, self.name),
            pinned=self._inflight.pinned(job),
            chance=random.random(),
        )
        if exc.cause is not None and exc.cause.our_fault:
            log.error("%s: %s: the gateway built pdu=%s", self.name, exc.title, masked_submit(job.tpdus[claim.seq]))
        decision = verdict.decision
        log.log(
            logging.WARNING if decision.rest_s >= LONG_REST_S else logging.INFO,
            "%s: segment not confirmed error=%r message=%s segment=%d next=%s%s",
            self.name,
            exc.title,
            format_id(message.id),
            claim.seq,
            decision.action.value,
            f" modem_pause_s={decision.rest_s:.0f}" if decision.rest_s else "",
        )
        if verdict.decision.rest_s:
            # Texts that nobody has tried tell whether it is the modem: they do not wait for long.
            soon = exc.disposition is Disposition.MODEM and self._queue.has_untried(self.name)
            self._rest(min(verdict.decision.rest_s, REST_S[0]) if soon else verdict.decision.rest_s)
        if not begun:
            self._inflight.hand_back(job)
            return
        self._inflight.withdraw(job)
        job.open.remove(claim.seq)
        job.tpdus |= verdict.tpdus
        if verdict.decision.action is Action.AWAIT and exc.overdue:
            self._late_results.missing((claim, message))
        self._outcomes.refused(claim, exc, verdict)

    async def _has_begun(self, claim: Claim) -> bool | None:
        """True when the claim of a refused segment is on disk, False when the database is unavailable.

        None when its message has ended meanwhile, or by a fault of ours.
        """
        try:
            await claim.began
        except Gone as gone:
            self._outcomes.gone(claim.job, gone)
            return None
        except StoreFault as fault:
            self._outcomes.fault(claim.job.message, fault, claim.job)
            return None
        except StoreError as trouble:
            log.log(trouble.level, "%s: %s", self.name, trouble)
            return False
        return True

    def _falter(self) -> None:
        """The modem takes long: others may have what was committed ahead for it."""
        self._inflight.hand_back_claims(self.in_flight.message if self.in_flight is not None else None)

    def _rest(self, seconds: float) -> None:
        self._rest_until_s = max(self._rest_until_s, self._clock.monotonic() + seconds)
