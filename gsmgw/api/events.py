"""/v1/events: the event log as server-sent events, resumable from any point."""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from itertools import count
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import StreamingResponse

from gsmgw.api.context import Context, context_of
from gsmgw.api.problems import Problem
from gsmgw.api.schemas import event_out
from gsmgw.dispatch import EventFeed
from gsmgw.dispatch.feed import PAGE
from gsmgw.dispatch.matching import Types
from gsmgw.model import Event

router = APIRouter(prefix="/v1", tags=["events"])
Ctx = Annotated[Context, Depends(context_of)]

HEARTBEAT_S = 15.0
MOST_TYPES, TYPES_CHARS = 50, 2000
#: With so many readers each gets what happens at once; with more, in portions, some milliseconds apart for each of
#: them: what they cost does not grow with their number, and a flood of events does not reach them faster than that.
PROMPT_READERS = 16
PER_READER_S = 0.004
LONGEST_PORTION_S = 3.0
#: The readers of one group are served at the same moment, from the same octets; groups take turns, so that modems are
#: served in between.
GROUPS = 16
#: Handed to a connection at once: with more, each slow reader would hold a copy of a whole portion.
PIECE_OCTETS = 16 * 1024
#: Portions that are kept for the next reader that stands where another one stood.
PORTIONS_KEPT = 64


class Portions:
    """Portions of the log as they are sent, made once for all readers that stand at the same place."""

    def __init__(self, feed: EventFeed) -> None:
        self._feed = feed
        self._kept: OrderedDict[tuple[int, int, str], tuple[int, bytes]] = OrderedDict()
        self.readers = 0
        self._turns = count()
        self._making = asyncio.Lock()

    def turn(self) -> int:
        """The group of a new reader."""
        return next(self._turns) % GROUPS

    async def after(self, cursor: int, types: str, wanted: Types) -> tuple[int, bytes]:
        """Where a reader stands after its next portion, and the portion; no octets where nothing in it is wanted.

        The place does not move when what came next is no longer kept.
        """
        async with self._making:  # one makes it, and the others that stand there find it
            full, rest = (cursor, 0, types), (cursor, self._feed.last_id, types)
            found = self._kept.get(full) or self._kept.get(rest)
            if found is not None:
                return found
            page = await self._feed.page(cursor)
            if page and page[0].id > cursor + 1 and await self._feed.first_kept() > cursor + 1 > 1:
                return cursor, b""
            lines = b"".join(_line(event) for event in page if event.type in wanted)
            found = (page[-1].id if page else cursor), lines
            self._kept[full if len(page) == PAGE else rest] = found  # a full one stays as it is, whatever comes
            while len(self._kept) > PORTIONS_KEPT:
                self._kept.popitem(last=False)
            return found

    async def gather(self, group: int) -> None:
        """Wait for more to come together when there are many readers: all of a group until the same moment."""
        if self.readers > PROMPT_READERS:
            span_s = min(LONGEST_PORTION_S, self.readers * PER_READER_S)
            await asyncio.sleep(span_s - (time.monotonic() - span_s * group / GROUPS) % span_s)


def _line(event: Event) -> bytes:
    text = json.dumps(event_out(event), ensure_ascii=False, separators=(",", ":"))
    return f"id: {event.id}\nevent: {event.type}\ndata: {text}\n\n".encode()


@router.get("/events", response_class=StreamingResponse)
async def events(
    ctx: Ctx,
    request: Request,
    types: Annotated[
        str | None, Query(max_length=TYPES_CHARS, description="Comma-separated types; message.* for all of a kind")
    ] = None,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=40)] = None,
    after: Annotated[
        int | None, Query(ge=0, le=2**63 - 1, description="As Last-Event-ID, where headers cannot be set; 0: all kept")
    ] = None,
    heartbeat: Annotated[float, Query(ge=0.1, le=300, description="Seconds of silence between comments")] = HEARTBEAT_S,
) -> StreamingResponse:
    """What happens, as it happens. ``id:`` is the event's; a client that reconnects with it misses nothing."""
    cursor = ctx.feed.last_id if after is None else after
    if last_event_id:
        if not last_event_id.isascii() or not last_event_id.isdecimal():
            errors = [{"parameter": "Last-Event-ID", "detail": "is not the id of an event"}]
            raise Problem("invalid_request", "Last-Event-ID: is not the id of an event", errors=errors)
        cursor = int(last_event_id)
    await _check(ctx, cursor)
    names = [name.strip() for name in (types or "").split(",") if name.strip()][:MOST_TYPES]
    wanted, key = Types(names), ",".join(names)
    portions: Portions = request.app.state.portions

    async def stream() -> AsyncIterator[bytes]:
        place, spoke_s = cursor, time.monotonic()
        portions.readers += 1
        group = portions.turn()
        try:
            yield f": gsmgw {ctx.version}, at event {ctx.feed.last_id}\n\n".encode()
            while not ctx.feed.closed:
                silence_s = time.monotonic() - spoke_s
                if silence_s >= heartbeat or not await ctx.feed.news(place, heartbeat - silence_s):
                    spoke_s = time.monotonic()
                    yield b": still here\n\n"
                    continue
                await portions.gather(group)
                before = place
                place, lines = await portions.after(place, key, wanted)
                if lines:
                    spoke_s = time.monotonic()
                    for start in range(0, len(lines), PIECE_OCTETS):
                        yield lines[start : start + PIECE_OCTETS]
                if place == before and place < ctx.feed.last_id:
                    return  # what came next is gone; a reader that comes back is told so
        finally:
            portions.readers -= 1

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream(), media_type="text/event-stream", headers=headers)


async def _check(ctx: Context, cursor: int) -> None:
    """:class:`Problem` when the events behind a cursor cannot be had. 0 stands for the beginning of what is kept."""
    if cursor > ctx.feed.last_id:
        raise Problem(
            "event_gone",
            f"there is no event {cursor} yet: the newest is {ctx.feed.last_id}. Was the database replaced by a backup? "
            "Read the state of what you follow once, and go on without Last-Event-ID",
        )
    if cursor == 0:
        return
    first = await ctx.feed.first_kept()
    if cursor + 1 < first:
        raise Problem(
            "event_gone",
            f"the events behind {cursor} are no longer kept: the oldest is {first}. "
            f"Read the state of what you follow once, and go on with Last-Event-ID: {first - 1}",
        )
