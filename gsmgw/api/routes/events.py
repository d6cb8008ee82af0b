"""GET /v1/events: the event log as server-sent events, which can be resumed from any event.

It is served without FastAPI (``fast_path``); the route describes it.
"""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

from fastapi import Header, Query, Request
from fastapi.responses import Response
from pydantic import AfterValidator, Field, ValidationError
from starlette.datastructures import QueryParams
from starlette.types import Receive, Scope, Send

from gsmgw.api.context import Context
from gsmgw.api.dependencies import Ctx
from gsmgw.api.openapi import media, problems
from gsmgw.api.routing import QueryModel, api_router, check_query
from gsmgw.http.event_chunks import Selection
from gsmgw.http.event_streams import Reader
from gsmgw.http.identity import principal_of
from gsmgw.http.normalize import is_head
from gsmgw.http.problems import Problem, of_validation
from gsmgw.http.protocol import line_of
from gsmgw.model.events import check_choice
from gsmgw.store.visibility import Sight
from gsmgw.wire.problems import ProblemCode

router = api_router("/v1/events")

HEARTBEAT_S = 15.0
MOST_TYPES, TYPES_CHARS, ID_CHARS = 50, 2000, 40


def _types(value: str) -> str:
    names = [name.strip() for name in value.split(",") if name.strip()]
    if len(names) > MOST_TYPES:
        raise ValueError(f"has {len(names)} types; at most {MOST_TYPES} are allowed")
    return ",".join(map(check_choice, names))


class EventsQuery(QueryModel):
    """Query parameters of the event stream."""

    types: Annotated[str, AfterValidator(_types)] = Field(
        "", max_length=TYPES_CHARS, description="Comma-separated types; message.* for all of a kind"
    )
    after: int | None = Field(
        None,
        ge=0,
        le=2**63 - 1,
        description="Start after this event ID, like Last-Event-ID; 0: all",
    )
    heartbeat: float = Field(HEARTBEAT_S, ge=0.1, le=300, description="Seconds of silence between comments")


class EventStream(Response):
    """The response. It ends when the connection or the gateway does."""

    media_type = "text/event-stream"

    def __init__(self, ctx: Context, cursor: int, asked: EventsQuery, sight: Sight | None) -> None:
        self.status_code = 200
        self.background = None
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._ctx = ctx
        self._cursor = cursor
        self._heartbeat_s = asked.heartbeat
        self._selection = Selection(asked.types, sight)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        ctx = self._ctx
        hello = f": gsmgw {ctx.version}, at event {ctx.feed.last_id}\n\n".encode()
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": hello, "more_body": True})
        if is_head(scope):
            return
        ended = asyncio.get_running_loop().create_future()
        caller, until_s = principal_of(scope), float("inf")
        if caller.expires_ms is not None:
            until_s = time.monotonic() + (caller.expires_ms - ctx.clock.wall_ms()) / 1000
        line = line_of(scope)
        reader = Reader(line, self._cursor, self._selection, self._heartbeat_s, ended, caller.credential, until_s)
        await ctx.streams.serve(reader)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def open_events(ctx: Context, scope: Scope) -> EventStream:
    """Return the stream for a request. Raises :class:`Problem`."""
    query = QueryParams(scope["query_string"])
    check_query(query, EventsQuery)
    try:
        asked = EventsQuery.model_validate(dict(query))
    except ValidationError as exc:
        raise of_validation([{**error, "loc": ("query", *error["loc"])} for error in exc.errors()]) from None
    cursor = ctx.feed.last_id if asked.after is None else asked.after
    last_id = next((value for name, value in scope["headers"] if name == b"last-event-id"), b"")
    if last_id:
        if not last_id.isdigit() or len(last_id) > ID_CHARS:
            errors = [{"parameter": "Last-Event-ID", "detail": "is not a valid event ID"}]
            raise Problem(ProblemCode.INVALID_REQUEST, "Last-Event-ID: is not a valid event ID", errors=errors)
        cursor = int(last_id)
    await _check(ctx, cursor)
    return EventStream(ctx, cursor, asked, ctx.service.visible_to(principal_of(scope)))


@router.get("", status_code=200, response_class=EventStream, responses={**media("text/event-stream"), **problems(410)})
async def events(
    ctx: Ctx,
    request: Request,
    asked: Annotated[EventsQuery, Query()],
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=ID_CHARS)] = None,
) -> Response:
    """Stream events as they happen. A client that reconnects with the ``id`` of the last event misses none."""
    return await open_events(ctx, request.scope)


async def _check(ctx: Context, cursor: int) -> None:
    """Raise :class:`Problem` if events after a cursor are missing. 0 means the oldest event that is kept."""
    if cursor > ctx.feed.last_id:
        raise Problem(
            ProblemCode.EVENT_GONE,
            f"the event {cursor} does not exist; the newest is {ctx.feed.last_id}. Was a backup restored? "
            "Read the current state once and connect without Last-Event-ID",
        )
    if cursor == 0:
        return
    first = await ctx.feed.first_kept()
    if cursor + 1 < first:
        raise Problem(
            ProblemCode.EVENT_GONE,
            f"events after {cursor} are no longer kept; the oldest is {first}. "
            f"Read the current state once and connect with Last-Event-ID: {first - 1}",
        )
