"""/v1/audit"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Response
from pydantic import Field

from gsmgw.api.dependencies import Ctx
from gsmgw.api.fields import Limit, Moment, RowId, ms_of
from gsmgw.api.routing import QueryModel, api_router
from gsmgw.http.json_response import page_response
from gsmgw.store import audit
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp

router = api_router("/v1/audit")


class AuditQuery(QueryModel):
    """Query parameters of the audit log."""

    who: str | None = Field(None, max_length=100, description="Name of a token, or of a user of this machine")
    since: Moment | None = None
    until: Moment | None = None
    limit: Limit = 50
    cursor: RowId | None = None


@router.get("", response_model=resources.AuditPage)
async def index(ctx: Ctx, query: Annotated[AuditQuery, Query()]) -> Response:
    """List who managed what, newest first. The last 10 000 calls are kept, of refused ones the last 2000."""
    limit, since_ms, until_ms = query.limit, ms_of(query.since), ms_of(query.until)
    found = await ctx.store.read(
        lambda db: audit.entries(
            db, limit + 1, who=query.who, since_ms=since_ms, until_ms=until_ms, before_id=query.cursor
        )
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
