"""One subscription to the events of the gateway for all open pages."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gsmgw.client import ApiError, AsyncClient, NoDaemon
from gsmgw.web.live.regions import REGIONS, partial
from gsmgw.web.look import Look
from gsmgw.web.sessions import Sessions, Visitor
from gsmgw.wire import resources

log = logging.getLogger(__name__)

#: At least this long between two updates of a page; seconds.
PAUSE_S = 0.25
#: A page hears something at least this often, and its session is checked; seconds.
HEARTBEAT_S = 15.0
#: Pause before a lost connection to the gateway is opened again; seconds.
AGAIN_S = 0.5
#: Pages that may be open at the same time.
MAX_PAGES = 200
#: Fragments that are kept for other pages.
MAX_SHARED = 300
#: The region that says whether the gateway is reachable; each page has it.
LINK = "link"
#: Regions that show what no event tells, such as the signal.
PERIODIC = ("modems", "modem", "start-modems", "deliveries", "health")
_SESSION_ENDED = "session.ended"


class TooManyPages(Exception):
    """No further page can be live."""


class _OpenPage:
    """The regions of an open page, and which of them are out of date."""

    def __init__(self, look: Look, visitor: Visitor, regions: list[str]) -> None:
        self.look = look
        self.visitor = visitor
        self.regions = regions
        self.closed = asyncio.Event()
        #: True if its session may have ended.
        self.is_doubtful = False
        self._stale: set[str] = set()
        self._wake = asyncio.Event()
        self._updated_s: dict[str, float] = {}

    def touch(self, regions: set[str]) -> None:
        """Note that regions have changed."""
        self._stale |= regions
        self._wake.set()

    def doubt(self) -> None:
        """Have the session looked at before anything else is sent."""
        self.is_doubtful = True
        self._wake.set()

    async def changed(self) -> list[str]:
        """Wait until regions are out of date and may be updated; return them, or none after a while."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT_S):
                await self._wake.wait()
        self._wake.clear()
        now_s = time.monotonic()
        waits = {name: self._updated_s.get(name, 0.0) + pause_of(name) - now_s for name in self._stale}
        due = [name for name in self.regions if waits.get(name, 1.0) <= 0]
        self._stale.difference_update(due)
        self._updated_s.update(dict.fromkeys(due, now_s))
        if self._stale:
            asyncio.get_running_loop().call_later(
                max(PAUSE_S, min(waits[name] for name in self._stale)), self._wake.set
            )
        return due


