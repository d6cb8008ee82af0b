"""/v1/quarantine: received PDUs that could not be decoded."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Response

from gsmgw.api.dependencies import Ctx, Visible
from gsmgw.api.fields import cursor_of
from gsmgw.api.routes.message_filters import PageQuery
from gsmgw.api.routing import api_router
from gsmgw.http.json_response import page_response
from gsmgw.model import format_id
from gsmgw.pdu import PduError, parse_pdu
from gsmgw.store import inbox
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp

router = api_router("/v1/quarantine")


@router.get("", response_model=resources.QuarantinePage)
async def index(ctx: Ctx, visible: Visible, query: Annotated[PageQuery, Query()]) -> Response:
    """List received PDUs that could not be decoded, newest first, with the reason."""
    before, limit = cursor_of(query.cursor), query.limit
    modems = None if visible is None else visible.modems
    found = await ctx.store.read(lambda db: inbox.quarantined(db, limit + 1, before, modems))
    more = format_id(found[limit - 1].id) if len(found) > limit else None
    return await page_response(found[:limit], _pdu_out, more)


@router.post("/reread", response_model=resources.Reread)
async def reread(ctx: Ctx) -> dict[str, int]:
    """Try to decode all of them again. A PDU that can be decoded now becomes a message, or settles one."""
    result = await ctx.collector.reread()
    return {"understood": result.decoded, "left": result.left}


def _pdu_out(item: inbox.Quarantined) -> dict[str, Any]:
    fault = _fault(item.raw.pdu)
    return {
        "id": format_id(item.id),
        "modem": item.raw.modem,
        "received_at": stamp(item.at_ms),
        "pdu": item.raw.pdu,
        "problem": item.problem,
        "field": None if fault is None else fault.field,
        "offset": None if fault is None else fault.offset,
    }


def _fault(pdu: str) -> PduError | None:
    """Return what is wrong with a PDU; None if it can be decoded and something else was."""
    try:
        parse_pdu(pdu)
    except PduError as exc:
        return exc
    return None
