"""/v1/answers"""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Response
from pydantic import Field

from gsmgw.api.body import Body
from gsmgw.api.dependencies import Ctx
from gsmgw.api.fields import Text
from gsmgw.api.openapi import problems
from gsmgw.api.routing import api_router
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.problems import Problem
from gsmgw.store import conversations
from gsmgw.wire import resources
from gsmgw.wire.problems import ProblemCode

router = api_router("/v1/answers")

Name = Annotated[Text, Path(min_length=1, max_length=64, description="Its name; case does not matter")]


class AnswerIn(Body):
    """The text of a canned answer."""

    text: Text = Field(min_length=1, max_length=1600)


@router.get("", response_model=resources.AnswerList)
async def index(ctx: Ctx) -> Response:
    """List the canned answers, by name."""
    found = await ctx.store.read(conversations.answers)
    return JSONResponse({"data": [{"name": name, "text": text} for name, text in found]})


@router.put("/{name}", response_model=resources.Answer)
async def put(ctx: Ctx, name: Name, body: AnswerIn) -> Response:
    """Add a canned answer, or replace its text."""
    await ctx.store.write(lambda tx: conversations.put_answer(tx, name, body.text))
    return JSONResponse({"name": name, "text": body.text})


@router.delete("/{name}", status_code=204, responses=problems(404))
async def delete(ctx: Ctx, name: Name) -> Response:
    """Delete a canned answer."""
    if not await ctx.store.write(lambda tx: conversations.delete_answer(tx, name)):
        raise Problem(ProblemCode.NOT_FOUND, f"the answer {name!r} does not exist")
    return Response(status_code=204)
