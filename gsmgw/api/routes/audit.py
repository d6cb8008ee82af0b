"""/v1/audit"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from gsmgw.api.dependencies import Ctx
from gsmgw.api.routes.message_filters import ms_of
from gsmgw.api.schemas import Moment, stamp
from gsmgw.http.json_response import page_response
from gsmgw.store import audit

router = APIRouter(prefix="/v1/audit", tags=["access"])


@router.get("")
async def index(
    ctx: Ctx,
    who: Annotated[str | None, Query(max_length=100, description="A token's name, or a user of this machine")] = None,
    since: Moment | None = None,
    until: Moment | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    cursor: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
) -> Response:
    """Who managed what, and what came of it, newest first. The last 10 000 calls are kept; of refused ones 2000."""
    since_ms, until_ms = ms_of(since), ms_of(until)
    found = await ctx.store.read(
        lambda db: audit.entries(db, limit + 1, who=who, since_ms=since_ms, until_ms=until_ms, before_id=cursor)
    )
    more = str(found[limit - 1].id) if len(found) > limit else None
    return await page_response(found[:limit], _entry_out, more)


def _entry_out(entry: audit.Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": stamp(entry.at_ms),
        "who": entry.who,
        "from": entry.origin,
        "method": entry.method,
        "path": entry.path,
        "status": entry.status,
        "detail": entry.detail,
    }
