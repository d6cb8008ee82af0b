"""/v1/messages/export"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import StreamingResponse

from gsmgw.api.dependencies import Caller, Ctx, Visible
from gsmgw.api.openapi import media
from gsmgw.api.routes.message_filters import ExportQuery, message_filter
from gsmgw.api.routing import api_router
from gsmgw.model import MessageRecord
from gsmgw.store import messages
from gsmgw.wire.encoding import dumped
from gsmgw.wire.messages import message_resource

router = api_router("/v1/messages/export")

#: Messages that are read and sent at a time.
CHUNK = 200
COLUMNS = (
    "id", "direction", "from", "to", "status", "text", "data", "segments", "encoding", "modem", "priority",
    "client_ref", "tags", "created_at", "sent_at", "delivered_at", "received_at", "error", "purpose", "list",
    "campaign", "contact",
)  # fmt: skip


@router.get("", response_class=StreamingResponse, responses=media("application/x-ndjson", "text/csv"))
async def export(
    ctx: Ctx, caller: Caller, visible: Visible, query: Annotated[ExportQuery, Query()]
) -> StreamingResponse:
    """Export all messages that match, newest first, as a stream: one JSON object a line, or CSV with a header."""
    wanted, format = await message_filter(ctx, visible, query), query.format

    async def lines() -> AsyncIterator[str | bytes]:
        if format == "csv":
            yield _csv([COLUMNS])
        with ctx.access.presence(caller) as gone:
            async for chunk in chunks(gone):
                yield chunk

    async def chunks(gone: asyncio.Event) -> AsyncIterator[str | bytes]:
        page = wanted
        while not gone.is_set():
            began_s = ctx.clock.monotonic()
            list_page = partial(messages.list_messages, wanted=page, limit=CHUNK)
            chunk = await ctx.store.read(_written(list_page, format))
            took_s = ctx.clock.monotonic() - began_s
            yield chunk.body
            if chunk.last_id is None:
                return
            page = replace(page, before_id=chunk.last_id)
            # It pauses half of the time: an export is never urgent, and sending needs the interpreter.
            await ctx.clock.sleep(took_s)

    media_type = "text/csv; charset=utf-8; header=present" if format == "csv" else "application/x-ndjson"
    headers = {"Content-Disposition": f'attachment; filename="messages.{format}"', "Cache-Control": "no-store"}
    return StreamingResponse(lines(), media_type=media_type, headers=headers)


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some of the messages as they are sent, and the last one if others follow."""

    body: str | bytes
    last_id: int | None


def _written(query: Callable[[Any], Sequence[MessageRecord]], format: str) -> Callable[[Any], _Chunk]:
    """Return a query that lists messages and formats them."""
    return lambda db: _chunk(query(db), format)


def _chunk(found: Sequence[MessageRecord], format: str) -> _Chunk:
    """Format messages. Called in the reader's thread, so that the event loop is not blocked."""
    last_id = found[-1].id if len(found) == CHUNK else None
    bodies = [message_resource(message) for message in found]
    for body in bodies:
        body.pop("waiting_for", None)
    if format == "csv":
        return _Chunk(_csv([[_cell(body.get(name)) for name in COLUMNS] for body in bodies]), last_id)
    return _Chunk(b"".join(dumped(body) + b"\n" for body in bodies), last_id)


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    """RFC 4180."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, list):
        return " ".join(value)
    if isinstance(value, dict):
        return value.get("title") or value.get("code")
    return value
