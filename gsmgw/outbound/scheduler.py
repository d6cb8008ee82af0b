"""The queue at work: spreads what waits over the modems that are there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from gsmgw.errors import StoreError
from gsmgw.model import MessageRecord, ModemStatus, Outgoing, Priority, Status
from gsmgw.numbers import digits_of, same_number
from gsmgw.outbound.calendar import SendingTimes
from gsmgw.outbound.jobs import InFlight
from gsmgw.outbound.lanes import Lanes
from gsmgw.outbound.pacing import Limits, Pacer, Use
from gsmgw.outbound.router import RouteTable, routes_served, target_of
from gsmgw.outbound.worker import STORE_RETRY_S, Worker
from gsmgw.ports import Clock, ModemHandle
from gsmgw.store import Store, lanes, timers
from gsmgw.zones import LOCAL_ZONE, country_of_number, zones_of_country

log = logging.getLogger(__name__)

#: The longest sleep of the timer: bounds what a jump of the wall clock can delay.
TIMER_MAX_S = 30.0
#: Deferred messages looked at in one transaction.
BATCH = 500
#: A report whose segment's final result is still awaited settles it, unless the result comes within this time.
SETTLE_AFTER_S = 1.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a message has not gone yet: in one word, in one sentence, and until when (UTC ms) where that is known."""

    word: str
    sentence: str
    until_ms: int | None = None


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
    ) -> None:
        self._table = table or RouteTable()
        self._times = times or SendingTimes()
        self._pool_pacers = {pool: Pacer(limits) for pool, limits in (pool_limits or {}).items() if limits.any}
        self._routes: dict[str, tuple[str, ...]] = {}
        self._store = store
        self._clock = clock
        self._grace_ms = round(unknown_grace_s * 1000)
        self._lanes = Lanes()
        self._workers: dict[str, Worker] = {}
        self._timer_wake = asyncio.Event()
        self._round_over = asyncio.Event()
        self._refill_wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._group: asyncio.TaskGroup | None = None
        self._upkeep: asyncio.TaskGroup | None = None
        self._next_due_ms: int | None = None

    # -- life -----------------------------------------------------------------------------------------------------

    def attach(self, handle: ModemHandle, limits: Limits | None = None, weight: float = 1.0) -> None:
        """Let a modem take part, within its limits. One of twice the weight is chosen twice as often."""
        pools = [self._pool_pacers[pool] for pool in self._table.pools_of(handle.name) if pool in self._pool_pacers]
        worker = Worker(handle, self._store, self._clock, self, limits or Limits(), pools, self._grace_ms, weight)
        self._workers[handle.name] = worker
        self._find_routes()
        if self._group is not None:
            self._group.create_task(worker.run(), name=f"worker {handle.name}")

    async def run(self) -> None:
        """Work until :meth:`stop`. What the last stop interrupted is settled first."""
        now_ms = self._clock.wall_ms()
        unknown, back = await self._store.write(lambda tx: timers.recover(tx, now_ms, self._grace_ms))
        if unknown or back:
            log.warning("after the last stop: %d messages are unknown, %d are back in the queue", unknown, back)
        for pool, pacer in self._pool_pacers.items():
            await self._load_pool(pool, pacer, now_ms)
        self._lanes.expect(await self._store.read(lanes.ready_lanes))
        async with asyncio.TaskGroup() as upkeep:
            self._upkeep = upkeep
            timer = upkeep.create_task(self._keep_time(), name="queue timer")
            refill = upkeep.create_task(self._keep_filled(), name="queue refill")
            async with asyncio.TaskGroup() as self._group:
                for worker in self._workers.values():
                    self._group.create_task(worker.run(), name=f"worker {worker.name}")
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
        self._round_over.clear()
        self._timer_wake.set()
        await self._round_over.wait()

    # -- what comes in --------------------------------------------------------------------------------------------

    def offer(self, messages: Sequence[Outgoing]) -> None:
        """Messages were committed as queued."""
        wanted: set[str] = set()
        count = 0
        for message in messages:
            if self._lanes.offer(message):
                wanted.add(message.route)
                count += 1
        self._wake_idle(wanted, count)

    def withdraw(self, message_id: int) -> None:
        """A message was canceled or has ended otherwise."""
        self._lanes.withdraw(message_id)

    def due(self, moment_ms: int) -> None:
        """Something was deferred until then."""
        if self._next_due_ms is None or moment_ms < self._next_due_ms:
            self._next_due_ms = moment_ms
            self._timer_wake.set()

    def modem_changed(self, status: ModemStatus) -> None:
        """A modem's state changed."""
        worker = self._workers.get(status.name)
        if worker is not None:
            self._find_routes()
            worker.wake()
            if not status.state.carries:  # its conversations are for others now
                for other in self._workers.values():
                    if other.idle:
                        other.wake()

    def _find_routes(self) -> None:
        """Which routes each modem serves, now that one has come, gone, or changed its state."""
        unfit = [worker.name for worker in self._workers.values() if not worker.handle.status.state.carries]
        self._routes = {name: routes_served(name, self._table.pools_of(name), unfit) for name in self._workers}

    async def _load_pool(self, pool: str, pacer: Pacer, now_ms: int) -> None:
        members = tuple((self._table.pools or {}).get(pool, ()))
        since_ms = now_ms - pacer.limits.longest_ms
        for at_ms, to, seq in await self._store.read(lambda db: lanes.pool_usage_since(db, members, since_ms)):
            pacer.note(Use(at_ms, to, first=seq == 1))

    def report_unmatched(self, modem: str, reference: int, recipient: str) -> None:
        """A status report came that fits no segment whose reference is known.

        When a segment to that recipient is with that modem and its final result stays away, the report is the
        evidence that the network has it: the modem need not be waited for any longer.
        """
        worker = self._workers.get(modem)
        flight = worker.in_flight if worker is not None else None
        if worker is None or flight is None or self._upkeep is None:
            return
        if same_number(digits_of(flight.message.to), digits_of(recipient)):
            self._upkeep.create_task(self._settle(worker, flight, reference), name=f"settle {modem}")

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
                if left and worker.idle and route in self._routes[worker.name]:
                    worker.idle = False
                    worker.wake()
                    left -= 1

    # -- for the workers ------------------------------------------------------------------------------------------

    def take(self, modem: str, above: Priority | None) -> Outgoing | None:
        """The next message for that modem."""
        message = self._lanes.take(self._routes[modem], above)
        if message is not None and not self._refill_wake.is_set() and self._lanes.is_hungry:
            self._refill_wake.set()
        return message

    def take_ahead(self, modem: str) -> Outgoing | None:
        """One more message for that modem, where more wait than there are modems without anything to do."""
        hungry = sum(worker.is_hungry for worker in self._workers.values() if worker.name != modem)
        return self.take(modem, None) if self._lanes.ready_count(self._routes[modem]) > hungry else None

    def not_before_ms(self, message: Outgoing, now_ms: int) -> int | None:
        """When a message may be sent at its recipient's: ``now_ms`` or later; None when that never comes."""
        if not self._times.applies_to(message.priority):
            return now_ms
        country = country_of_number(message.to)
        zones = zones_of_country(country) if country is not None else (LOCAL_ZONE,)
        return self._times.next_allowed_ms(now_ms, zones)

    def done(self, message: Outgoing) -> None:
        """The message is out of a worker's hands, and ended or deferred."""
        following = self._lanes.release(message)
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
            for key, after, room in self._lanes.hungry():
                route, client, priority = key
                try:
                    found = await self._store.read(
                        partial(
                            lanes.ready_after,
                            route=route,
                            client=client,
                            priority=int(priority),
                            after=after,
                            limit=room,
                        )
                    )
                except StoreError as exc:
                    log.error("the queue could not be read: %s", exc)
                    await self._clock.sleep(STORE_RETRY_S)
                    self._refill_wake.set()
                    continue
                count = self._lanes.load(key, found, complete=len(found) < room)
                self._wake_idle([route], count)
            if self._lanes.is_hungry:
                self._refill_wake.set()

    async def _keep_time(self) -> None:
        """Bring in what was deferred, settle what is unknown, expire what is too old, each when it is due."""
        while True:
            self._timer_wake.clear()
            try:
                await self._catch_up()
                self._next_due_ms = await self._store.read(lanes.next_due_ms)
            except StoreError as exc:
                log.error("the queue's timer: %s", exc)
                self._round_over.set()
                await self._clock.sleep(STORE_RETRY_S)
                continue
            self._round_over.set()
            pause_s = TIMER_MAX_S
            if self._next_due_ms is not None:
                pause_s = min(pause_s, max(0.0, (self._next_due_ms - self._clock.wall_ms()) / 1000))
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._timer_wake.wait()

    async def _catch_up(self) -> None:
        while True:
            now_ms = self._clock.wall_ms()
            expired = await self._store.write(partial(timers.expire, now_ms=now_ms, limit=BATCH))
            for message_id in expired:
                self._lanes.withdraw(message_id)
            ready = await self._store.write(partial(timers.promote_due, now_ms=now_ms, limit=BATCH))
            self.offer(ready.queued)
            if len(expired) < BATCH and ready.seen < BATCH:
                return

    # -- explaining -----------------------------------------------------------------------------------------------

    def explain(self, message: MessageRecord) -> Waiting | None:
        """Why an outbound message has not gone yet; None when it is not waiting."""
        if message.status is Status.SCHEDULED:
            return Waiting("scheduled", "its time has not come", message.send_at_ms)
        if message.status is Status.UNKNOWN:
            return Waiting("evidence", message.waiting or "evidence is awaited", message.due_ms)
        if message.status is not Status.QUEUED:
            return None
        if message.due_ms is not None:
            return Waiting("retry", message.waiting or "it is tried again later", message.due_ms)
        workers = [worker for worker in self._workers.values() if message.route in self._routes[worker.name]]
        if not workers:
            modem, pool = target_of(message.route)
            what = f"modem named {modem!r}" if modem else f"modem in the pool {pool!r}" if pool else "modem"
            return Waiting("modem", f"there is no {what}")
        fit = [worker for worker in workers if worker.handle.status.state.carries]
        if not fit:
            states = "; ".join(
                f"{worker.name} is {worker.handle.status.state}: {worker.handle.status.detail}"
                for worker in workers[:3]
            )
            return Waiting("modem", states)
        limits = [worker.paused_until_ms() for worker in fit]
        if all(limits):
            until_ms = min(limit for limit in limits if limit is not None)
            return Waiting("limit", "the limit of every modem that may carry it is reached", until_ms)
        if all(worker.resting_s() > 0 for worker in fit):
            until_ms = self._clock.wall_ms() + round(min(worker.resting_s() for worker in fit) * 1000)
            return Waiting("rest", "every modem that may carry it rests after a failure", until_ms)
        if self._lanes.is_parked(message.peer):
            return Waiting("order", "an earlier message to the same recipient is being sent")
        if any(worker.idle for worker in fit):
            return Waiting("turn", "a modem is taking it")
        return Waiting("turn", "earlier messages go first")
