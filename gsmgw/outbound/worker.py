"""One modem's worker: takes what may go next and sees it through, a segment at a time.

The order of things for one segment: AT+CMGS is on its way while ``sending`` is committed; the PDU leaves after both;
the outcome goes to the disk at once, and is there before the next PDU of this modem leaves.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from gsmgw.errors import Disposition, StoreError, SubmitError
from gsmgw.model import ON_AIR, Outgoing, Priority, SegmentStatus
from gsmgw.outbound.pacing import Pacer
from gsmgw.outbound.policy import Action, decide
from gsmgw.outbound.segmenting import build_segments
from gsmgw.ports import Clock, ModemHandle
from gsmgw.store import Gone, Store, Tx, lanes, outbox, requests

log = logging.getLogger(__name__)

#: A database that does not write is tried again after that time.
STORE_RETRY_S = 1.0


class Queue(Protocol):
    """What a worker needs of the scheduler."""

    def take(self, modem: str, above: Priority | None) -> Outgoing | None:
        """The next message for that modem."""

    def done(self, message: Outgoing) -> None:
        """The message is out of the worker's hands, and ended or deferred."""

    def give_back(self, message: Outgoing) -> None:
        """The message is out of the worker's hands, and queued for whoever comes next."""

    def due(self, moment_ms: int) -> None:
        """Something was deferred until then."""


@dataclass(slots=True)
class _Job:
    """A message in the worker's hands. ``todo`` are the numbers of the segments still to be sent, in order."""

    message: Outgoing
    tpdus: dict[int, bytes]
    todo: list[int]
    stored: bool
    #: Segments of this message are with the network: the rest has to leave through the same SIM, or the
    #: recipient's phone cannot join them.
    split: bool
    begun: bool = False

    def note_begun(self) -> None:
        """A segment's row says that it is being sent."""
        self.stored = self.begun = True


@dataclass(slots=True)
class InFlight:
    """The segment that is with the modem now. ``payload_since_s``: since when its PDU may be leaving."""

    message: Outgoing
    began: asyncio.Future[None] | None = None
    payload_since_s: float | None = None


@dataclass(slots=True)
class _Outcome:
    """A result on its way to the disk, and what follows once it is there."""

    operation: Callable[[Tx], Any]
    written: asyncio.Future[Any]
    then: Callable[[], None] | None


