"""Filters of a list, a search or an export of messages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gsmgw.api.context import Context
from gsmgw.api.fields import Limit, Moment, cursor_of, ms_of
from gsmgw.api.routing import QueryModel
from gsmgw.http.problems import Problem
from gsmgw.model import Direction, Purpose, Status
from gsmgw.numbers import NumberError, parse_recipient
from gsmgw.store import messages, search
from gsmgw.store.visibility import Sight
from gsmgw.wire.problems import ProblemCode

SEARCH_CHARS = 500


class MessageQuery(QueryModel):
    """Query parameters that select messages."""

    direction: Literal["outbound", "inbound"] | None = None
    status: list[Status] = Field(default_factory=list, description="May be given several times")
    peer: str | None = Field(None, description="The number of the other side")
    modem: str | None = None
    client_ref: str | None = None
    purpose: Purpose | None = None
    list_name: str | None = Field(None, alias="list", max_length=63, description="The consent list")
    since: Moment | None = None
    until: Moment | None = None
    q: Annotated[str | None, Field(max_length=SEARCH_CHARS)] = Field(
        None, description='Words of the text; "a phrase"; begin* of a word'
    )
    cursor: str | None = Field(None, description="next_cursor of the previous page")


class MessageListQuery(MessageQuery):
    """Query parameters of a list of messages."""

    limit: Limit = 50


class ExportQuery(MessageQuery):
    """Query parameters of an export of messages."""

    format: Literal["csv", "ndjson"] = "ndjson"


class PageQuery(QueryModel):
    """Query parameters of a list that has no filters."""

    limit: Limit = 50
    cursor: str | None = Field(None, description="next_cursor of the previous page")


async def message_filter(ctx: Context, visible: Sight | None, query: MessageQuery) -> messages.Filter:
    """Return the filter of a request. A search first brings the index up to date. Raises :class:`Problem`."""
    match = None
    if query.q is not None:
        match = search.expression(query.q)
        if match is None:
            errors = [{"parameter": "q", "detail": "contains no word"}]
            raise Problem(ProblemCode.INVALID_REQUEST, "q: contains no word", errors=errors)
        await ctx.indexer.catch_up()
    return messages.Filter(
        direction=None if query.direction is None else Direction(query.direction),
        statuses=tuple(query.status),
        peer=peer_of(ctx, query.peer),
        modem=query.modem,
        client_ref=query.client_ref,
        purpose=query.purpose,
        list=query.list_name,
        since_ms=ms_of(query.since),
        until_ms=ms_of(query.until),
        before_id=cursor_of(query.cursor),
        match=match,
        sight=visible,
    )


def peer_of(ctx: Context, peer: str | None) -> str | None:
    """Return a number in E.164; a name, or a number as the network wrote it, as it is."""
    try:
        return None if peer is None else parse_recipient(peer, ctx.country())
    except NumberError:
        return peer
