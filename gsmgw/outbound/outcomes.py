"""Results of one modem on their way to the disk: in order, and tried again for as long as the disk refuses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from gsmgw.errors import StoreError
from gsmgw.store import Store, Tx

log = logging.getLogger(__name__)

#: A database that does not write is tried again after that time.
RETRY_S = 1.0


@dataclass(slots=True, eq=False)
class _Outcome:
    operation: Callable[[Tx], Any]
    then: Callable[[Any], object] | None


class Outcomes:
    """Records what happened. A result that the disk does not take is kept here until it does."""

    def __init__(self, store: Store, modem: str) -> None:
        self._store = store
        self._modem = modem
        self._open: list[_Outcome] = []
        self._progress = asyncio.Event()

    def record(self, operation: Callable[[Tx], Any], then: Callable[[Any], object] | None = None) -> None:
        """Send a result to the disk; ``then`` is called with the operation's value once it is there."""
        outcome = _Outcome(operation, then)
        self._open.append(outcome)
        self._write(outcome)

    async def settle(self, most: int = 0) -> None:
        """Wait until ``most`` results at the most are not on disk yet."""
        while len(self._open) > most:
            self._progress.clear()
            await self._progress.wait()

    def _write(self, outcome: _Outcome) -> None:
        self._store.write(outcome.operation).add_done_callback(partial(self._written, outcome))

    def _written(self, outcome: _Outcome, future: asyncio.Future[Any]) -> None:
        if future.cancelled():
            return
        failure = future.exception()
        if isinstance(failure, StoreError):
            log.error("%s: a result waits for the database: %s", self._modem, failure)
            future.get_loop().call_later(RETRY_S, self._write, outcome)
            return
        self._open.remove(outcome)
        self._progress.set()
        if failure is not None:
            log.error("%s: a result could not be recorded", self._modem, exc_info=failure)
        elif outcome.then is not None:
            outcome.then(future.result())
