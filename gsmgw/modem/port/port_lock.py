"""Priority lock for a serial port: one holder at a time, the rest wait by priority and then by arrival."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from enum import IntEnum


class PortPriority(IntEnum):
    """The order in which waiting tasks get the lock."""

    ACKNOWLEDGE = 0  #: the network waits for it, and repeats the message without it
    RECEIVE = 1  #: before the storage fills
    CONTROL = 2
    SUBMIT = 3


class PortLock:
    """The lock of one channel; it ends with the channel."""

    __slots__ = ("_busy", "_cause", "_order", "_waiting", "holder")

    def __init__(self) -> None:
        self._busy = False
        self._cause: Exception | None = None
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        #: The task that holds the lock.
        self.holder: asyncio.Task[object] | None = None

    async def acquire(self, priority: PortPriority) -> None:
        """Wait for the lock. Raises the cause given to :meth:`end`."""
        if self._cause is not None:
            raise self._cause
        if not self._busy:
            self._busy = True
        else:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (priority, next(self._order), waiter))
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                    self.release()  # it was handed over at the same moment
                raise
        self.holder = asyncio.current_task()

    def release(self) -> None:
        """Hand the lock to the first waiting task."""
        self.holder = None
        self._busy = False
        while self._waiting:
            _, _, waiter = heapq.heappop(self._waiting)
            if not waiter.done():
                self._busy = True
                waiter.set_result(None)
                return

    def end(self, cause: Exception) -> None:
        """Refuse the lock to all who wait and all who come, with that cause."""
        self._cause = cause
        for _, _, waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(cause)
        self._waiting.clear()
