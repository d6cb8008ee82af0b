"""/v1/fleet"""

from __future__ import annotations

from fastapi import Request, Response
from pydantic import Field

from gsmgw.api.access.audit_log import audit_detail
from gsmgw.api.body import Body
from gsmgw.api.dependencies import Ctx, Visible
from gsmgw.api.fields import Flag
from gsmgw.api.openapi import problems
from gsmgw.api.routing import api_router
from gsmgw.http.json_response import JSONResponse
from gsmgw.wire import resources

router = api_router("/v1/fleet")


class MoveIn(Body):
    """How far the messages of a silent node are moved."""

    risk: Flag = Field(False, description="Move also what the node may have sent: some texts may be sent twice")


@router.get("", response_model=resources.Fleet)
async def show(ctx: Ctx, visible: Visible) -> Response:
    """Show the fleet: at the hub all nodes with their modems; for a restricted token only its own modems."""
    found = await ctx.fleet.state()
    if visible is not None:
        for node in found["nodes"]:
            node["modems"] = [modem for modem in node["modems"] if modem["name"] in visible.modems]
        found["nodes"] = [node for node in found["nodes"] if node["modems"]]
    return JSONResponse(found)


@router.post("/nodes/{name}/move", response_model=resources.FleetMove, responses=problems(404, 409))
async def move(ctx: Ctx, name: str, request: Request, body: MoveIn | None = None) -> Response:
    """Let other nodes send what a silent node has not taken; with ``risk`` also what it may have sent."""
    risk = body is not None and body.risk
    moved = await ctx.fleet.move(name, risk=risk)
    audit_detail(request, node=name, risk=risk, **moved)
    return JSONResponse(moved)
