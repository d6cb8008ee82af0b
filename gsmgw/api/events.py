"""/v1/events: the event log as server-sent events, resumable from any point."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query
from fastapi.responses import StreamingResponse

from gsmgw.api.context import Context, context_of
from gsmgw.api.problems import Problem
from gsmgw.api.schemas import event_out

router = APIRouter(prefix="/v1", tags=["events"])
Ctx = Annotated[Context, Depends(context_of)]

HEARTBEAT_S = 15.0


@router.get("/events", response_class=StreamingResponse)
async def events(
    ctx: Ctx,
    types: Annotated[str | None, Query(description="Comma-separated types; message.* for all of a kind")] = None,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID")] = None,
    after: Annotated[int | None, Query(ge=0, description="As Last-Event-ID, where headers cannot be set")] = None,
    heartbeat: Annotated[float, Query(ge=0.1, le=300, description="Seconds of silence between comments")] = HEARTBEAT_S,
) -> StreamingResponse:
    """What happens, as it happens. ``id:`` is the event's; a client that reconnects with it misses nothing."""
    cursor = after
    if last_event_id:
        if not last_event_id.isdecimal():
            raise Problem("invalid_request", "Last-Event-ID: is not the id of an event")
        cursor = int(last_event_id)
    wanted = tuple(name.strip() for name in (types or "").split(",") if name.strip())

    async def stream() -> AsyncIterator[str]:
        yield f": gsmgw {ctx.version}, at event {ctx.feed.last_id}\n\n"
        async for event in ctx.feed.read(cursor, wanted, heartbeat):
            if event is None:
                yield ": still here\n\n"
            else:
                text = json.dumps(event_out(event), ensure_ascii=False, separators=(",", ":"))
                yield f"id: {event.id}\nevent: {event.type}\ndata: {text}\n\n"

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream(), media_type="text/event-stream", headers=headers)