class Hub:
    """Follows the gateway while pages are open and tells them what changed."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._pages: set[_OpenPage] = set()
        self._someone = asyncio.Event()
        self._shared: dict[tuple[str, tuple[str, str, str]], tuple[tuple[int, int], asyncio.Future[str]]] = {}
        self.cursor = 0
        self.is_connected = True

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Follow the gateway within the block."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def stream(self, look: Look, visitor: Visitor, regions: list[str], seen: int | None) -> AsyncIterator[str]:
        """Yield the updates of a page as server-sent events. ``seen`` is the last event that it shows."""
        if len(self._pages) >= MAX_PAGES:
            raise TooManyPages
        known = [name for name in regions if kind_of(name) in REGIONS]
        page = _OpenPage(look, visitor, [*known, LINK])
        self._pages.add(page)
        self._someone.set()
        try:
            page.touch({LINK} if seen is not None and seen == self.cursor else set(page.regions))
            yield "retry: 500\n\n"
            checked_s = time.monotonic()
            while True:
                due = await page.changed()
                is_due = time.monotonic() - checked_s >= HEARTBEAT_S
                if is_due or page.is_doubtful:
                    checked_s = time.monotonic()
                    if not await self._still_signed_in(page):
                        self._pages.discard(page)
                        yield f"event: signed-out\ndata: {look.url('/sign-in')}\n\n"
                        return
                if is_due:
                    page.touch({name for name in page.regions if kind_of(name) in PERIODIC})
                cursor = self.cursor
                html = "".join([await self._render(page, name) for name in due])
                yield _event(cursor, html) if html else ": still here\n\n"
                await asyncio.sleep(PAUSE_S)
        finally:
            self._pages.discard(page)
            page.closed.set()

    async def _still_signed_in(self, page: _OpenPage) -> bool:
        page.is_doubtful = False
        try:
            await self._sessions.visitor(page.visitor.token, 0.0)
        except ApiError as exc:
            return exc.status != 401
        except NoDaemon:
            pass
        return True

    async def _render(self, page: _OpenPage, name: str) -> str:
        """Return the fragment of a region, shared by the pages that look alike."""
        if name == LINK:
            return partial("link", page.look.macro("parts.html", "link", self.is_connected))
        key, version = (name, page.look.key), (self.cursor, int(time.monotonic() / HEARTBEAT_S))
        known = self._shared.get(key)
        if known is not None and known[0] == version:
            return await asyncio.shield(known[1])
        self._forget_old(version)
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._shared[key] = (version, future)
        html = ""
        try:
            html = await REGIONS[kind_of(name)].render(page.look, page.visitor.gateway, name.partition(":")[2])
        except (ApiError, NoDaemon) as exc:
            log.debug("live: region not rendered region=%s error=%s", name, exc)
            self._shared.pop(key, None)
        finally:
            future.set_result(html)
        return html

    def _forget_old(self, version: tuple[int, int]) -> None:
        if len(self._shared) > MAX_SHARED:
            self._shared = {key: known for key, known in self._shared.items() if known[0] == version}

    async def _run(self) -> None:
        while True:
            if not self._pages:
                self._someone.clear()
                self._shared.clear()
                await self._someone.wait()
                continue
            page = min(self._pages, key=lambda each: each.is_doubtful)
            try:
                await self._follow(page)
            except (ApiError, NoDaemon) as exc:
                log.info("live: event stream ended error=%s", exc)
                self._doubt()
                self._connection(not isinstance(exc, NoDaemon))
                await asyncio.sleep(AGAIN_S)

    async def _follow(self, page: _OpenPage) -> None:
        """Follow the events with the rights of a page, for as long as it is open."""
        gateway = page.visitor.gateway
        self.cursor = max(self.cursor, (await gateway.stats())["last_event"])
        self._connection(True)
        for each in self._pages:  # what happened in between
            each.touch(set(each.regions))
        following = asyncio.create_task(self._distribute(gateway))
        closed = asyncio.create_task(page.closed.wait())
        try:
            await asyncio.wait({following, closed}, return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                following.result()
                self._doubt()  # the gateway ends the stream of a session that has ended
        finally:
            for task in (following, closed):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, ApiError, NoDaemon):
                    await task

    async def _distribute(self, gateway: AsyncClient) -> None:
        """Tell each page which of its regions an event changes."""
        async for event in gateway.events(self.cursor, resume=False):
            self.cursor = event["id"]
            if event["type"] == _SESSION_ENDED:
                self._doubt()
            for page in self._pages:
                hit = {name for name in page.regions if name != LINK and _matches(event, name)}
                if hit:
                    page.touch(hit)

    def _doubt(self) -> None:
        for page in self._pages:
            page.doubt()

    def _connection(self, is_connected: bool) -> None:
        if self.is_connected != is_connected:
            self.is_connected = is_connected
            for page in self._pages:
                page.touch({LINK})


def kind_of(name: str) -> str:
    """Return the kind of a region."""
    return name.partition(":")[0]


def pause_of(name: str) -> float:
    """Return the least time between two updates of a region; seconds."""
    return PAUSE_S if name == LINK else REGIONS[kind_of(name)].pause_s


def _matches(event: resources.Event, name: str) -> bool:
    return REGIONS[kind_of(name)].matches(event, name.partition(":")[2])


def _event(cursor: int, html: str) -> str:
    lines = "".join(f"data: {line}\n" for line in html.splitlines())
    return f"id: {cursor}\n{lines}\n"