class Worker:
    """Feeds one modem."""

    def __init__(
        self, handle: ModemHandle, store: Store, clock: Clock, queue: Queue, windows: Mapping[int, int], grace_ms: int
    ) -> None:
        self.handle = handle
        self.in_flight: InFlight | None = None
        self.idle = False
        self._store = store
        self._clock = clock
        self._queue = queue
        self._windows = dict(windows)
        self._grace_ms = grace_ms
        self._wake = asyncio.Event()
        self._stopping = False
        self._jobs: list[_Job] = []
        self._pacer = Pacer(self._windows)
        self._pacer_sim: str | None = None
        self._failures = 0
        self._rest_until_s = 0.0
        self._outcome: _Outcome | None = None

    @property
    def name(self) -> str:
        """The modem's."""
        return self.handle.name

    def wake(self) -> None:
        """Something changed: the queue, the modem's state, the time."""
        self._wake.set()

    def stop(self) -> None:
        """End after the segment that is with the modem."""
        self._stopping = True
        self._wake.set()

    def paused_until_ms(self) -> int | None:
        """Until when the limits of the SIM hold back; None when they do not."""
        now_ms = self._clock.wall_ms()
        allowed_ms = self._pacer.next_allowed_ms(now_ms)
        return allowed_ms if allowed_ms > now_ms else None

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
                    await self._hand_back_all()
                    await self._wait(None, idle=False)
                elif (pause_s := await self._pause_s()) > 0:
                    await self._wait(pause_s)
                elif (job := await self._next_job()) is None:
                    await self._wait(None)
                elif await self._send_segment(job):
                    self._jobs.remove(job)
        finally:
            await self._hand_back_all()
            await self._settle_outcome()

    async def _wait(self, timeout_s: float | None, *, idle: bool = True) -> None:
        if self._outcome is not None:
            await self._settle_outcome()
            return  # something may have come meanwhile: look again
        self.idle = idle and timeout_s is None
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._wake.wait()
        finally:
            self.idle = False

    async def _pause_s(self) -> float:
        """How long this modem may not send: it rests after a failure, or a limit is reached."""
        if (rest_s := self.resting_s()) > 0:
            return rest_s
        if not self._windows:
            return 0.0
        if self._pacer_sim != self.handle.status.sim:
            await self._load_usage(self.handle.status.sim)
        now_ms = self._clock.wall_ms()
        return (self._pacer.next_allowed_ms(now_ms) - now_ms) / 1000

    async def _load_usage(self, sim: str) -> None:
        since_ms = self._clock.wall_ms() - self._pacer.longest_ms
        used = await self._store.read(lambda db: lanes.usage_since(db, sim, since_ms))
        self._pacer = Pacer(self._windows, used)
        self._pacer_sim = sim

    async def _next_job(self) -> _Job | None:
        """The message to go on with: a new one of a higher class before the rest of a long one."""
        above = self._jobs[-1].message.priority if self._jobs else None
        while (message := self._queue.take(self.name, above)) is not None:
            try:
                job = await self._prepare(message)
            except StoreError as exc:
                log.error("%s: %s", self.name, exc)
                self._rest(STORE_RETRY_S)
                self._queue.give_back(message)
                self.wake()
                return None
            if job is not None:
                self._jobs.append(job)
                break
        return self._jobs[-1] if self._jobs else None

    async def _prepare(self, message: Outgoing) -> _Job | None:
        """Cut a message into segments, or take up those it was cut into before."""
        if message.cut:
            rows = await self._store.read(lambda db: lanes.segments_of(db, message.id))
            todo = [row.seq for row in rows if row.status is SegmentStatus.QUEUED]
            if not todo:
                self._queue.done(message)
                return None
            on_air = any(row.status in ON_AIR for row in rows)
            return _Job(message, {row.seq: row.tpdu for row in rows}, todo, stored=True, split=on_air)
        reference = 0
        if message.segments > 1:
            reference = await self._store.write(
                lambda tx: requests.next_reference(tx, self._clock.wall_ms(), message.to)
            )
        tpdus = build_segments(message, reference, self._clock.wall_ms())
        numbered = dict(enumerate(tpdus, 1))
        return _Job(message, numbered, list(numbered), stored=False, split=False)

    # -- one segment ----------------------------------------------------------------------------------------------

    async def _send_segment(self, job: _Job) -> bool:
        """Send the next segment of a message; True when the message is out of hand."""
        message, seq, sim = job.message, job.todo[0], self.handle.status.sim
        flight = self.in_flight = InFlight(message)

        async def before_payload() -> None:
            await self._settle_outcome()
            flight.began = self._store.write(self._begin(job, seq, sim))
            await asyncio.shield(flight.began)
            self._pacer.note(self._clock.wall_ms())
            flight.payload_since_s = self._clock.monotonic()

        try:
            reference = await self.handle.submit(job.tpdus[seq], before_payload=before_payload, more=len(job.todo) > 1)
        except Gone:
            self._queue.done(message)
            return True
        except StoreError as exc:
            log.error("%s: nothing was sent: %s", self.name, exc)
            self._rest(STORE_RETRY_S)
            self._queue.give_back(message)
            return True
        except SubmitError as exc:
            await self._refused(job, seq, sim, exc, flight)
            return True
        finally:
            self.in_flight = None
        self._failures = 0
        job.note_begun()
        job.todo.pop(0)
        job.split = True
        await self._record(
            partial(
                outbox.segment_sent,
                now_ms=self._clock.wall_ms(),
                message=message,
                seq=seq,
                modem=self.name,
                sim=sim,
                reference=reference,
                more=bool(job.todo),
            )
        )
        if job.todo:
            return False
        self._queue.done(message)
        return True

    def _begin(self, job: _Job, seq: int, sim: str) -> Callable[[Tx], None]:
        return partial(
            outbox.begin_segment,
            now_ms=self._clock.wall_ms(),
            message=job.message,
            seq=seq,
            modem=self.name,
            sim=sim,
            first=not job.begun,
            tpdus=None if job.stored else list(job.tpdus.values()),
        )

    async def _refused(self, job: _Job, seq: int, sim: str, exc: SubmitError, flight: InFlight) -> None:
        """Apply the policy to a segment that was not confirmed."""
        begin: Callable[[Tx], None] | None = self._begin(job, seq, sim)
        if flight.began is not None:
            try:
                await flight.began
                begin = None
                job.note_begun()
            except Gone:
                self._queue.done(job.message)
                return
            except StoreError as trouble:
                log.error("%s: %s", self.name, trouble)
        message, now_ms = job.message, self._clock.wall_ms()
        error = describe(exc, self.name)
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
        if decision.action is Action.AWAIT and begin is None:
            due_ms = now_ms + self._grace_ms
            await self._record(
                partial(outbox.segment_unknown, now_ms=now_ms, message=message, seq=seq, error=error, due_ms=due_ms)
            )
            self._queue.due(due_ms)
            self._queue.done(message)
        elif decision.action is Action.FAIL:
            failed = partial(
                outbox.segment_failed, now_ms=now_ms, message=message, seq=seq, modem=self.name, error=error
            )
            await self._record(_after(begin, failed))
            self._queue.done(message)
        elif decision.action is Action.RETRY:
            due_ms = now_ms + round(decision.pause_s * 1000)
            deferred = partial(
                outbox.segment_refused,
                now_ms=now_ms,
                message=message,
                seq=seq,
                error=error,
                due_ms=due_ms,
                waiting=exc.title,
                charged=True,
                route=self._pinned(job),
            )
            await self._record(_after(begin, deferred))
            self._queue.due(due_ms)
            self._queue.done(message)
        elif begin is None:
            returned = partial(
                outbox.segment_refused,
                now_ms=now_ms,
                message=message,
                seq=seq,
                error=error,
                due_ms=None,
                waiting=exc.title,
                charged=False,
                route=self._pinned(job),
            )
            await self._record(returned, then=partial(self._queue.give_back, self._returned(job)))
        else:
            await self._hand_back(job)

    # -- handing back ---------------------------------------------------------------------------------------------

    def _pinned(self, job: _Job) -> str | None:
        return self.name if job.split else None

    def _returned(self, job: _Job) -> Outgoing:
        """The message as it is in the queue now."""
        pinned = self._pinned(job)
        return replace(job.message, cut=job.stored, modem=pinned or job.message.modem)

    async def _hand_back(self, job: _Job) -> None:
        """Give up a message between two of its segments."""
        give_back = partial(self._queue.give_back, self._returned(job))
        if not job.begun:
            give_back()
            return
        reason = f"modem {self.name} is {self.handle.status.state}"
        operation = partial(
            outbox.hand_back,
            now_ms=self._clock.wall_ms(),
            message=job.message,
            waiting=None if self._stopping else reason,
            route=self._pinned(job),
        )
        await self._record(operation, then=give_back)

    async def _hand_back_all(self) -> None:
        while self._jobs:
            await self._hand_back(self._jobs.pop())

    def _rest(self, seconds: float) -> None:
        self._rest_until_s = max(self._rest_until_s, self._clock.monotonic() + seconds)

    # -- outcomes -------------------------------------------------------------------------------------------------

    async def _record(self, operation: Callable[[Tx], Any], then: Callable[[], None] | None = None) -> None:
        """Send an outcome to the disk; ``then`` is called once it is there. Does not wait for it."""
        await self._settle_outcome()
        self._outcome = _Outcome(operation, self._store.write(operation), then)

    async def _settle_outcome(self) -> None:
        """Wait until the last outcome is on disk, trying again for as long as the database does not write."""
        outcome = self._outcome
        if outcome is None:
            return
        while True:
            try:
                await asyncio.shield(outcome.written)
                break
            except StoreError as exc:
                log.error("%s: an outcome waits for the database: %s", self.name, exc)
                await self._clock.sleep(STORE_RETRY_S)
                outcome.written = self._store.write(outcome.operation)
        self._outcome = None
        if outcome.then is not None:
            outcome.then()


_NOT_THE_MODEMS = (Disposition.NEVER, Disposition.LATER, Disposition.ELSEWHERE)


def _after(first: Callable[[Tx], None] | None, second: Callable[[Tx], None]) -> Callable[[Tx], None]:
    """Both operations as one, in that order."""
    if first is None:
        return second

    def both(tx: Tx) -> None:
        first(tx)
        second(tx)

    return both


def describe(exc: SubmitError, modem: str) -> dict[str, Any]:
    """An error as it is shown to users: a stable code, a sentence, the numbers behind it."""
    if exc.disposition is Disposition.UNKNOWN:
        code = "not_confirmed"
    elif exc.cms is not None:
        code = "refused_by_network"
    else:
        code = "modem_error"
    error: dict[str, Any] = {"code": code, "title": exc.title, "modem": modem}
    if exc.cms is not None:
        error["cms"] = exc.cms
    if exc.cme is not None:
        error["cme"] = exc.cme
    return error
