"""/v1/contacts/export"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Literal

from fastapi import Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from gsmgw.api.dependencies import Caller, Ctx
from gsmgw.api.openapi import media, problems
from gsmgw.api.routes.contacts import ContactFilter, contact_clause
from gsmgw.api.routing import api_router
from gsmgw.audience.files.writers import write_contacts, write_head
from gsmgw.model.contacts import Contact
from gsmgw.store import contacts
from gsmgw.store.contacts import both

router = api_router("/v1/contacts/export")

#: Contacts that are read and sent at a time.
CHUNK = 500
_TYPES = {"csv": "text/csv; charset=utf-8; header=present", "vcard": "text/vcard; charset=utf-8",
          "ndjson": "application/x-ndjson"}  # fmt: skip
_ENDINGS = {"csv": "csv", "vcard": "vcf", "ndjson": "ndjson"}


class ExportQuery(ContactFilter):
    """Query parameters of an export of contacts."""

    format: Literal["csv", "vcard", "ndjson"] = "ndjson"
    spreadsheet: bool = Field(
        False, description="CSV for spreadsheets: numbers stay whole, and no cell is taken for a formula"
    )


@router.get(
    "",
    response_class=StreamingResponse,
    responses={**media("application/x-ndjson", "text/csv", "text/vcard"), **problems(404)},
)
async def export(ctx: Ctx, caller: Caller, query: Annotated[ExportQuery, Query()]) -> StreamingResponse:
    """Export all contacts that match, newest first, as a stream: lines of JSON, CSV with a header, or vCards 3.0."""
    wanted = await contact_clause(ctx, query)
    fields = [field.name for field in await ctx.audience.fields.all()]

    async def chunks() -> AsyncIterator[bytes]:
        yield write_head(query.format, fields, spreadsheet=query.spreadsheet)
        before = None
        with ctx.access.presence(caller) as gone:
            while not gone.is_set():
                where = wanted if before is None else both(wanted, ("id < ?", (before,)))
                began_s = ctx.clock.monotonic()
                found = await ctx.store.read(partial(contacts.find, wanted=where, limit=CHUNK))
                yield await asyncio.to_thread(written, found)
                if len(found) < CHUNK:
                    return
                before = found[-1].id
                await ctx.clock.sleep(ctx.clock.monotonic() - began_s)  # sending needs the interpreter

    def written(found: list[Contact]) -> bytes:
        return write_contacts(query.format, found, fields, spreadsheet=query.spreadsheet)

    headers = {
        "Content-Disposition": f'attachment; filename="contacts.{_ENDINGS[query.format]}"',
        "Cache-Control": "no-store",
    }
    return StreamingResponse(chunks(), media_type=_TYPES[query.format], headers=headers)
