"""/v1/backups"""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from gsmgw.api.context import Context, context_of
from gsmgw.http.json_response import JSONResponse

router = APIRouter(prefix="/v1/backups", tags=["backups"])
Ctx = Annotated[Context, Depends(context_of)]


@router.post("", status_code=201)
async def create(ctx: Ctx) -> Response:
    """Back the database and the configuration up now, while everything goes on, and delete the oldest backups."""
    return JSONResponse(await asyncio.to_thread(ctx.make_backup), 201)


@router.get("")
async def index(ctx: Ctx) -> Response:
    """The backups that are kept, the latest first."""
    return JSONResponse({"data": await asyncio.to_thread(ctx.list_backups)})
