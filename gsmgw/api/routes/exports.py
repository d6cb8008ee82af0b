"""/v1/conversations and /v1/messages/export"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from gsmgw.api.dependencies import Caller, Ctx, Visible
from gsmgw.api.routes.message_filters import Wanted, cursor_of
from gsmgw.api.schemas import message_out
from gsmgw.dispatch.bodies import dumped
from gsmgw.http.json_response import page_response
from gsmgw.model import MessageRecord, format_id
from gsmgw.store import messages

router = APIRouter(prefix="/v1", tags=["messages"])

#: Messages that are read and sent at once.
PORTION = 200
COLUMNS = (
    "id", "direction", "from", "to", "status", "text", "data", "segments", "encoding", "modem", "priority",
    "client_ref", "tags", "created_at", "sent_at", "delivered_at", "received_at", "error",
)  # fmt: skip


@router.get("/conversations")
async def conversations(
    ctx: Ctx, visible: Visible, limit: Annotated[int, Query(ge=1, le=1000)] = 50, cursor: str | None = None
) -> Response:
    """Who was written with: each peer with the latest message, newest first, a page at a time."""
    before = cursor_of(cursor)
    found = await ctx.store.read(lambda db: messages.conversations(db, before, limit + 1, visible))
    more = format_id(found[limit - 1].id) if len(found) > limit else None
    explained = [(message, ctx.scheduler.explain(message)) for message in found[:limit]]
    return await page_response(explained, lambda pair: {"peer": pair[0].peer, "last_message": message_out(*pair)}, more)


@router.get("/messages/export", response_class=StreamingResponse)
async def export(
    ctx: Ctx, caller: Caller, wanted: Wanted, format: Literal["csv", "ndjson"] = "ndjson"
) -> StreamingResponse:
    """All messages that the filters let through, newest first, as a stream: one per line, or as CSV with a header."""

    async def lines() -> AsyncIterator[str | bytes]:
        if format == "csv":
            yield _csv([COLUMNS])
        with ctx.access.presence(caller) as gone:
            async for portion in portions(gone):
                yield portion

    async def portions(gone: asyncio.Event) -> AsyncIterator[str | bytes]:
        page = wanted
        while not gone.is_set():
            began_s = ctx.clock.monotonic()
            list_page = partial(messages.list_messages, wanted=page, limit=PORTION)
            portion = await ctx.store.read(_written(list_page, format))
            took_s = ctx.clock.monotonic() - began_s
            yield portion.octets
            if portion.last_id is None:
                return
            page = replace(page, before_id=portion.last_id)
            # An export is for no one in a hurry: it takes half of the time, so that sending finds the interpreter free.
            await ctx.clock.sleep(took_s)

    media_type = "text/csv; charset=utf-8; header=present" if format == "csv" else "application/x-ndjson"
    headers = {"Content-Disposition": f'attachment; filename="messages.{format}"', "Cache-Control": "no-store"}
    return StreamingResponse(lines(), media_type=media_type, headers=headers)


@dataclass(frozen=True, slots=True)
class _Portion:
    """Some of the messages as they are sent, and the last one where others follow."""

    octets: str | bytes
    last_id: int | None


def _written(query: Callable[[Any], Sequence[MessageRecord]], format: str) -> Callable[[Any], _Portion]:
    """Return a query that lists messages and writes them out."""
    return lambda db: _portion(query(db), format)


def _portion(found: Sequence[MessageRecord], format: str) -> _Portion:
    """Write messages out; called in the reader's thread, so that the event loop is not held."""
    last_id = found[-1].id if len(found) == PORTION else None
    bodies = [message_out(message) for message in found]
    for body in bodies:
        body.pop("waiting_for", None)
    if format == "csv":
        return _Portion(_csv([[_cell(body.get(name)) for name in COLUMNS] for body in bodies]), last_id)
    return _Portion(b"".join(dumped(body) + b"\n" for body in bodies), last_id)


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
