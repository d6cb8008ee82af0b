"""Writes that are retried until they succeed: outcomes of sending, evidence, modem events.

A write that fails because the database takes nothing is tried again until it succeeds. One that the database refuses
for good is a fault of ours: it is counted and logged by the engine, replaced by a simpler write where there is one, and
holds nothing up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from gsmgw.errors import StoreUnavailable
from gsmgw.store.engine import Engine
from gsmgw.store.tx import Tx

log = logging.getLogger(__name__)

#: Time until a database that takes nothing is tried again, seconds.
RETRY_S = 1.0

Operation = Callable[[Tx], Any]


@dataclass(slots=True, eq=False)
class _Pending:
    operation: Operation
    then: Callable[[Any], object] | None
    otherwise: Operation | None


class PendingWrites:
    """The pending writes of one subject. ``subject`` begins a log line."""

    def __init__(self, store: Engine, subject: str) -> None:
        self._store = store
        self._subject = subject
        self._open: set[_Pending] = set()
        self._waiting: list[_Pending] = []
        self._progress = asyncio.Event()

    def __len__(self) -> int:
        return len(self._open)

    def record(
        self,
        operation: Operation,
        then: Callable[[Any], object] | None = None,
        *,
        otherwise: Operation | None = None,
    ) -> None:
        """Write, and try again for as long as the database takes nothing.

        ``then`` is called with the operation's value once it is on disk. ``otherwise`` is written in its place when
        the database refuses the operation for good.
        """
        pending = _Pending(operation, then, otherwise)
        self._open.add(pending)
        self._write(pending)

    async def settle(self, most: int = 0) -> None:
        """Wait until at most ``most`` writes are not on disk yet."""
        while len(self._open) > most:
            self._progress.clear()
            await self._progress.wait()

    def _write(self, pending: _Pending) -> None:
        self._store.write(pending.operation).add_done_callback(partial(self._written, pending))

    def _written(self, pending: _Pending, future: asyncio.Future[Any]) -> None:
        if future.cancelled():
            return
        failure = future.exception()
        if isinstance(failure, StoreUnavailable):
            if not self._waiting:
                future.get_loop().call_later(RETRY_S, self._try_again)
            self._waiting.append(pending)
            return
        self._open.remove(pending)
        self._progress.set()
        if failure is None:
            if pending.then is not None:
                pending.then(future.result())
            return
        log.error("%s: a result could not be recorded: %s", self._subject, failure, exc_info=failure)
        if pending.otherwise is not None:
            self.record(pending.otherwise)

    def _try_again(self) -> None:
        """Write what waits, in its order."""
        waiting, self._waiting = self._waiting, []
        for pending in waiting:
            self._write(pending)
