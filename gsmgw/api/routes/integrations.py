"""/v1/integrations"""

from __future__ import annotations

from fastapi import Response

from gsmgw.api.dependencies import Ctx
from gsmgw.api.routing import api_router
from gsmgw.http.json_response import JSONResponse
from gsmgw.wire import resources

router = api_router("/v1/integrations")


@router.get("", response_model=resources.Integrations)
async def index(ctx: Ctx) -> Response:
    """Show what other programs work with: the addresses of the API, hooks and bridges with their states."""
    api = ctx.addresses()
    return JSONResponse({"api": api, "hooks": ctx.hooks.states(), "bridges": ctx.bridges()})
