"""The event log as chunks of an event stream, made once for all readers at the same position."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gsmgw.dispatch import EventFeed
from gsmgw.dispatch.event_filter import Types
from gsmgw.dispatch.feed import PAGE
from gsmgw.model import Event
from gsmgw.store import Store
from gsmgw.store.visibility import Sight, seen_of
from gsmgw.wire.encoding import dumped
from gsmgw.wire.events import event_resource

#: A chunk ends with the event that brings it to this size.
CHUNK_BYTES = 16 * 1024
#: Chunks that are kept for other readers; a few megabytes.
MAX_KEPT = 256


@dataclass(frozen=True, slots=True)
class Selection:
    """The events that a reader gets: their types (comma-separated, empty for all), and what the reader may see."""

    types: str = ""
    sight: Sight | None = None


class EventChunks:
    """Chunks of the event log. The latest ones are kept."""

    def __init__(self, feed: EventFeed, store: Store) -> None:
        self._feed = feed
        self._store = store
        self._kept: OrderedDict[tuple[int, int, Selection], tuple[int, bytes]] = OrderedDict()
        self._making = asyncio.Lock()

    async def after(self, position: int, selection: Selection) -> tuple[int, bytes]:
        """Return the position after the next chunk, and the chunk; it is empty if it has no selected event.

        The position stays the same if the next event is no longer kept.
        """
        found = self._find(position, selection)
        if found is not None:
            return found
        async with self._making:  # one reader makes it, the others find it
            found = self._find(position, selection)
            if found is not None:
                return found
            last = self._feed.last_id
            page = await self._feed.page(position)
            if page and page[0].id > position + 1 and await self._feed.first_kept() > position + 1 > 1:
                return position, b""
            made = list(_chunks(position, page, await self._selected(page, selection)))
            for number, (start, end, data) in enumerate(made, 1):
                # a chunk that is followed by others does not change any more
                full = number < len(made) or len(page) == PAGE
                self._kept[start, 0 if full else last, selection] = end, data
            while len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
            return made[0][1:]

    def _find(self, position: int, selection: Selection) -> tuple[int, bytes] | None:
        return self._kept.get((position, 0, selection)) or self._kept.get((position, self._feed.last_id, selection))

    async def _selected(self, page: Sequence[Event], selection: Selection) -> frozenset[int]:
        """Return the IDs of the selected events of a page."""
        types = Types(selection.types.split(",") if selection.types else ())
        found = [event for event in page if event.type in types]
        sight = selection.sight
        if sight is not None and found:
            ids = {event.message_id for event in found if event.message_id is not None}
            seen = await self._store.read(lambda db: seen_of(db, ids, sight)) if ids else frozenset()
            found = [event for event in found if event.message_id in seen or event.modem in sight.modems]
        return frozenset(event.id for event in found)


def _chunks(position: int, page: Sequence[Event], selected: frozenset[int]) -> Iterator[tuple[int, int, bytes]]:
    """Yield the chunks of a page, at least one: the positions before and after it, and its bytes."""
    start, end, size = position, position, 0
    lines: list[bytes] = []
    for event in page:
        if size >= CHUNK_BYTES:
            yield start, end, b"".join(lines)
            start, size = end, 0
            lines.clear()
        end = event.id
        if event.id in selected:
            lines.append(_line(event))
            size += len(lines[-1])
    yield start, end, b"".join(lines)


def _line(event: Event) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.type.encode(), dumped(event_resource(event)))
