"""/v1/answers"""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import Field

from gsmgw.api.body import Body
from gsmgw.api.context import Context
from gsmgw.api.dependencies import Caller, Ctx
from gsmgw.api.fields import Text
from gsmgw.api.openapi import problems
from gsmgw.api.routing import QueryModel, api_router
from gsmgw.audience.errors import NotFound
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.problems import Problem
from gsmgw.model.liquid import has_fields
from gsmgw.outbound import Forbidden, Refusal
from gsmgw.store import conversations
from gsmgw.wire import resources
from gsmgw.wire.problems import ProblemCode

router = api_router("/v1/answers")

Name = Annotated[Text, Path(min_length=1, max_length=64, description="Its name; case does not matter")]


class AnswerIn(Body):
    """The text of a canned answer."""

    text: Text = Field(min_length=1, max_length=1600)


class AnswersQuery(QueryModel):
    """Query parameters of the canned answers."""

    contact: str | None = Field(None, max_length=64, description="A number or an ID of a contact to fill in fields for")


@router.get("", response_model=resources.AnswerList)
async def index(ctx: Ctx, caller: Caller, query: Annotated[AnswersQuery, Query()]) -> Response:
    """List the canned answers, by name; with a contact also as they read with its fields filled in."""
    found = await ctx.store.read(conversations.answers)
    data: list[resources.Answer] = [{"name": name, "text": text} for name, text in found]
    if query.contact is not None:
        if caller.is_restricted:
            raise Forbidden(f"{caller.title} sees only some messages, and no contacts")
        for answer in data:
            answer["filled"] = await _filled(ctx, answer["text"], query.contact)
    return JSONResponse({"data": data})


async def _filled(ctx: Context, text: str, contact: str) -> str | None:
    """Return a text with its fields filled in; None if one of them is empty."""
    if not has_fields(text):
        return text
    try:
        person = await ctx.audience.contacts.get(contact)
    except NotFound:
        person = None
    try:
        values = {"number": contact} if person is None else {}
        return (await ctx.audience.templates.preview(text, person, values)).text
    except Refusal:
        return None


@router.put("/{name}", response_model=resources.Answer)
async def put(ctx: Ctx, name: Name, body: AnswerIn) -> Response:
    """Add a canned answer, or replace its text. Fields that do not exist are refused."""
    if has_fields(body.text):
        await ctx.audience.templates.check(body.text)
    await ctx.store.write(lambda tx: conversations.put_answer(tx, name, body.text))
    return JSONResponse({"name": name, "text": body.text})


@router.delete("/{name}", status_code=204, responses=problems(404))
async def delete(ctx: Ctx, name: Name) -> Response:
    """Delete a canned answer."""
    if not await ctx.store.write(lambda tx: conversations.delete_answer(tx, name)):
        raise Problem(ProblemCode.NOT_FOUND, f"the answer {name!r} does not exist")
    return Response(status_code=204)
