"""Supervised tasks: each is restarted with back-off when it fails, and the cause of the failure is recorded.

No task of the daemon ends the process: its exception is logged, counted and passed to ``on_failure``, and only that
task is restarted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType

from gsmgw.ports import Clock

log = logging.getLogger(__name__)

#: The first and the maximum pause before a restart, seconds.
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 60.0
#: A child that ran for that long gets the first pause again, seconds.
STEADY_S = 60.0
#: A child that failed is reported as failing until it has run for that long, seconds.
UNWELL_S = 10.0
#: Time after which children that were cancelled and still run are cancelled again.
AGAIN_S = 5.0

Run = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Child:
    """One supervised task."""

    name: str
    restarts: int = 0
    #: The exception that ended it last; None if it never failed.
    cause: Exception | None = None
    #: When it was started last, monotonic seconds; None while it waits for its next start.
    started: float | None = None
    #: True if it returned or was stopped.
    finished: bool = False
    _task: asyncio.Task[None] | None = field(default=None, repr=False)


class Supervisor:
    """Runs children for the daemon. Use as ``async with Supervisor(clock) as supervisor: supervisor.start(...)``.

    A child is a coroutine function. One that raises is started again; one that returns is finished. Leaving the
    context cancels all children and waits for them. Cancellation of the owner reaches every child. ``on_failure`` is
    called after each failure, before the pause.
    """

    def __init__(self, clock: Clock, on_failure: Callable[[Child], object] = lambda child: None) -> None:
        self._clock = clock
        self._on_failure = on_failure
        self._group = asyncio.TaskGroup()
        self._children: dict[str, Child] = {}
        #: Failures of each child since the start, by name.
        self.failures: dict[str, int] = {}

    async def __aenter__(self) -> Supervisor:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.cancel()
        again = asyncio.create_task(self._cancel_again(), name="cancel again")
        try:
            await self._group.__aexit__(kind, exc, traceback)
        finally:
            again.cancel()

    def cancel(self) -> None:
        """Cancel all children; leaving the context waits for them."""
        for child in self._children.values():
            if child._task is not None:
                child._task.cancel()

    async def _cancel_again(self) -> None:
        """Cancel children that go on: a library may have taken the cancellation for itself."""
        while True:
            await asyncio.sleep(AGAIN_S)
            late = [child for child in self._children.values() if child._task is not None and not child._task.done()]
            if late:
                log.warning(
                    "these tasks still run and are cancelled again: %s", ", ".join(child.name for child in late)
                )
            self.cancel()

    @property
    def trouble(self) -> str | None:
        """Return a message about a child that failed recently, or None."""
        now = self._clock.monotonic()
        for child in self._children.values():
            if child.cause is None or child.finished:
                continue
            if child.started is None or now - child.started < UNWELL_S:
                return f"{child.name} failed and is being restarted: {type(child.cause).__name__}: {child.cause}"
        return None

    def start(self, name: str, run: Run) -> Child:
        """Start to run ``run()``. Raises :class:`ValueError` for a name that is in use."""
        child = self._add(name)
        child._task = self._group.create_task(self._keep(child, run), name=name)
        return child

    async def keep(self, name: str, run: Run) -> None:
        """Run ``run()`` in the caller's task, again and again until it returns. For groups with an owner of their own.

        Raises :class:`ValueError` for a name that is in use.
        """
        await self._keep(self._add(name), run)

    async def stop(self, name: str) -> None:
        """Cancel a child and wait until it has ended. Unknown names are ignored."""
        child = self._children.pop(name, None)
        if child is not None and child._task is not None:
            child._task.cancel()
            await asyncio.wait([child._task])

    def _add(self, name: str) -> Child:
        known = self._children.get(name)
        if known is not None and not known.finished:
            raise ValueError(f"task {name!r} is already running")
        child = Child(name)
        self._children[name] = child
        self.failures.setdefault(name, 0)
        return child

    async def _keep(self, child: Child, run: Run) -> None:
        pause_s = FIRST_PAUSE_S
        try:
            while True:
                child.started = started = self._clock.monotonic()
                try:
                    await run()
                    return
                except Exception as exc:
                    if self._clock.monotonic() - started >= STEADY_S:
                        pause_s = FIRST_PAUSE_S
                    log.exception("%s failed; restarting in %.1f s", child.name, pause_s)
                    self._failed(child, _first(exc))
                await self._clock.sleep(pause_s)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        finally:
            child.finished = True

    def _failed(self, child: Child, cause: Exception) -> None:
        child.cause, child.started = cause, None
        child.restarts += 1
        self.failures[child.name] += 1
        self._on_failure(child)


def _first(exc: Exception) -> Exception:
    """Return the first exception inside nested groups: task groups wrap what their tasks raise."""
    while isinstance(exc, ExceptionGroup):
        exc = exc.exceptions[0]
    return exc
