"""The readers of the event stream, served in groups: one task for each group, none for a reader.

A reader costs a connection and a place in the log. What is sent is made once for all that stand at the same place, and
written without waiting: who does not read is left out until he does, or until his connection is cut off.
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
from gsmgw.http.event_chunks import Choice, Portions
from gsmgw.model import Event
from gsmgw.store import Store

log = logging.getLogger(__name__)

#: With so many readers each gets what happens at once; with more, in portions, some milliseconds apart for each of
#: them: what they cost does not grow with their number, and a flood of events does not reach them faster than that.
PROMPT_READERS = 16
PER_READER_S = 0.002
LONGEST_PORTION_S = 3.0
#: The readers of one group are served at the same moment, from the same octets; groups take turns, so that modems are
#: served in between.
GROUPS = 16
#: Pieces for one reader in its turn.
PIECES_A_TURN = 8
#: Pieces that are written, to whichever readers, before modems have their turn.
PIECES_IN_A_ROW = 8
#: A group looks so often whether a heartbeat is due, at the least.
LONGEST_WAIT_S = 60.0

_HEARTBEAT = b": still here\n\n"


class Line(Protocol):
    """The connection of a reader, as far as a stream needs it."""

    @property
    def writable(self) -> bool:
        """Whether it takes more now."""

    @property
    def lost(self) -> bool:
        """Whether nobody is there any more."""

    def push(self, piece: bytes) -> None:
        """Write a piece of the answer that was begun, without waiting."""

    def watch(self, changed: Callable[[], None] | None) -> None:
        """Call this when the line takes more again, and when it is lost."""


@dataclass(slots=True, eq=False)
class Reader:
    """One stream: where it goes, where it stands in the log, and what it wants of it."""

    line: Line
    place: int
    choice: Choice
    heartbeat_s: float
    #: Done when nothing more comes: the connection is lost, the token is not valid any more, the gateway stops, or what
    #: came next is no longer kept.
    ended: asyncio.Future[None]
    #: The number of the token that it came with, 0 for the socket, and the moment at which that expires.
    owner: int = 0
    until_s: float = float("inf")
    spoke_s: float = field(default_factory=time.monotonic)

    def end(self) -> None:
        """Nothing more comes."""
        if not self.ended.done():
            self.ended.set_result(None)

    def has_more(self, last: int) -> bool:
        """Whether the log, which ends at ``last``, has something for it, and it would take that now."""
        return self.place < last and self.line.writable and not self.ended.done()


class Streams:
    """All readers. :meth:`run` serves them."""

    def __init__(self, feed: EventFeed, store: Store) -> None:
        self._feed = feed
        self._portions = Portions(feed, store)
        self._groups = [_Group(number) for number in range(GROUPS)]
        self._turn = 0
        self._written = 0
        self._stopped = False
        feed.listen(self._news)

    @property
    def readers(self) -> int:
        """How many there are."""
        return sum(len(group.readers) for group in self._groups)

    async def run(self) -> None:
        """Serve the readers until cancelled; that ends their streams, and they ask again from where they were."""
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
        """Serve one more reader until it has ended."""
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

    def send_away(self, owner: int) -> None:
        """End the streams of a token that was revoked."""
        for group in self._groups:
            for reader in group.readers:
                if reader.owner == owner:
                    reader.end()

    def _news(self, events: Sequence[Event]) -> None:
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
        """Wait for more to come together when there are many readers: all of a group until the same moment."""
        readers = self.readers
        if readers > PROMPT_READERS:
            span_s = min(LONGEST_PORTION_S, readers * PER_READER_S)
            await asyncio.sleep(span_s - (time.monotonic() - span_s * group.number / GROUPS) % span_s)

    async def _turn_of(self, reader: Reader) -> None:
        try:
            for _ in range(PIECES_A_TURN):
                if not reader.has_more(self._feed.last_id):
                    break
                await self._advance(reader)
        except StoreError as exc:
            log.error("a reader of events is sent away, it may come back: %s", exc)
            reader.end()

    async def _advance(self, reader: Reader) -> None:
        place, octets = await self._portions.after(reader.place, reader.choice)
        if place == reader.place:
            reader.end()  # what came next is gone; a reader that comes back is told so
            return
        reader.place = place
        if octets and not reader.ended.done():
            reader.spoke_s = time.monotonic()
            reader.line.push(octets)
            self._written += 1
            if self._written % PIECES_IN_A_ROW == 0:
                await asyncio.sleep(0)


class _Group:
    """Readers that are served together."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.readers: set[Reader] = set()
        self.wake = asyncio.Event()

    def has_more(self, last: int) -> bool:
        """Whether a reader is to have another turn."""
        return any(reader.has_more(last) for reader in self.readers)

    def silence_s(self) -> float:
        """Seconds until the next heartbeat is due, or a token expires."""
        moments = (min(reader.spoke_s + reader.heartbeat_s, reader.until_s) for reader in self.readers)
        due_s = min(moments, default=float("inf"))
        return max(0.0, min(LONGEST_WAIT_S, due_s - time.monotonic()))

    def beat(self) -> None:
        """Say that the gateway is there, to those for whom it is time; who may no longer read is sent away."""
        now_s = time.monotonic()
        for reader in self.readers:
            if now_s >= reader.until_s:
                reader.end()
            elif now_s >= reader.spoke_s + reader.heartbeat_s:
                reader.spoke_s = now_s
                if reader.line.writable:
                    reader.line.push(_HEARTBEAT)


async def _set_within(event: asyncio.Event, timeout_s: float) -> bool:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return False
    return True
