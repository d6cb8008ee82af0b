"""Who has the port: one at a time, the rest waiting by priority and then by arrival."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from enum import IntEnum


class PortPriority(IntEnum):
    """Who goes first when the port becomes free."""

    ACKNOWLEDGE = 0  #: the network waits for it, and repeats the message when it does not come
    RECEIVE = 1  #: so that the storage never fills
    CONTROL = 2
    SUBMIT = 3


class PortLock:
    """A lock with priorities that ends with its channel."""

    __slots__ = ("_busy", "_cause", "_order", "_waiting", "holder")

    def __init__(self) -> None:
        self._busy = False
        self._cause: Exception | None = None
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        #: The task whose turn it is.
        self.holder: asyncio.Task[object] | None = None

    async def acquire(self, priority: PortPriority) -> None:
        """Wait for one's turn. Raises what :meth:`end` was given."""
        if self._cause is not None:
            raise self._cause
        if not self._busy:
            self._busy = True
        else:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            heapq.heappush(self._waiting, (priority, next(self._order), turn))
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled() and turn.exception() is None:
                    self.release()  # it was given to us in the same moment
                raise
        self.holder = asyncio.current_task()

    def release(self) -> None:
        """Give the turn to the first of those who wait."""
        self.holder = None
        self._busy = False
        while self._waiting:
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():
                self._busy = True
                turn.set_result(None)
                return

    def end(self, cause: Exception) -> None:
        """Nobody gets a turn any more: all who wait, and all who come, are told the cause."""
        self._cause = cause
        for _, _, turn in self._waiting:
            if not turn.done():
                turn.set_exception(cause)
        self._waiting.clear()
