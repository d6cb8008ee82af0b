"""The worker of a modem of another gateway: it takes messages from the queue and gives them away.

A message that was given away stays in this worker's hands until its gateway has told that it is gone, so that texts to
one person keep their order.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial

from gsmgw.errors import StoreError
from gsmgw.model import Outgoing, Priority
from gsmgw.model.events import SubmitLateRefusal
from gsmgw.outbound.limits.capacity import ModemCapacity
from gsmgw.outbound.limits.rate_limit import RateLimiter, Use
from gsmgw.outbound.worker.inflight import Delay, Queue
from gsmgw.ports import Clock, RemoteModem
from gsmgw.store import Store, outbox

log = logging.getLogger(__name__)

#: Messages that are given away in one transaction.
PORTION = 100
#: A database that does not write is tried again after that time.
STORE_RETRY_S = 1.0
#: Time of a segment, for estimates, seconds.
ASSUMED_S = 5.0


class RemoteWorker:
    """Gives messages to one modem of another gateway."""

    #: Segments are sent by the other gateway.
    in_flight: None = None

    def __init__(
        self,
        handle: RemoteModem,
        store: Store,
        clock: Clock,
        queue: Queue,
        pools: Sequence[RateLimiter] = (),
        weight: float = 1.0,
    ) -> None:
        self.handle = handle
        self._pools = pools
        self.idle = False
        self._store = store
        self._clock = clock
        self._queue = queue
        self._weight = weight
        self._given: dict[int, Outgoing] = {}
        self._count = 0
        self._wake = asyncio.Event()
        self._stopping = False

    @property
    def name(self) -> str:
        """The modem's."""
        return self.handle.name

    @property
    def load(self) -> float:
        """Messages given divided by weight: of several idle modems the one with the lowest share goes first."""
        return self._count / self._weight

    @property
    def is_hungry(self) -> bool:
        """True if it could take a message now and has none."""
        return not self._given and self._may_take

    @property
    def _may_take(self) -> bool:
        return self.handle.status.state.carries and self.handle.paused_until_ms is None and self.handle.room > 0

    def wake(self) -> None:
        """Something changed: the queue, the modem's state, the room."""
        self._wake.set()

    def stop(self) -> None:
        """Give nothing more away."""
        self._stopping = True
        self._wake.set()

    def paused_until_ms(self) -> int | None:
        """Until when the limits of the SIM or of its pools hold back; None when they do not."""
        now_ms = self._clock.wall_ms()
        allowed_ms = max(self._allowed_ms(now_ms, urgent=False), self.handle.paused_until_ms or 0)
        return allowed_ms if allowed_ms > now_ms else None

    def _allowed_ms(self, now_ms: int, *, urgent: bool) -> int:
        """Return when the limits of the pools allow the next message. Those of the SIM are its gateway's."""
        return max((pool.next_allowed_ms(now_ms, urgent=urgent) for pool in self._pools), default=now_ms)

    def resting_s(self) -> float:
        """The other gateway has its own cooldown."""
        return 0.0

    def capacity(self, shared: object) -> ModemCapacity:
        """Return how much the modem can send; its limits are those of its gateway."""
        return ModemCapacity(self.name, ASSUMED_S)

    def clock_was_set(self, by_ms: int) -> None:
        """Nothing here depends on the time of the day."""

    def recall(self, number: str) -> None:
        """Opt-outs reach the other gateway by themselves."""

    def late_result(self, reference: int) -> bool:
        """Results are the other gateway's."""
        return False

    def late_refusal(self, refusal: SubmitLateRefusal) -> None:
        """Results are the other gateway's."""

    def finished(self, message_id: int) -> None:
        """The other gateway is done with a message, or has given it back."""
        message = self._given.pop(message_id, None)
        if message is not None:
            self._queue.done(message)
        self._wake.set()

    def forget(self) -> None:
        """The other gateway is silent: the next texts to the same persons do not wait for it."""
        given, self._given = self._given, {}
        for message in given.values():
            self._queue.done(message)

    async def run(self) -> None:
        """Work until :meth:`stop` or cancellation."""
        while not self._stopping:
            self._wake.clear()
            portion = await self._take() if self._may_take else []
            if portion:
                await self._assign(portion)
            elif not self._wake.is_set():
                await self._wait()

    async def _wait(self) -> None:
        """Wait for something to give away, or for leave of the pools to give it."""
        now_ms = self._clock.wall_ms()
        pause_s = (self._allowed_ms(now_ms, urgent=False) - now_ms) / 1000
        self.idle = self._may_take and pause_s <= 0
        timer = self._clock.call_later(pause_s, self._wake.set) if pause_s > 0 else None
        try:
            await self._wake.wait()
        finally:
            self.idle = False
            if timer is not None:
                timer.cancel()

    async def _take(self) -> list[Outgoing]:
        """Take messages that may go at this hour and within the limits of the pools."""
        found: list[Outgoing] = []
        most = min(PORTION, self.handle.room)
        while len(found) < most:
            now_ms = self._clock.wall_ms()
            if self._allowed_ms(now_ms, urgent=True) > now_ms:
                break
            above = Priority.NORMAL if self._allowed_ms(now_ms, urgent=False) > now_ms else None
            message = self._queue.take(self.name, above)
            if message is None:
                break
            delay = self._delay(message, now_ms)
            if delay is not None:
                await self._defer(message, delay)
                continue
            found.append(message)
            for pool in self._pools:
                for segment in range(message.segments):
                    pool.note(Use(now_ms, message.to, first=segment == 0))
        return found

    def _delay(self, message: Outgoing, now_ms: int) -> Delay | None:
        """Return until when the hour at the recipient's or a limit of recipients holds a message back."""
        delay = self._queue.delay(message, now_ms)
        allowed_ms = max((pool.recipient_allowed_ms(message.to, now_ms) for pool in self._pools), default=now_ms)
        if delay is None and allowed_ms > now_ms:
            return Delay(allowed_ms, "the limit of different recipients in a day is reached")
        return delay

    async def _defer(self, message: Outgoing, delay: Delay) -> None:
        defer = partial(
            outbox.defer,
            now_ms=self._clock.wall_ms(),
            message_id=message.id,
            due_ms=delay.until_ms,
            waiting=delay.why,
        )
        try:
            await self._store.write(defer, lambda _: self._queue.due(delay.until_ms))
        except StoreError as exc:
            log.log(exc.level, "%s: %s", self.name, exc)
            self._queue.give_back(message)
            await self._clock.sleep(STORE_RETRY_S)
        else:
            self._queue.done(message)

    async def _assign(self, portion: list[Outgoing]) -> None:
        self._given |= {message.id: message for message in portion}
        try:
            left_out = await self.handle.assign(portion)
        except StoreError as exc:
            log.log(exc.level, "%s: %s", self.name, exc)
            for message in portion:
                self._given.pop(message.id, None)
                self._queue.give_back(message)
            await self._clock.sleep(STORE_RETRY_S)
            return
        self._count += len(portion) - len(left_out)
        for message in left_out:
            if self._given.pop(message.id, None) is not None:
                self._queue.done(message)
