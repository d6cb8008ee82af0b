"""The transcript of a modem's port in a page: appended as it comes, in portions, and never without an end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable

from markupsafe import Markup

from gsmgw.client import ApiError, NoDaemon
from gsmgw.web.live.regions import partial

#: A page follows the port for this long; seconds.
LONGEST_S = 900.0
#: Rows of one update. Older ones are left out and counted.
ROWS = 200
#: Time between two updates; seconds.
PAUSE_S = 0.25
#: Without rows, something is sent at least this often; seconds.
HEARTBEAT_S = 15.0
_ROW = Markup('<div class="tap-row tap-{}">{}</div>')
_DIRECTION = {">": "out", "<": "in"}


class _Rows:
    """Rows that wait for the page."""

    def __init__(self) -> None:
        self.waiting: deque[str] = deque(maxlen=ROWS)
        self.lost = 0
        self.opened = False
        self.ended = False
        self.wake = asyncio.Event()

    def open(self) -> None:
        """Note that the gateway listens to the port."""
        self.opened = True
        self.wake.set()

    async def read(self, lines: AsyncIterator[str]) -> None:
        """Take rows until they end."""
        try:
            with contextlib.suppress(ApiError, NoDaemon):
                async for line in lines:
                    self.lost += len(self.waiting) == ROWS
                    self.waiting.append(line)
                    self.wake.set()
        finally:
            self.ended = True
            self.wake.set()

    def take(self, left_out: Callable[[int], str]) -> Markup:
        """Return the waiting rows as HTML."""
        rows = [_row(line) for line in self.waiting]
        if self.lost:
            rows.insert(0, _ROW.format("lost", left_out(self.lost)))
        self.waiting.clear()
        self.lost = 0
        self.wake.clear()
        return Markup().join(rows)


def _row(line: str) -> Markup:
    direction = line.split(" ", 2)[1:2]
    return _ROW.format(_DIRECTION.get(direction[0] if direction else "", "in"), line)


async def follow(
    tap: Callable[[Callable[[], None]], AsyncIterator[str]], left_out: Callable[[int], str], begin: str, end: str
) -> AsyncIterator[str]:
    """Yield the rows of a transcript as server-sent events for the element ``tap-rows``.

    ``tap`` opens the transcript and calls its argument when the gateway listens to the port. ``left_out`` says how many
    rows are left out. ``begin`` replaces the element ``tap-state`` when the port is followed, ``end`` the element
    ``tap`` when it is over.
    """
    rows = _Rows()
    reading = asyncio.create_task(rows.read(tap(rows.open)))
    begins = False
    until_s = time.monotonic() + LONGEST_S
    try:
        yield "retry: 500\n\n"
        while time.monotonic() < until_s and not (rows.ended and not rows.waiting):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(HEARTBEAT_S):
                    await rows.wake.wait()
            if rows.opened and not begins:
                begins = True
                yield _event(partial("tap-state", begin))
            html = rows.take(left_out)
            yield _event(partial("tap-rows", html, "beforeend")) if html else ": still here\n\n"
            await asyncio.sleep(PAUSE_S)
        yield _event(partial("tap", end))
    finally:
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading


def _event(html: str) -> str:
    return "".join(f"data: {line}\n" for line in html.splitlines()) + "\n"
