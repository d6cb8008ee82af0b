"""/health and /v1/stats"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse

from gsmgw.api.context import Context, context_of
from gsmgw.api.schemas import stamp
from gsmgw.store import messages

router = APIRouter(tags=["health"])
Ctx = Annotated[Context, Depends(context_of)]


@router.get("/health/live")
async def live() -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/health/ready")
async def ready(ctx: Ctx) -> Response:
    """Messages are accepted: the database takes writes. 503 with the reason when not."""
    trouble = ctx.is_ready()
    if trouble is not None:
        return JSONResponse({"status": "unavailable", "detail": trouble}, 503)
    return JSONResponse({"status": "ok"})


@router.get("/v1/stats")
async def stats(ctx: Ctx) -> Response:
    """The gateway at a glance."""
    open_counts = await ctx.store.read(messages.counts)
    modems: dict[str, int] = {}
    for modem in ctx.modems.values():
        modems[modem.status.state.value] = modems.get(modem.status.state.value, 0) + 1
    return JSONResponse(
        {
            "version": ctx.version,
            "started_at": stamp(ctx.started_ms),
            "messages": open_counts,
            "modems": modems,
            "last_event": ctx.feed.last_id,
        }
    )
