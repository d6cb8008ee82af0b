"""What a listing, a search or an export of messages is narrowed to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends, Query

from gsmgw.api.dependencies import Ctx, Visible
from gsmgw.api.schemas import Moment
from gsmgw.http.problems import Problem
from gsmgw.model import Direction, Status, parse_id
from gsmgw.numbers import NumberError, parse_recipient
from gsmgw.store import messages, search

QUESTION_CHARS = 500


def ms_of(moment: datetime | None) -> int | None:
    """UTC milliseconds."""
    return None if moment is None else round(moment.timestamp() * 1000)


def cursor_of(text: str | None) -> int | None:
    """The place of a page's ``next_cursor``."""
    if text is None:
        return None
    number = parse_id(text)
    if number is None:
        errors = [{"parameter": "cursor", "detail": "is none that a page gave"}]
        raise Problem("invalid_request", "cursor: is none that a page gave", errors=errors)
    return number


async def wanted_messages(
    ctx: Ctx,
    visible: Visible,
    direction: Literal["outbound", "inbound"] | None = None,
    status: Annotated[list[Status] | None, Query()] = None,
    peer: str | None = None,
    modem: str | None = None,
    client_ref: str | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    q: Annotated[
        str | None, Query(max_length=QUESTION_CHARS, description='Words of the text; "a phrase"; begin* of a word')
    ] = None,
    cursor: str | None = None,
) -> messages.Filter:
    """The filter of a request. A search first brings the index up to date."""
    if peer is not None:
        try:
            peer = parse_recipient(peer, ctx.country)
        except NumberError:
            pass  # a name, or a number as the network wrote it
    match = None
    if q is not None:
        match = search.expression(q)
        if match is None:
            errors = [{"parameter": "q", "detail": "has no word in it"}]
            raise Problem("invalid_request", "q: has no word in it", errors=errors)
        await ctx.indexer.catch_up()
    return messages.Filter(
        direction=None if direction is None else Direction(direction),
        statuses=tuple(status or ()),
        peer=peer,
        modem=modem,
        client_ref=client_ref,
        since_ms=ms_of(since),
        until_ms=ms_of(until),
        before_id=cursor_of(cursor),
        match=match,
        sight=visible,
    )


Wanted = Annotated[messages.Filter, Depends(wanted_messages)]
