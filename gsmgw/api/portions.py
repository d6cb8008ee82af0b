"""The event log as octets of an event stream, made once for all readers that stand at the same place."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence

from pydantic_core import to_json

from gsmgw.api.schemas import event_out
from gsmgw.dispatch import EventFeed
from gsmgw.dispatch.feed import PAGE
from gsmgw.dispatch.matching import Types
from gsmgw.model import Event

#: A piece ends with the event that brings it to that.
PIECE_OCTETS = 16 * 1024
#: Pieces that are kept for the next reader that stands where another one stood: some megabytes.
PIECES_KEPT = 256


class Portions:
    """Pieces of the log as they are sent, the latest ones at hand."""

    def __init__(self, feed: EventFeed) -> None:
        self._feed = feed
        self._kept: OrderedDict[tuple[int, int, str], tuple[int, bytes]] = OrderedDict()
        self._making = asyncio.Lock()

    async def after(self, place: int, key: str, wanted: Types) -> tuple[int, bytes]:
        """Where a reader stands after its next piece, and the piece; no octets where nothing in it is wanted.

        ``key`` tells choices of events apart. The place does not move when what came next is no longer kept.
        """
        found = self._find(place, key)
        if found is not None:
            return found
        async with self._making:  # one makes it, and the others that stand there find it
            found = self._find(place, key)
            if found is not None:
                return found
            last = self._feed.last_id
            page = await self._feed.page(place)
            if page and page[0].id > place + 1 and await self._feed.first_kept() > place + 1 > 1:
                return place, b""
            made = list(_pieces(place, page, wanted))
            for number, (start, end, octets) in enumerate(made, 1):
                # one that is followed by more stays as it is, whatever comes
                full = number < len(made) or len(page) == PAGE
                self._kept[start, 0 if full else last, key] = end, octets
            while len(self._kept) > PIECES_KEPT:
                self._kept.popitem(last=False)
            return made[0][1:]

    def _find(self, place: int, key: str) -> tuple[int, bytes] | None:
        return self._kept.get((place, 0, key)) or self._kept.get((place, self._feed.last_id, key))


def _pieces(place: int, page: Sequence[Event], wanted: Types) -> Iterator[tuple[int, int, bytes]]:
    """A page in pieces: the places before and behind it, and its octets. One at least."""
    start, end, size = place, place, 0
    lines: list[bytes] = []
    for event in page:
        if size >= PIECE_OCTETS:
            yield start, end, b"".join(lines)
            start, size = end, 0
            lines.clear()
        end = event.id
        if event.type in wanted:
            lines.append(_line(event))
            size += len(lines[-1])
    yield start, end, b"".join(lines)


def _line(event: Event) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.id, event.type.encode(), to_json(event_out(event)))
