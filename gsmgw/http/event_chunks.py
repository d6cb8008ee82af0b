"""The event log as octets of an event stream, made once for all readers that stand at the same place."""

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

#: A piece ends with the event that brings it to that.
PIECE_OCTETS = 16 * 1024
#: Pieces that are kept for the next reader that stands where another one stood: some megabytes.
PIECES_KEPT = 256


@dataclass(frozen=True, slots=True)
class Choice:
    """Which events a reader gets: of some types (comma-separated, empty for all), and what it may see."""

    types: str = ""
    sight: Sight | None = None


class Portions:
    """Pieces of the log as they are sent, the latest ones at hand."""

    def __init__(self, feed: EventFeed, store: Store) -> None:
        self._feed = feed
        self._store = store
        self._kept: OrderedDict[tuple[int, int, Choice], tuple[int, bytes]] = OrderedDict()
        self._making = asyncio.Lock()

    async def after(self, place: int, choice: Choice) -> tuple[int, bytes]:
        """Where a reader stands after its next piece, and the piece; no octets where nothing in it is chosen.

        The place does not move when what came next is no longer kept.
        """
        found = self._find(place, choice)
        if found is not None:
            return found
        async with self._making:  # one makes it, and the others that stand there find it
            found = self._find(place, choice)
            if found is not None:
                return found
            last = self._feed.last_id
            page = await self._feed.page(place)
            if page and page[0].id > place + 1 and await self._feed.first_kept() > place + 1 > 1:
                return place, b""
            made = list(_pieces(place, page, await self._chosen(page, choice)))
            for number, (start, end, octets) in enumerate(made, 1):
                # one that is followed by more stays as it is, whatever comes
                full = number < len(made) or len(page) == PAGE
                self._kept[start, 0 if full else last, choice] = end, octets
            while len(self._kept) > PIECES_KEPT:
                self._kept.popitem(last=False)
            return made[0][1:]

    def _find(self, place: int, choice: Choice) -> tuple[int, bytes] | None:
        return self._kept.get((place, 0, choice)) or self._kept.get((place, self._feed.last_id, choice))

    async def _chosen(self, page: Sequence[Event], choice: Choice) -> frozenset[int]:
        """The events of a page that are chosen."""
        types = Types(choice.types.split(",") if choice.types else ())
        found = [event for event in page if event.type in types]
        sight = choice.sight
        if sight is not None and found:
            ids = {event.message_id for event in found if event.message_id is not None}
            seen = await self._store.read(lambda db: seen_of(db, ids, sight)) if ids else frozenset()
            found = [event for event in found if event.message_id in seen or event.modem in sight.modems]
        return frozenset(event.id for event in found)


def _pieces(place: int, page: Sequence[Event], chosen: frozenset[int]) -> Iterator[tuple[int, int, bytes]]:
    """A page in pieces: the places before and behind it, and its octets. One at least."""
    start, end, size = place, place, 0
    lines: list[bytes] = []
    for event in page:
        if size >= PIECE_OCTETS:
            yield start, end, b"".join(lines)
            start, size = end, 0
            lines.clear()
        end = event.id
        if event.id in chosen:
            lines.append(_line(event))
            size += len(lines[-1])
    yield start, end, b"".join(lines)


def _line(event: Event) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.type.encode(), dumped(event_resource(event)))
