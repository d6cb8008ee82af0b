"""Consumers of the event log with a durable cursor, which continue after every failure.

A consumer works in turns. A turn starts when events arrive, at the time that the previous turn requested, or after a
pause if it failed. A failure neither ends the consumer nor affects other consumers. Each consumer decides where its
cursor is stored and what is committed with it; :class:`Follower` commits both in one transaction.
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

#: Pause after an internal failure, for example a full disk; seconds.
REST_S = 5.0
#: Maximum time that a reader waits for a follower, seconds; after that, the newest messages may be missing.
PATIENCE_S = 2.0


class CursorRunner(ABC):
    """A consumer of the event log. ``title`` names it in the log; ``position`` is the last event that it has read."""

    def __init__(self, title: str, clock: Clock, feed: EventFeed) -> None:
        self.title = title
        self.position = feed.last_id
        self._clock = clock
        self._feed = feed
        self._wake = asyncio.Event()

    @property
    def lag(self) -> int:
        """Number of events that are not finished."""
        return max(0, self._feed.last_id - self.done)

    @property
    def done(self) -> int:
        """The last event up to which all events are finished."""
        return self.position

    def wake(self) -> None:
        """Request a turn."""
        self._wake.set()

    async def run(self) -> None:
        """Run turns until cancelled."""
        self._feed.listen(self._news)
        try:
            async with self.resources():
                while True:
                    self._wake.clear()
                    await self._wait(await self._safe_turn())
        finally:
            self._feed.forget(self._news)

    def resources(self) -> contextlib.AbstractAsyncContextManager[object]:
        """The resources of the turns, held while :meth:`run` is active."""
        return contextlib.nullcontext()

    @abstractmethod
    async def turn(self) -> float | None:
        """Run a turn. Return the seconds until the next one, or None to wait for an event or :meth:`wake`."""

    async def page(self) -> Sequence[Event]:
        """Return the next events."""
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
    """A consumer that commits its changes and its cursor in one transaction, so each event is applied exactly once.

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
        """Apply some events."""

    async def page(self) -> Sequence[Event]:
        """Return the next portion of events."""
        return await self._feed.page(self.position, self._portion)

    async def turn(self) -> float | None:
        """Apply events until a portion is not full: the rest is collected for the next turn."""
        if self._settle_s:
            await self._clock.sleep(self._settle_s)
            self._wake.clear()
        while await self.step():
            pass
        return None

    async def catch_up(self) -> None:
        """Apply all events up to now, so that a reader finds them; waits at most :data:`PATIENCE_S`."""
        wanted = self._feed.last_id
        try:
            async with asyncio.timeout(PATIENCE_S):
                while self.position < wanted and await self.step():
                    pass
        except (TimeoutError, StoreError) as exc:
            log.warning("%s: the newest messages are not included yet error=%s", self.title, exc or "timed out")

    async def step(self) -> bool:
        """Apply the next portion. Return True if it was full. Raises :class:`gsmgw.errors.StoreError`."""
        async with self._applying:
            if not self._opened:
                self.position = await self._store.write(
                    lambda tx: cursors.open_cursor(tx, self._name, first=self._first, holds=True)
                )
                self._opened = True
            events = await self.page()
            if not events:
                return False

            def apply(tx: Tx) -> None:
                self.apply(tx, events)
                cursors.move(tx, self._name, events[-1].id)

            await self._store.write(apply)
            self.position = events[-1].id
            return len(events) >= self._portion
