"""/v1/campaigns/{campaign}/results/export"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from gsmgw.api.dependencies import Caller, Ctx
from gsmgw.api.openapi import media, problems
from gsmgw.api.routing import QueryModel, api_router
from gsmgw.audience.campaigns import result_files
from gsmgw.model.campaigns import Campaign

router = api_router("/v1/campaigns/{campaign}/results/export")

#: Recipients that are read and sent at a time.
CHUNK = 500


class ExportQuery(QueryModel):
    """Query parameters of an export of results."""

    part: Literal["recipients", "variants"] = Field(
        "recipients", description="A row for each recipient, or for each text"
    )
    spreadsheet: bool = Field(
        False, description="For spreadsheets: numbers stay whole, and no cell is taken for a formula"
    )


@router.get("", response_class=StreamingResponse, responses={**media("text/csv"), **problems(404, 409)})
async def export(ctx: Ctx, caller: Caller, campaign: str, query: Annotated[ExportQuery, Query()]) -> StreamingResponse:
    """Export how a campaign went as CSV: a row for each recipient, or for each text. Of one that repeats: all runs."""
    found = await ctx.campaigns.get(await ctx.campaigns.find(campaign))
    parts = [found, *reversed(await ctx.campaigns.runs(found.id))]

    async def variants() -> AsyncIterator[bytes]:
        yield result_files.head(result_files.VARIANT_COLUMNS, spreadsheet=query.spreadsheet)
        sums = (await ctx.campaigns.results(found.id)).variants
        texts = [each.text for each in found.plan.variants]
        yield result_files.variant_rows(texts, sums, spreadsheet=query.spreadsheet)

    async def recipients() -> AsyncIterator[bytes]:
        yield result_files.head(result_files.RECIPIENT_COLUMNS, spreadsheet=query.spreadsheet)
        with ctx.access.presence(caller) as gone:
            for part in parts:
                async for chunk in of_part(part, gone):
                    yield chunk

    async def of_part(part: Campaign, gone: asyncio.Event) -> AsyncIterator[bytes]:
        after = ""
        while not gone.is_set():
            began_s = ctx.clock.monotonic()
            page = await ctx.campaigns.recipient_results(part.id, after, CHUNK)
            yield await asyncio.to_thread(result_files.recipient_rows, part.name, page, spreadsheet=query.spreadsheet)
            if len(page) < CHUNK:
                return
            after = page[-1].number
            await ctx.clock.sleep(ctx.clock.monotonic() - began_s)  # sending needs the interpreter

    headers = {"Content-Disposition": f'attachment; filename="{query.part}.csv"', "Cache-Control": "no-store"}
    body = variants() if query.part == "variants" else recipients()
    return StreamingResponse(body, media_type="text/csv; charset=utf-8; header=present", headers=headers)
