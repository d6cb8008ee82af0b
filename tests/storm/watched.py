"""The gateway with an eye on its event loop: python watched.py REPORT ORDERS CONFIG

REPORT gets, at the end, how long the loop was held, as JSON. While the file ORDERS exists the database is full.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import sys
import threading
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from gsmgw import daemon
from gsmgw.daemon import Gateway
from gsmgw.errors import StoreError

EVERY_S = 0.002
#: The upper bounds of what is counted together, milliseconds.
BOUNDS_MS = (1, 2, 5, 10, 20, 30, 40, 50, 75, 100, 200, 500, 1000)
#: How often a stack is written down at most.
STACKS = 20


class Watch:
    """Measures how long other things keep the loop from the next turn: of the clock, and of the thread's own work."""

    def __init__(self) -> None:
        self.wall: Counter[int] = Counter()
        self.work: Counter[int] = Counter()
        self.longest = {"wall_ms": 0.0, "work_ms": 0.0}
        #: Where the loop was when it was late, and how long the garbage collector took at most, milliseconds.
        self.stacks: list[str] = []
        self.collector_ms = 0.0
        self._collecting = 0.0
        self._beat = time.perf_counter()
        self._ended = threading.Event()
        self._main = threading.main_thread().ident

    def collected(self, phase: str, info: dict[str, int]) -> None:
        """For :data:`gc.callbacks`."""
        now = time.perf_counter()
        if phase == "start":
            self._collecting = now
        else:
            self.collector_ms = max(self.collector_ms, round((now - self._collecting) * 1000, 1))

    async def look(self, store: Any, orders: Path) -> None:
        """Beat until cancelled; fill the database and empty it as ordered."""
        gc.callbacks.append(self.collected)
        threading.Thread(target=self._sample, daemon=True).start()
        full = False
        looked = time.perf_counter()
        try:
            while True:
                before, work = time.perf_counter(), time.thread_time()
                self._beat = before
                await asyncio.sleep(EVERY_S)
                wall_ms = (time.perf_counter() - before - EVERY_S) * 1000
                work_ms = min(wall_ms, (time.thread_time() - work) * 1000)
                for name, value, counts in (("wall_ms", wall_ms, self.wall), ("work_ms", work_ms, self.work)):
                    counts[next((bound for bound in BOUNDS_MS if value <= bound), BOUNDS_MS[-1] * 10)] += 1
                    self.longest[name] = max(self.longest[name], round(value, 1))
                if time.perf_counter() - looked > 0.2:
                    looked = time.perf_counter()
                    if self._is_ordered(orders) != full:
                        pages = 1_000_000 if full else 1
                        with contextlib.suppress(StoreError):  # it may share a commit with what does not fit: again
                            await store.write(lambda tx, count=pages: tx.run(f"PRAGMA max_page_count = {count}"))
                            full = not full
        finally:
            self._ended.set()

    @staticmethod
    def _is_ordered(orders: Path) -> bool:
        return orders.exists()

    def _sample(self) -> None:
        """Write down what runs when a beat is late."""
        told = 0.0
        while not self._ended.wait(0.01):
            beat = self._beat
            if time.perf_counter() - beat > EVERY_S + 0.045 and beat != told and len(self.stacks) < STACKS:
                told = beat
                frame = sys._current_frames().get(self._main or 0)
                if frame is not None:
                    self.stacks.append("".join(traceback.format_stack(frame)[-6:]))

    def report(self) -> dict[str, Any]:
        """Return what was seen."""
        return {
            "wall": {str(bound): self.wall[bound] for bound in sorted(self.wall)},
            "work": {str(bound): self.work[bound] for bound in sorted(self.work)},
            **self.longest,
            "collector_ms": self.collector_ms,
            "stacks": self.stacks,
        }


def main(report: Path, orders: Path, config_file: Path) -> None:
    """Run the gateway as `gsmgw run` does."""
    watch = Watch()
    run = Gateway.run

    def write() -> None:
        report.write_text(json.dumps(watch.report()))

    async def watched(self: Gateway, *arguments: Any, **options: Any) -> None:
        async def soon() -> None:
            await asyncio.sleep(2)  # the start is not what is measured
            await watch.look(self.store, orders)

        looking = asyncio.create_task(soon())
        try:
            await run(self, *arguments, **options)
        finally:
            looking.cancel()
            write()

    Gateway.run = watched  # type: ignore[method-assign]  # everything else is as it is
    daemon.run(config_file)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
