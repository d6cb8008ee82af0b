"""The queue at work: spreads what waits over the modems that are there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from functools import partial

from gsmgw.errors import StoreError
from gsmgw.model import MessageRecord, ModemState, ModemStatus, Outgoing, Priority, Waiting
from gsmgw.model.events import SubmitLateRefusal
from gsmgw.numbers import digits_of, same_number
from gsmgw.outbound.limits.capacity import Allowance, ModemCapacity
from gsmgw.outbound.limits.rate_limit import Limits, RateLimiter, Use
from gsmgw.outbound.limits.sending_hours import SendingTimes
from gsmgw.outbound.queue.due_timer import DueTimer
from gsmgw.outbound.queue.eligibility import Eligibility
from gsmgw.outbound.queue.ready_queue import ReadyQueue
from gsmgw.outbound.queue.router import RouteTable
from gsmgw.outbound.queue.wait_reason import explain, obstacle, turn
from gsmgw.outbound.worker.inflight import Delay
from gsmgw.outbound.worker.jobs import InFlight
from gsmgw.outbound.worker.remote_worker import RemoteWorker
from gsmgw.outbound.worker.worker import STORE_RETRY_S, Worker
from gsmgw.ports import Clock, Keep, ModemHandle, RemoteModem
from gsmgw.store import Store, lifecycle, queue_reads

log = logging.getLogger(__name__)

#: States of a modem that is being brought back.
_RETURNING = (ModemState.PROBING, ModemState.RECOVERING, ModemState.QUARANTINED)
#: A report whose segment's final result is still awaited settles it, unless the result comes within this time.
SETTLE_AFTER_S = 1.0


async def _run_once(name: str, run: Callable[[], Awaitable[None]]) -> None:
    await run()


class Scheduler:
    """Keeps the active window filled, the clock's promises kept and every fit modem busy."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        unknown_grace_s: float,
        table: RouteTable | None = None,
        times: SendingTimes | None = None,
        pool_limits: Mapping[str, Limits] | None = None,
        keep: Keep = _run_once,
    ) -> None:
        self._keep = keep
        self._table = table or RouteTable()
        self._pool_limiters = {pool: RateLimiter(limits) for pool, limits in (pool_limits or {}).items() if limits.any}
        self._eligibility = Eligibility(self._table)
        self._store = store
        self._clock = clock
        self._grace_ms = round(unknown_grace_s * 1000)
        self._ready = ReadyQueue()
        self._workers: dict[str, Worker | RemoteWorker] = {}
        self._refill_wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._begun = False
        self._group: asyncio.TaskGroup | None = None
        self._upkeep: asyncio.TaskGroup | None = None
        self._timer = DueTimer(store, clock, times or SendingTimes(), self._grace_ms, self)

    # -- life -----------------------------------------------------------------------------------------------------

    def attach(self, handle: ModemHandle, limits: Limits | None = None, weight: float = 1.0) -> None:
        """Let a modem take part, within its limits. One of twice the weight is chosen twice as often."""
        pools = self._pools_of(handle.name)
        worker = Worker(handle, self._store, self._clock, self, limits or Limits(), pools, self._grace_ms, weight)
        self._add(worker)

    def attach_remote(self, handle: RemoteModem, weight: float = 1.0) -> RemoteWorker:
        """Let a modem of another gateway take part. The worker has to be told what becomes of its messages."""
        worker = RemoteWorker(handle, self._store, self._clock, self, self._pools_of(handle.name), weight)
        self._add(worker)
        return worker

    def _pools_of(self, modem: str) -> list[RateLimiter]:
        """Return the limits of a modem's pools."""
        return [self._pool_limiters[pool] for pool in self._table.pools_of(modem) if pool in self._pool_limiters]

    def _add(self, worker: Worker | RemoteWorker) -> None:
        self._workers[worker.name] = worker
        self._eligibility.attach(worker.name, fit=worker.handle.status.state.carries)
        if self._group is not None:
            self._start(self._group, worker)

    @property
    def times(self) -> SendingTimes:
        """The sending hours."""
        return self._timer.times

    def of_pool(self, pool: str) -> Collection[str]:
        """Return the modems of a pool."""
        return (self._table.pools or {}).get(pool, ())

    def capacities(self) -> list[ModemCapacity]:
        """Return how much each modem can send."""
        shared = self._shared()
        return [self._capacity(worker, shared) for worker in self._workers.values()]

    def allowances(self, modem: str) -> tuple[Allowance, ...]:
        """Return what the limits of a modem and of its pools leave."""
        worker = self._workers.get(modem)
        if worker is None:
            return ()
        capacity = self._capacity(worker, self._shared())
        return (*capacity.own, *capacity.shared)

    def _shared(self) -> dict[str, tuple[Allowance, ...]]:
        now_ms = self._clock.wall_ms()
        return {pool: pacer.allowances(f"pool {pool}", now_ms) for pool, pacer in self._pool_limiters.items()}

    def _capacity(self, worker: Worker | RemoteWorker, shared: Mapping[str, tuple[Allowance, ...]]) -> ModemCapacity:
        return worker.capacity([each for pool in self._table.pools_of(worker.name) for each in shared.get(pool, ())])

    def change_limits(self, modem: str, limits: Limits, weight: float) -> None:
        """Let a modem send within other limits, with another weight."""
        worker = self._workers[modem]
        if isinstance(worker, Worker):
            worker.change_limits(limits, weight)

    def change_times(self, times: SendingTimes) -> None:
        """Use other sending hours for messages that are taken up from now on."""
        self._timer.times = times

    def _start(self, group: asyncio.TaskGroup, worker: Worker | RemoteWorker) -> None:
        name = f"worker {worker.name}"
        group.create_task(self._keep(name, worker.run), name=name)

    async def begin(self) -> None:
        """Settle what the last stop interrupted, and look at what waits. Before any modem is at work."""
        await self._timer.begin()
        now_ms = self._clock.wall_ms()
        unknown, back = await self._store.write(lambda tx: lifecycle.recover(tx, now_ms, self._grace_ms))
        if unknown or back:
            log.warning("after the last stop: %d messages are unknown, %d are back in the queue", unknown, back)
        for pool, pacer in self._pool_limiters.items():
            await self._load_pool(pool, pacer, now_ms)
        await self.look_anew()
        self._begun = True

    async def run(self) -> None:
        """Work until :meth:`stop`."""
        if not self._begun:
            await self.begin()
        async with asyncio.TaskGroup() as upkeep:
            self._upkeep = upkeep
            timer = upkeep.create_task(self._keep("queue timer", self._timer.run), name="queue timer")
            refill = upkeep.create_task(self._keep("queue refill", self._keep_filled), name="queue refill")
            async with asyncio.TaskGroup() as self._group:
                for worker in self._workers.values():
                    self._start(self._group, worker)
                await self._stopping.wait()
                for worker in self._workers.values():
                    worker.stop()
            self._group = self._upkeep = None
            timer.cancel()
            refill.cancel()

    def stop(self) -> None:
        """Finish the segments that are with the modems and take no others; :meth:`run` then returns."""
        self._stopping.set()

    async def answer(self) -> None:
        """Return once the timer has been through a round, whatever came of it: the queue is alive."""
        await self._timer.answer()

    # -- what comes in --------------------------------------------------------------------------------------------

    def offer(self, messages: Sequence[Outgoing]) -> None:
        """Messages were committed as queued."""
        wanted: set[str] = set()
        count = 0
        self._eligibility.know(message.route for message in messages)
        for message in messages:
            if self._ready.offer(message):
                wanted.add(message.route)
                count += 1
        if ends := [message.expires_ms for message in messages if message.expires_ms is not None]:
            self._timer.due(min(ends))
        self._wake_idle(wanted, count)

    def withdraw(self, message_id: int) -> None:
        """A message was canceled or has ended otherwise."""
        self._ready.withdraw(message_id)

    def recall(self, number: str) -> None:
        """A number opted out: what is committed ahead for it and has not left returns to the queue, and is checked."""
        for worker in self._workers.values():
            worker.recall(number)

    def due(self, moment_ms: int) -> None:
        """Something on disk is due at that moment: a message that is scheduled or deferred, or expires."""
        self._timer.due(moment_ms)

    def clock_was_set(self, by_ms: int) -> None:
        """The clock was set by so much. Nothing is taken up before :meth:`look_anew`."""
        self._ready.begin_anew()
        for pacer in self._pool_limiters.values():
            pacer.shift(by_ms)
        for worker in self._workers.values():
            worker.clock_was_set(by_ms)

    def returning(self) -> Collection[str]:
        """The modems that do not work now and are being brought back: they may still tell about what they sent."""
        return frozenset(worker.name for worker in self._workers.values() if worker.handle.status.state in _RETURNING)

    async def look_anew(self) -> None:
        """Look up what waits in the database. Raises :class:`StoreError`."""
        waiting = await self._store.read_for_queue(queue_reads.ready_lanes)
        self._eligibility.know(route for route, _ in waiting)
        self._ready.expect(waiting)
        self._refill_wake.set()

    def modem_changed(self, status: ModemStatus) -> None:
        """A modem's state changed."""
        worker = self._workers.get(status.name)
        if worker is not None:
            self._eligibility.attach(status.name, fit=status.state.carries)
            worker.wake()
            if not status.state.carries:  # its conversations are for others now
                for other in self._workers.values():
                    if other.idle:
                        other.wake()

    async def _load_pool(self, pool: str, pacer: RateLimiter, now_ms: int) -> None:
        members = tuple((self._table.pools or {}).get(pool, ()))
        since_ms = now_ms - pacer.limits.longest_ms
        for at_ms, to, seq in await self._store.read_for_queue(
            lambda db: queue_reads.pool_usage_since(db, members, since_ms)
        ):
            pacer.note(Use(at_ms, to, first=seq == 1))
        for at_ms, to, segments in await self._store.read_for_queue(
            lambda db: queue_reads.assigned_since(db, members, since_ms)
        ):
            for seq in range(segments):
                pacer.note(Use(at_ms, to, first=seq == 0))

    def report_unmatched(self, modem: str, reference: int, recipient: str) -> None:
        """A status report came that fits no segment whose reference is known.

        When a segment to that recipient is with that modem and its final result stays away, the report is the
        evidence that the network has it: the modem need not be waited for any longer.
        """
        worker = self._workers.get(modem)
        if not isinstance(worker, Worker) or (flight := worker.in_flight) is None or self._upkeep is None:
            return
        if same_number(digits_of(flight.message.to), digits_of(recipient)):
            self._upkeep.create_task(self._settle(worker, flight, reference), name=f"settle {modem}")

    def late_result(self, modem: str, reference: int) -> bool:
        """A modem confirmed a segment after it had been given up; False when none of this process is meant."""
        worker = self._workers.get(modem)
        return worker is not None and worker.late_result(reference)

    def late_refusal(self, modem: str, refusal: SubmitLateRefusal) -> None:
        """A modem refused a segment after it had been given up."""
        worker = self._workers.get(modem)
        if worker is not None:
            worker.late_refusal(refusal)

    async def _settle(self, worker: Worker, flight: InFlight, reference: int) -> None:
        await self._clock.sleep(SETTLE_AFTER_S)
        if worker.in_flight is flight and flight.payload_since_s is not None:
            log.info("%s: settled by its status report while the modem keeps silent", worker.name)
            worker.handle.settle(reference)

    def _wake_idle(self, routes: Iterable[str], count: int) -> None:
        """Wake as many idle workers as there are messages for them."""
        idle = [worker for worker in self._workers.values() if worker.idle]
        if len(idle) > 1:
            idle.sort(key=lambda worker: worker.load)
        for route in routes:
            left = count
            for worker in idle:
                if left and worker.idle and route in self._eligibility.served_by(worker.name):
                    worker.idle = False
                    worker.wake()
                    left -= 1

    # -- for the workers ------------------------------------------------------------------------------------------

    def take(self, modem: str, above: Priority | None) -> Outgoing | None:
        """The next message for that modem."""
        message = self._ready.take(self._eligibility.served_by(modem), above)
        if message is not None and not self._refill_wake.is_set() and self._ready.is_hungry:
            self._refill_wake.set()
        return message

    def take_ahead(self, modem: str) -> Outgoing | None:
        """One more message for that modem, where more wait than there are modems without anything to do."""
        hungry = sum(worker.is_hungry for worker in self._workers.values() if worker.name != modem)
        return self.take(modem, None) if self._ready.ready_count(self._eligibility.served_by(modem)) > hungry else None

    def has_untried(self, modem: str) -> bool:
        """True if a message that no modem has refused waits for that modem."""
        return modem in self._workers and self._ready.has_untried(self._eligibility.served_by(modem))

    def around(self, message: Outgoing, modem: str) -> str | None:
        """The route of a message that this modem refused; None when no other that is fit may carry it."""
        return self._eligibility.around(message.route, modem)

    def delay(self, message: Outgoing, now_ms: int) -> Delay | None:
        """Until when the hour at its recipient's holds a message back; None when it does not."""
        return self._timer.delay(message, now_ms)

    def done(self, message: Outgoing) -> None:
        """The message is out of a worker's hands, and ended or deferred."""
        following = self._ready.release(message)
        if not self._refill_wake.is_set() and self._ready.is_hungry:  # those of other gateways end long after a take
            self._refill_wake.set()
        if following is not None:
            self._wake_idle([following.route], 1)

    def give_back(self, message: Outgoing) -> None:
        """The message is out of a worker's hands, and queued for whoever comes next."""
        self.done(message)
        self.offer([message])

    # -- upkeep ---------------------------------------------------------------------------------------------------

    async def _keep_filled(self) -> None:
        """Bring messages from disk into the window whenever a lane has room."""
        self._refill_wake.set()
        while True:
            await self._refill_wake.wait()
            self._refill_wake.clear()
            age = self._ready.age
            for key, after, room in self._ready.hungry():
                route, client, priority = key
                try:
                    found = await self._store.read_for_queue(
                        partial(
                            queue_reads.ready_after,
                            route=route,
                            client=client,
                            priority=int(priority),
                            after=after,
                            limit=room,
                        )
                    )
                except StoreError as exc:
                    log.log(exc.level, "the queue could not be read: %s", exc)
                    await self._clock.sleep(STORE_RETRY_S)
                    self._refill_wake.set()
                    continue
                if self._ready.age != age:  # it was looked up before the clock was set
                    break
                count = self._ready.load(key, found, complete=len(found) < room)
                self._wake_idle([route], count)
            if self._ready.is_hungry:
                self._refill_wake.set()

    # -- explaining -----------------------------------------------------------------------------------------------

    def explain(self, message: MessageRecord) -> Waiting | None:
        """Why an outbound message has not gone yet; None when it is not waiting."""
        return explain(message, self._serving(message.route), self._clock.wall_ms(), parked=self._is_parked(message))

    def explain_queued(self, route: str, peer: str, known: dict[tuple[str, bool], Waiting]) -> Waiting:
        """Why a message that may go at once has not. ``known`` keeps what is the same for many others."""
        case = route, self._ready.is_parked(peer)
        if case not in known:
            workers = self._serving(route)
            known[case] = obstacle(route, workers, self._clock.wall_ms()) or turn(workers, parked=case[1])
        return known[case]

    def _serving(self, route: str) -> list[Worker | RemoteWorker]:
        return [worker for worker in self._workers.values() if route in self._eligibility.served_by(worker.name)]

    def _is_parked(self, message: MessageRecord) -> bool:
        return self._ready.is_parked(message.peer)
