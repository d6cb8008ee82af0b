"""The timer of the queue: deferred and scheduled messages become due, old ones expire, the clock may be set."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from zoneinfo import ZoneInfo

from gsmgw.clock import STEP_MS
from gsmgw.errors import StoreError
from gsmgw.model import Outgoing
from gsmgw.outbound.limits.rate_limit import DAY_MS
from gsmgw.outbound.limits.sending_hours import SendingTimes
from gsmgw.outbound.worker.inflight import Delay
from gsmgw.ports import Clock
from gsmgw.store import Store, clock_shift, lifecycle, queue_reads
from gsmgw.store.clock_shift import Boot
from gsmgw.zones import LOCAL_ZONE, country_of_number, zones_of_country

log = logging.getLogger(__name__)

#: The longest sleep: bounds how long the clock's being set goes unnoticed.
SLEEP_MAX_S = 30.0
#: Deferred messages looked at in one transaction.
BATCH = 500
#: A database that does not answer is asked again after that time.
STORE_RETRY_S = 1.0
#: While the machine does not know the time, the hour at a recipient's is looked at again after that time,
UNSET_LOOK_MS = 10_000
#: but not without limit: some machines never set their clock.
UNSET_MAX_S = 3600.0
#: Where the sending times never allow it, they are looked through again after that time.
NEVER_LOOK_MS = 3_600_000
#: A clock this far behind what the database has seen has not been set yet.
BEHIND_MS = 60_000


class QueueWindow(Protocol):
    """The queue, as the timer calls it."""

    def offer(self, messages: list[Outgoing]) -> None:
        """Messages are queued now."""

    def withdraw(self, message_id: int) -> None:
        """A message has expired."""

    def clock_was_set(self, by_ms: int) -> None:
        """The clock was set by so much; the database follows."""

    def returning(self) -> Collection[str]:
        """The modems that do not work now and are being brought back."""

    async def look_anew(self) -> None:
        """The database has followed. Raises :class:`StoreError`."""


@dataclass(frozen=True, slots=True)
class _Allowed:
    """The next allowed moment, None for never, as it was looked up at ``since_ms`` and is true until ``until_ms``."""

    since_ms: int
    until_ms: int
    moment_ms: int | None


class DueTimer:
    """Runs beside the workers."""

    def __init__(self, store: Store, clock: Clock, times: SendingTimes, grace_ms: int, window: QueueWindow) -> None:
        self._store = store
        self._clock = clock
        self.times = times
        self._grace_ms = grace_ms
        self._window = window
        self._wake = asyncio.Event()
        self._round_over = asyncio.Event()
        self._round_wanted = False
        #: The earliest moment that was told since the database was last asked for the next one.
        self._told_ms: int | None = None
        self._allowed: dict[tuple[ZoneInfo, ...], _Allowed] = {}
        self._started_s = clock.monotonic()
        #: This boot, by the clock as it is now.
        self._boot = Boot(clock.boot_id(), self._boot_ms(), clock.wall_ms(), store.ids.last)
        self._seen_ms = 0

    def due(self, moment_ms: int) -> None:
        """Note that something on disk is due at that moment: scheduled, deferred, or expired then.

        A moment that lies behind the next regular round is found by that round.
        """
        if moment_ms - self._clock.wall_ms() >= SLEEP_MAX_S * 1000:
            return
        if self._told_ms is None or moment_ms < self._told_ms:
            self._told_ms = moment_ms
            self._wake.set()

    def delay(self, message: Outgoing, now_ms: int) -> Delay | None:
        """Until when the hour at its recipient's holds a message back; None when it does not."""
        if not self.times.applies_to(message.priority):
            return None
        if self._is_clock_unset(now_ms):
            return Delay(now_ms + UNSET_LOOK_MS, "the machine does not know the time yet, and there are sending times")
        country = country_of_number(message.to)
        zones = zones_of_country(country) if country is not None else (LOCAL_ZONE,)
        allowed_ms = self._allowed_ms(now_ms, zones)
        if allowed_ms is None:
            return Delay(now_ms + DAY_MS, "the sending times in the configuration never allow it")
        return Delay(allowed_ms, "it is outside the sending times at the recipient's") if allowed_ms > now_ms else None

    def _allowed_ms(self, now_ms: int, zones: tuple[ZoneInfo, ...]) -> int | None:
        """When it is allowed in these zones; looked up once for all that wait for the same moment."""
        known = self._allowed.get(zones)
        if known is None or not known.since_ms <= now_ms < known.until_ms:
            moment_ms = self.times.next_allowed_ms(now_ms, zones)
            known = _Allowed(now_ms, now_ms + NEVER_LOOK_MS if moment_ms is None else moment_ms, moment_ms)
            self._allowed[zones] = known
        return known.moment_ms

    async def begin(self) -> None:
        """Look at what the database says of the time; follow a clock that was set since the last stop.

        Raises :class:`StoreError`.
        """
        last, seen_ms = await self._store.read_for_queue(
            lambda db: (clock_shift.last_boot(db), clock_shift.latest_ms(db))
        )
        if last is not None and last.boot_id and last.boot_id == self._boot.boot_id:
            by_ms, self._boot = self._boot.boot_ms - last.boot_ms, last
            if abs(by_ms) > STEP_MS:
                await self._follow(by_ms)
                seen_ms += by_ms
        else:
            boot = self._boot
            await self._store.write(lambda tx: clock_shift.note_boot(tx, boot))
        self._seen_ms = seen_ms
        behind_s = (self._seen_ms - self._clock.wall_ms()) / 1000
        if behind_s * 1000 > BEHIND_MS:
            log.warning("the clock is %d s behind what the database has seen: it has not been set yet", behind_s)

    async def answer(self) -> None:
        """Return once :meth:`run` has been through a round, whatever came of it."""
        self._round_over.clear()
        self._round_wanted = True
        self._wake.set()
        await self._round_over.wait()

    async def run(self) -> None:
        """Bring in what was deferred, settle what is unknown, expire what is too old, each when it is due."""
        while True:
            self._round_wanted = False
            self._told_ms = None  # what is told from here on may be too late for this round
            try:
                await self._catch_up()
                next_due_ms = await self._store.read_for_queue(queue_reads.next_due_ms)
            except StoreError as exc:
                log.log(exc.level, "the queue's timer: %s", exc)
                self._round_over.set()
                await self._clock.sleep(STORE_RETRY_S)
                continue
            self._round_over.set()
            await self._wait(next_due_ms)

    async def _wait(self, next_due_ms: int | None) -> None:
        """Wait for the next moment, whether it was on disk or is told meanwhile, or for the next regular round."""
        began_s = self._clock.monotonic()
        while not self._round_wanted:
            self._wake.clear()
            moments = [moment for moment in (next_due_ms, self._told_ms) if moment is not None]
            pause_s = SLEEP_MAX_S - (self._clock.monotonic() - began_s)
            if moments:
                pause_s = min(pause_s, (min(moments) - self._clock.wall_ms()) / 1000)
            if pause_s <= 0:
                return
            timer = self._clock.call_later(pause_s, self._wake.set)
            try:
                await self._wake.wait()
            finally:
                timer.cancel()

    def _is_clock_unset(self, now_ms: int) -> bool:
        if self._clock.monotonic() - self._started_s > UNSET_MAX_S:
            return False
        return now_ms < self._seen_ms - BEHIND_MS or not self._clock.is_set()

    async def _catch_up(self) -> None:
        if by_ms := self._clock.adjust():
            await self._follow(by_ms)
        while True:
            now_ms = self._clock.wall_ms()
            expired = await self._store.write(partial(lifecycle.expire, now_ms=now_ms, limit=BATCH))
            for message_id in expired:
                self._window.withdraw(message_id)
            promote = partial(lifecycle.promote_due, now_ms=now_ms, limit=BATCH, returning=self._window.returning())
            ready = await self._store.write(promote)
            self._window.offer(ready.queued)
            missed = await self._store.write(partial(lifecycle.miss_reports, now_ms=now_ms, limit=BATCH))
            if max(len(expired), ready.seen, missed) < BATCH:
                return

    async def _follow(self, by_ms: int) -> None:
        """The clock was set: durations go on as they were, moments are what they are."""
        log.warning("the clock was set %s by %d s", "forward" if by_ms > 0 else "back", abs(by_ms) // 1000)
        now_ms = self._clock.wall_ms()
        follow = partial(
            clock_shift.follow,
            now_ms=now_ms,
            by_ms=by_ms,
            boot=self._boot,
            last_id=self._store.ids.last,
            grace_ms=self._grace_ms,
        )
        self._window.clock_was_set(by_ms)

        async def write() -> None:
            self._boot = await self._store.write(follow)

        await self._insist(write)
        await self._insist(self._window.look_anew)

    def _boot_ms(self) -> int:
        return self._clock.wall_ms() - round(self._clock.monotonic() * 1000)

    async def _insist(self, step: Callable[[], Awaitable[None]]) -> None:
        """Nothing goes on before the database has followed."""
        while True:
            try:
                await step()
            except StoreError as exc:
                log.log(exc.level, "the queue's timer: %s", exc)
                await self._clock.sleep(STORE_RETRY_S)
            else:
                return
