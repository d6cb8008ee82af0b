"""Children that are started again when they fail, with growing pauses, and the cause of each end on record."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType

from gsmgw.ports import Clock

log = logging.getLogger(__name__)

#: Pause before the first restart, and the longest, in seconds.
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
#: A child that ran for that long starts with the first pause again.
STEADY_S = 60.0


@dataclass(slots=True)
class Child:
    """One supervised task, as it is now."""

    name: str
    restarts: int = 0
    #: Why it ended last, and the exception; None while it never did.
    cause: BaseException | None = None
    #: Seconds until it is started again; None while it runs.
    resting_s: float | None = None
    #: It returned, or it was stopped.
    finished: bool = False
    _task: asyncio.Task[None] | None = field(default=None, repr=False)


class Supervisor:
    """Runs children for the daemon. Use as ``async with Supervisor(clock) as supervisor: supervisor.start(...)``.

    A child is a coroutine function. One that raises is started again; one that returns is finished. Leaving the
    context cancels all children and waits for them. Cancellation of the owner reaches every child.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._group = asyncio.TaskGroup()
        self._children: dict[str, Child] = {}

    async def __aenter__(self) -> Supervisor:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for child in self._children.values():
            if child._task is not None:
                child._task.cancel()
        await self._group.__aexit__(kind, exc, traceback)

    @property
    def children(self) -> tuple[Child, ...]:
        """All children that were started."""
        return tuple(self._children.values())

    def start(self, name: str, run: Callable[[], Awaitable[None]]) -> Child:
        """Run ``run()`` from now on. A name is used once at a time."""
        known = self._children.get(name)
        if known is not None and not known.finished:
            raise ValueError(f"{name} is running already")
        child = Child(name)
        self._children[name] = child
        child._task = self._group.create_task(self._keep(child, run), name=name)
        return child

    async def stop(self, name: str) -> None:
        """Cancel a child and wait until it has ended. Unknown names are ignored."""
        child = self._children.pop(name, None)
        if child is not None and child._task is not None:
            child._task.cancel()
            await asyncio.wait([child._task])

    async def _keep(self, child: Child, run: Callable[[], Awaitable[None]]) -> None:
        pause_s = FIRST_PAUSE_S
        try:
            while True:
                started = self._clock.monotonic()
                try:
                    await run()
                    return
                except Exception as exc:
                    child.cause = exc
                    log.exception("%s failed and is started again", child.name)
                if self._clock.monotonic() - started >= STEADY_S:
                    pause_s = FIRST_PAUSE_S
                child.restarts += 1
                child.resting_s = pause_s
                await self._clock.sleep(pause_s)
                child.resting_s = None
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        finally:
            child.finished = True
