"""/v1/groups"""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from gsmgw.api.body import Body
from gsmgw.api.dependencies import Ctx
from gsmgw.api.fields import Limit, Text
from gsmgw.api.openapi import problems
from gsmgw.api.routes.contacts import Number, contact_page
from gsmgw.api.routing import QueryModel, api_router
from gsmgw.audience.contacts import UNSET
from gsmgw.audience.groups import CountedGroup
from gsmgw.http.json_response import JSONResponse
from gsmgw.wire import resources
from gsmgw.wire.contacts import group_resource

router = api_router("/v1/groups")

_UNKNOWN, _CHANGED = problems(404), problems(404, 409)
Name = Annotated[Text, Field(min_length=1, max_length=100)]
Segment = Annotated[Text, Field(min_length=1, max_length=4000, description="Makes it a smart group")]


class GroupIn(Body):
    """A new group."""

    name: Name
    segment: Segment | None = None


class GroupPatch(Body):
    """Changes to a group."""

    name: Name | None = None
    segment: Segment | None = Field(None, description="null makes it an ordinary group without members")


class MembersIn(Body):
    """Numbers to add to a group."""

    numbers: list[Number] = Field(min_length=1, max_length=1000)


class MemberQuery(QueryModel):
    """Query parameters of the members of a group."""

    limit: Limit = 50
    cursor: str | None = Field(None, max_length=64)


@router.get("", response_model=resources.GroupList)
async def index(ctx: Ctx) -> Response:
    """List all groups by name."""
    return JSONResponse({"data": list(map(_group, await ctx.audience.groups.all()))})


@router.post("", status_code=201, response_model=resources.Group, responses=problems(409))
async def create(ctx: Ctx, body: GroupIn) -> Response:
    """Create a group; with a segment, a smart group."""
    return JSONResponse(_group(await ctx.audience.groups.create(body.name, body.segment)), 201)


@router.get("/{name}", response_model=resources.Group, responses=_UNKNOWN)
async def show(ctx: Ctx, name: str) -> Response:
    """Show one group."""
    return JSONResponse(_group(await ctx.audience.groups.get(name)))


@router.patch("/{name}", response_model=resources.Group, responses=_CHANGED)
async def patch(ctx: Ctx, name: str, body: GroupPatch) -> Response:
    """Rename a group, or change its segment."""
    segment = body.segment if "segment" in body.model_fields_set else UNSET
    new_name = UNSET if body.name is None else body.name
    return JSONResponse(_group(await ctx.audience.groups.change(name, new_name, segment)))


@router.delete("/{name}", status_code=204, responses=_CHANGED)
async def delete(ctx: Ctx, name: str) -> Response:
    """Delete a group. Its members stay contacts."""
    await ctx.audience.groups.delete(name)
    return Response(status_code=204)


@router.get("/{name}/members", response_model=resources.ContactPage, responses=_UNKNOWN)
async def members(ctx: Ctx, name: str, query: Annotated[MemberQuery, Query()]) -> Response:
    """List the members of a group, newest contact first."""
    return await contact_page(ctx, await ctx.audience.groups.members(name), query.cursor, query.limit)


@router.post("/{name}/members", response_model=resources.AddedMembers, responses=_CHANGED)
async def add_members(ctx: Ctx, name: str, body: MembersIn) -> Response:
    """Add numbers to a group. A number without a contact gets one."""
    return JSONResponse({"added": await ctx.audience.groups.add(name, body.numbers)})


@router.put("/{name}/members/{number}", status_code=204, responses=_CHANGED)
async def add_member(ctx: Ctx, name: str, number: str) -> Response:
    """Add a number to a group. A number without a contact gets one."""
    await ctx.audience.groups.add(name, [number])
    return Response(status_code=204)


@router.delete("/{name}/members/{number}", status_code=204, responses=_CHANGED)
async def remove_member(ctx: Ctx, name: str, number: str) -> Response:
    """Remove a number from a group. It stays a contact."""
    await ctx.audience.groups.remove(name, number)
    return Response(status_code=204)


def _group(counted: CountedGroup) -> resources.Group:
    return group_resource(counted.group, counted.members)
