"""/v1/quarantine: received PDUs that could not be understood."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from gsmgw.api.dependencies import Ctx, Visible
from gsmgw.api.routes.message_filters import cursor_of
from gsmgw.dispatch.bodies import stamp
from gsmgw.http.json_response import page_response
from gsmgw.model import format_id
from gsmgw.store import inbox

router = APIRouter(prefix="/v1/quarantine", tags=["messages"])


@router.get("")
async def listing(
    ctx: Ctx, visible: Visible, limit: Annotated[int, Query(ge=1, le=1000)] = 50, cursor: str | None = None
) -> Response:
    """What was received and could not be understood, newest first, a page at a time: raw, and why."""
    before = cursor_of(cursor)
    modems = None if visible is None else visible.modems
    found = await ctx.store.read(lambda db: inbox.quarantined(db, limit + 1, before, modems))
    more = format_id(found[limit - 1].id) if len(found) > limit else None
    return await page_response(found[:limit], _pdu_out, more)


@router.post("/reread")
async def reread(ctx: Ctx) -> dict[str, int]:
    """Try all of it again. What is understood now becomes a message, received when it came, or settles one."""
    result = await ctx.collector.reread()
    return {"understood": result.understood, "left": result.left}


def _pdu_out(item: inbox.Quarantined) -> dict[str, Any]:
    return {
        "id": format_id(item.id),
        "modem": item.raw.modem,
        "received_at": stamp(item.at_ms),
        "pdu": item.raw.pdu,
        "problem": item.problem,
    }
