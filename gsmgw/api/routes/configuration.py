"""/v1/configuration"""

from __future__ import annotations

import asyncio

from fastapi import Response

from gsmgw.api.dependencies import Ctx
from gsmgw.api.routing import api_router
from gsmgw.http.json_response import JSONResponse
from gsmgw.wire import resources

router = api_router("/v1/configuration")


@router.get("", response_model=resources.Configuration)
async def index(ctx: Ctx) -> Response:
    """Show the settings in effect, each with its source and meaning. Secrets are masked."""
    return JSONResponse(await asyncio.to_thread(ctx.configuration))
