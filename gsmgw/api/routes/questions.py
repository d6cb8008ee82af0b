"""/v1/questions"""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from gsmgw.api.dependencies import Ctx
from gsmgw.api.fields import Limit, Text
from gsmgw.api.openapi import problems
from gsmgw.api.routing import QueryModel, api_router
from gsmgw.http.json_response import JSONResponse
from gsmgw.model import format_id
from gsmgw.model.questions import OpenQuestion
from gsmgw.store import contacts
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp

router = api_router("/v1/questions")


class QuestionQuery(QueryModel):
    """Query parameters of the open questions."""

    number: Text | None = Field(None, max_length=64, description="The question to this number only")
    limit: Limit = 50
    cursor: str | None = Field(None, max_length=64)


@router.get("", response_model=resources.QuestionPage)
async def index(ctx: Ctx, query: Annotated[QuestionQuery, Query()]) -> Response:
    """List open questions by number: the next text of that number sets a field."""
    if query.number is None:
        found = await ctx.questions.page(query.cursor or "", query.limit + 1)
    else:
        asked = await ctx.questions.to(query.number)
        found = [] if asked is None else [asked]
    page = found[: query.limit]
    names = await ctx.store.read(lambda db: contacts.names_of(db, [each.number for each in page]))
    more = page[-1].number if len(found) > query.limit else None
    return JSONResponse(
        {"data": [question_resource(each, names.get(each.number)) for each in page], "next_cursor": more}
    )


@router.delete("/{number}", status_code=204, responses=problems(404))
async def close(ctx: Ctx, number: str) -> Response:
    """Close the question to a number: its next text sets nothing."""
    await ctx.questions.remove(number)
    return Response(status_code=204)


def question_resource(found: OpenQuestion, name: str | None) -> resources.Question:
    return {
        "number": found.number,
        "name": name,
        "field": found.ask.field,
        "message_id": format_id(found.message_id),
        "unreadable": found.unreadable,
        "asked_at": stamp(found.asked_ms),
        "expires_at": stamp(found.until_ms),
    }
