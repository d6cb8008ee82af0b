"""/health"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import Response

from gsmgw.api.dependencies import Ctx
from gsmgw.api.openapi import Responses
from gsmgw.api.routing import api_router
from gsmgw.http.json_response import JSONResponse
from gsmgw.wire import resources

router = api_router("/health")

_NOT_READY: Responses = {503: {"model": resources.Health, "description": HTTPStatus(503).phrase}}


@router.get("/live", response_model=resources.Health)
async def live() -> Response:
    """Show that the process responds."""
    return JSONResponse({"status": "ok"})


@router.get("/ready", response_model=resources.Health, responses=_NOT_READY)
async def ready(ctx: Ctx) -> Response:
    """Show that messages are accepted and every task runs; 503 with the reason if not."""
    trouble = ctx.trouble()
    if trouble is not None:
        return JSONResponse({"status": "unavailable", "detail": trouble}, 503)
    return JSONResponse({"status": "ok"})
