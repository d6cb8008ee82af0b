"""How long the event loop is held: the processor time of each of its callbacks."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Held:
    """The longest callbacks: milliseconds of processor time, and what they were."""

    longest: list[tuple[float, str]] = field(default_factory=list)

    @property
    def most_ms(self) -> float:
        """The longest."""
        return max((each[0] for each in self.longest), default=0.0)

    def __str__(self) -> str:
        return ", ".join(f"{ms:.0f} ms {what}" for ms, what in sorted(self.longest, reverse=True)[:3])


@contextlib.contextmanager
def watched() -> Iterator[Held]:
    """Measure the callbacks of this thread's event loop; other threads and processes do not count."""
    held, run = Held(), asyncio.Handle._run
    own = asyncio.get_running_loop()

    def timed(handle: asyncio.Handle) -> None:
        began = time.thread_time()
        run(handle)
        took_ms = (time.thread_time() - began) * 1000
        if took_ms > 1 and handle._loop is own:
            held.longest.append((took_ms, repr(handle)[:300]))

    asyncio.Handle._run = timed  # type: ignore[method-assign]
    try:
        yield held
    finally:
        asyncio.Handle._run = run  # type: ignore[method-assign]
