"""/v1/messages/wait"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import Field

from gsmgw.api.dependencies import Caller, Ctx, Visible
from gsmgw.api.fields import Moment, ms_of
from gsmgw.api.openapi import problems
from gsmgw.api.routes.message_filters import peer_of
from gsmgw.api.routing import QueryModel, api_router
from gsmgw.dispatch.arrivals import Wanted
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.normalize import is_head
from gsmgw.http.problems import Problem
from gsmgw.inbound.one_time_code import one_time_code
from gsmgw.model import MessageRecord
from gsmgw.patterns import PatternError
from gsmgw.patterns.runner import PATTERN_CHARS
from gsmgw.wire import resources
from gsmgw.wire.messages import message_resource
from gsmgw.wire.problems import ProblemCode

router = api_router("/v1/messages/wait")

TIMEOUT_S, LONGEST_S = 60.0, 300.0


class WaitQuery(QueryModel):
    """Query parameters of the wait for a message."""

    sender: str | None = Field(None, alias="from", max_length=50, description="The number or name of the sender")
    modem: str | None = Field(None, max_length=100, description="The modem that receives it")
    match: str = Field(
        "",
        max_length=PATTERN_CHARS + 2,
        description="Part of its text, or /a regular expression/; case is ignored",
    )
    since: Moment | None = Field(None, description="Also messages that were received since this time (default: now)")
    timeout: float = Field(TIMEOUT_S, ge=0, le=LONGEST_S, description="Maximum wait in seconds")


@router.get("", response_model=resources.ArrivedMessage, responses=problems(408))
async def wait(
    ctx: Ctx, caller: Caller, visible: Visible, request: Request, query: Annotated[WaitQuery, Query()]
) -> Response:
    """Wait until a message is received that matches, and return it with the one-time code in its text."""
    is_pattern = len(query.match) > 2 and query.match[0] == query.match[-1] == "/"
    wanted = Wanted(
        peer=peer_of(ctx, query.sender),
        modem=query.modem,
        text="" if is_pattern else query.match,
        pattern=query.match[1:-1] if is_pattern else None,
        since_ms=ms_of(query.since),
        sight=visible,
    )
    try:
        if wanted.pattern is not None:
            await ctx.patterns.check(wanted.pattern)
        with ctx.access.presence(caller) as gone:
            timeout_s = 0 if is_head(request.scope) else query.timeout  # HEAD tells what is known now
            found = await _while_connected(ctx.arrivals.wait(wanted, timeout_s), request, gone)
    except PatternError as exc:
        raise Problem(
            ProblemCode.INVALID_REQUEST, f"match: {exc}", errors=[{"parameter": "match", "detail": str(exc)}]
        ) from None
    if found is None:
        raise Problem(ProblemCode.NO_MESSAGE, f"no message that matches was received within {query.timeout:g} s")
    body: resources.ArrivedMessage = {**message_resource(found), "code": one_time_code(found.text or "")}
    return JSONResponse(body)


async def _while_connected(
    waiting: Coroutine[object, object, MessageRecord | None], request: Request, gone: asyncio.Event
) -> MessageRecord | None:
    """Run a wait until it ends, the client disconnects, or its token expires or is revoked."""

    async def disconnected() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    task = asyncio.ensure_future(waiting)
    others = [asyncio.ensure_future(disconnected()), asyncio.ensure_future(gone.wait())]
    try:
        await asyncio.wait([task, *others], return_when=asyncio.FIRST_COMPLETED)
        return await task if task.done() else None
    finally:
        for each in (task, *others):
            each.cancel()
        await asyncio.gather(task, *others, return_exceptions=True)
