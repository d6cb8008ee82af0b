"""/v1/backups"""

from __future__ import annotations

import asyncio

from fastapi import Response

from gsmgw.api.dependencies import Ctx
from gsmgw.api.routing import api_router
from gsmgw.http.json_response import JSONResponse
from gsmgw.wire import resources

router = api_router("/v1/backups")


@router.post("", status_code=201, response_model=resources.Backup)
async def create(ctx: Ctx) -> Response:
    """Back up the database and the configuration now, while everything runs, and delete the oldest backups."""
    return JSONResponse(await asyncio.to_thread(ctx.make_backup), 201)


@router.get("", response_model=resources.BackupList)
async def index(ctx: Ctx) -> Response:
    """List the backups, newest first."""
    return JSONResponse({"data": await asyncio.to_thread(ctx.list_backups)})
