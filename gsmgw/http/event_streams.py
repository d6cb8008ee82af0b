"""The readers of the event stream, served in groups: one task for each group, none for a reader.

A reader costs a connection and a position in the log. Each chunk is made once for all readers at the same position and
written without waiting. A reader that does not read is skipped until it does, or until its connection is closed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gsmgw.dispatch import EventFeed
from gsmgw.errors import StoreError
from gsmgw.http.event_chunks import EventChunks, Selection
from gsmgw.model import Event
from gsmgw.store import Store

log = logging.getLogger(__name__)

#: Up to this number of readers, each gets an event at once. With more, events are collected for some milliseconds for
#: each reader, so that the cost does not grow with their number.
PROMPT_READERS = 16
PER_READER_S = 0.002
MAX_COLLECT_S = 3.0
#: The readers of one group are served together, with the same chunks. Between groups other tasks run.
GROUPS = 16
#: Chunks for one reader in its turn.
CHUNKS_A_TURN = 8
#: Chunks that are written in a row before other tasks run.
CHUNKS_IN_A_ROW = 8
#: Longest time between two checks whether a heartbeat is due.
MAX_WAIT_S = 60.0

_HEARTBEAT = b": still here\n\n"


class Line(Protocol):
    """The connection of a reader, as an event stream needs it."""

    @property
    def writable(self) -> bool:
        """Return True if it takes more data now."""

    @property
    def lost(self) -> bool:
        """Return True if the client is gone."""

    def push(self, chunk: bytes) -> None:
        """Write a part of the response, without waiting."""

    def watch(self, changed: Callable[[], None] | None) -> None:
        """Call ``changed`` when the connection takes more data again, and when the client is gone."""


@dataclass(slots=True, eq=False)
class Reader:
    """One stream: its connection, its position in the log, and the events it wants."""

    line: Line
    position: int
    selection: Selection
    heartbeat_s: float
    #: Done when the stream ends: the client disconnected, the token expired or was revoked, the gateway stops, or the
    #: next event is no longer kept.
    ended: asyncio.Future[None]
    #: The number of its token or session, 0 for the Unix socket, and the time at which that expires (monotonic).
    credential: int = 0
    until_s: float = float("inf")
    wrote_s: float = field(default_factory=time.monotonic)

    def end(self) -> None:
        """End the stream."""
        if not self.ended.done():
            self.ended.set_result(None)

    def has_more(self, last: int) -> bool:
        """Return True if the log, which ends at ``last``, has more events and the connection takes more data."""
        return self.position < last and self.line.writable and not self.ended.done()


class EventStreams:
    """All readers. :meth:`run` serves them."""

    def __init__(self, feed: EventFeed, store: Store) -> None:
        self._feed = feed
        self._chunks = EventChunks(feed, store)
        self._groups = [_Group(number) for number in range(GROUPS)]
        self._turn = 0
        self._written = 0
        self._stopped = False
        feed.listen(self._on_events)

    @property
    def readers(self) -> int:
        """Return the number of readers."""
        return sum(len(group.readers) for group in self._groups)

    async def run(self) -> None:
        """Serve the readers until cancelled. Then their streams end, and clients reconnect at their position."""
        self._stopped = False
        try:
            async with asyncio.TaskGroup() as tasks:
                for group in self._groups:
                    tasks.create_task(self._serve(group), name=f"event readers {group.number}")
        finally:
            self._stopped = True
            for group in self._groups:
                for reader in group.readers:
                    reader.end()

    async def serve(self, reader: Reader) -> None:
        """Serve a reader until its stream ends."""
        if self._stopped:
            return
        self._turn = (self._turn + 1) % GROUPS
        group = self._groups[self._turn]
        group.readers.add(reader)

        def changed() -> None:
            if reader.line.lost:
                reader.end()
            group.wake.set()

        reader.line.watch(changed)
        try:
            changed()
            await reader.ended
        finally:
            reader.line.watch(None)
            group.readers.discard(reader)

    def end_streams(self, credential: int) -> None:
        """End the streams of a token or session that was revoked."""
        for group in self._groups:
            for reader in group.readers:
                if reader.credential == credential:
                    reader.end()

    def _on_events(self, events: Sequence[Event]) -> None:
        for group in self._groups:
            if group.readers:
                group.wake.set()

    async def _serve(self, group: _Group) -> None:
        while True:
            group.wake.clear()
            for reader in list(group.readers):
                await self._turn_of(reader)
            group.beat()
            if group.has_more(self._feed.last_id) or await _set_within(group.wake, group.silence_s()):
                await self._gather(group)

    async def _gather(self, group: _Group) -> None:
        """Collect events when there are many readers: all of a group until the same time."""
        readers = self.readers
        if readers > PROMPT_READERS:
            span_s = min(MAX_COLLECT_S, readers * PER_READER_S)
            await asyncio.sleep(span_s - (time.monotonic() - span_s * group.number / GROUPS) % span_s)

    async def _turn_of(self, reader: Reader) -> None:
        try:
            for _ in range(CHUNKS_A_TURN):
                if not reader.has_more(self._feed.last_id):
                    break
                await self._advance(reader)
        except StoreError as exc:
            log.error("events: stream ended, the event log cannot be read error=%s", exc)
            reader.end()

    async def _advance(self, reader: Reader) -> None:
        position, chunk = await self._chunks.after(reader.position, reader.selection)
        if position == reader.position:
            reader.end()  # the next event is gone; a client that reconnects gets event_gone
            return
        reader.position = position
        if chunk and not reader.ended.done():
            reader.wrote_s = time.monotonic()
            reader.line.push(chunk)
            self._written += 1
            if self._written % CHUNKS_IN_A_ROW == 0:
                await asyncio.sleep(0)


class _Group:
    """Readers that are served together."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.readers: set[Reader] = set()
        self.wake = asyncio.Event()

    def has_more(self, last: int) -> bool:
        """Return True if a reader has more to get."""
        return any(reader.has_more(last) for reader in self.readers)

    def silence_s(self) -> float:
        """Return the seconds until the next heartbeat is due or a token expires."""
        moments = (min(reader.wrote_s + reader.heartbeat_s, reader.until_s) for reader in self.readers)
        due_s = min(moments, default=float("inf"))
        return max(0.0, min(MAX_WAIT_S, due_s - time.monotonic()))

    def beat(self) -> None:
        """Send the heartbeats that are due, and end the streams whose token has expired."""
        now_s = time.monotonic()
        for reader in self.readers:
            if now_s >= reader.until_s:
                reader.end()
            elif now_s >= reader.wrote_s + reader.heartbeat_s:
                reader.wrote_s = now_s
                if reader.line.writable:
                    reader.line.push(_HEARTBEAT)


async def _set_within(event: asyncio.Event, timeout_s: float) -> bool:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return False
    return True
