"""The one way to follow the event log: a consumer with a durable cursor, that goes on after every failure.

A consumer takes turns. A turn is taken when events come, when the last one asked for it, and after a rest when the last
one failed; it never ends the consumer, and never costs another one anything. Where the cursor is kept, and what is
committed together with it, is the consumer's own: :class:`Follower` does both in one transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence

from gsmgw.dispatch.feed import EventFeed
from gsmgw.errors import StoreError
from gsmgw.model import Event
from gsmgw.ports import Clock, Timer
from gsmgw.store import Store, Tx, cursors

log = logging.getLogger(__name__)

#: Rest after a failure of our own, for instance a full disk, seconds.
REST_S = 5.0


class CursorRunner(ABC):
    """A consumer of the event log. ``title`` names it in the log; ``position`` is the last event that it looked at."""

    def __init__(self, title: str, clock: Clock, feed: EventFeed) -> None:
        self.title = title
        self.position = feed.last_id
        self._clock = clock
        self._feed = feed
        self._wake = asyncio.Event()

    @property
    def lag(self) -> int:
        """Number of events that are not done with."""
        return max(0, self._feed.last_id - self.done)

    @property
    def done(self) -> int:
        """The last event up to which everything is done with."""
        return self.position

    def wake(self) -> None:
        """Take a turn soon."""
        self._wake.set()

    async def run(self) -> None:
        """Take turns until cancelled."""
        self._feed.listen(self._news)
        try:
            async with self.resources():
                while True:
                    self._wake.clear()
                    await self._wait(await self._safe_turn())
        finally:
            self._feed.forget(self._news)

    def resources(self) -> contextlib.AbstractAsyncContextManager[object]:
        """What the turns need, from the beginning to the end of :meth:`run`."""
        return contextlib.nullcontext()

    @abstractmethod
    async def turn(self) -> float | None:
        """Do what can be done now; seconds until the next turn, None where only an event or :meth:`wake` brings one."""

    async def page(self) -> Sequence[Event]:
        """The next events."""
        return await self._feed.page(self.position)

    async def _safe_turn(self) -> float | None:
        try:
            return await self.turn()
        except StoreError as exc:
            log.log(exc.level, "%s: paused, retrying in %.0f s: %s", self.title, REST_S, exc)
        except Exception:
            log.exception("%s: failed, retrying in %.0f s", self.title, REST_S)
        return REST_S

    async def _wait(self, pause_s: float | None) -> None:
        timer: Timer | None = None if pause_s is None else self._clock.call_later(pause_s, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            if timer is not None:
                timer.cancel()

    def _news(self, events: Sequence[Event]) -> None:
        self._wake.set()


class Follower(CursorRunner):
    """A consumer whose effect and whose cursor are committed in one transaction: each event takes effect once.

    ``name`` is that of its cursor; ``first`` is where a new one begins, the newest event where it is None. ``settle_s``
    is how long events are collected before a turn, ``portion`` how many are applied in one transaction.
    """

    def __init__(
        self,
        name: str,
        store: Store,
        clock: Clock,
        feed: EventFeed,
        *,
        first: int | None = None,
        settle_s: float = 0.0,
        portion: int = 200,
    ) -> None:
        super().__init__(name, clock, feed)
        self.position = 0
        self._name = name
        self._store = store
        self._first = first
        self._settle_s = settle_s
        self._portion = portion
        self._applying = asyncio.Lock()
        self._opened = False

    @abstractmethod
    def apply(self, tx: Tx, events: Sequence[Event]) -> None:
        """Let some events take effect."""

    async def turn(self) -> float | None:
        """Apply all that is there."""
        if self._settle_s:
            await self._clock.sleep(self._settle_s)
            self._wake.clear()
        while await self.step():
            pass
        return None

    async def step(self) -> bool:
        """Apply the next portion; False when there is none. Raises :class:`gsmgw.errors.StoreError`."""
        async with self._applying:
            if not self._opened:
                self.position = await self._store.write(
                    lambda tx: cursors.open_cursor(tx, self._name, first=self._first, holds=True)
                )
                self._opened = True
            events = (await self.page())[: self._portion]
            if not events:
                return False

            def apply(tx: Tx) -> None:
                self.apply(tx, events)
                cursors.move(tx, self._name, events[-1].id)

            await self._store.write(apply)
            self.position = events[-1].id
            return True
