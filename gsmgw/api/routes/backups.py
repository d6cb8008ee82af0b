"""/v1/backups"""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response

from gsmgw.api.dependencies import Ctx
from gsmgw.http.json_response import JSONResponse

router = APIRouter(prefix="/v1/backups", tags=["backups"])


@router.post("", status_code=201)
async def create(ctx: Ctx) -> Response:
    """Back the database and the configuration up now, while everything goes on, and delete the oldest backups."""
    return JSONResponse(await asyncio.to_thread(ctx.make_backup), 201)


@router.get("")
async def index(ctx: Ctx) -> Response:
    """The backups that are kept, the latest first."""
    return JSONResponse({"data": await asyncio.to_thread(ctx.list_backups)})
