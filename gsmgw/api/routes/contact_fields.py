"""/v1/fields"""

from __future__ import annotations

from fastapi import Response
from pydantic import Field

from gsmgw.api.body import Body
from gsmgw.api.dependencies import Ctx
from gsmgw.api.fields import Flag
from gsmgw.api.openapi import problems
from gsmgw.api.routes.groups import Name
from gsmgw.api.routing import api_router
from gsmgw.http.json_response import JSONResponse
from gsmgw.model.contacts import ContactField, FieldType
from gsmgw.wire import resources
from gsmgw.wire.contacts import field_resource

router = api_router("/v1/fields")


class FieldIn(Body):
    """A declared field."""

    type: FieldType
    choices: list[Name] = Field(default_factory=list, max_length=200, description="The values of a choice")
    searchable: Flag = Field(False, description="q of the list of contacts searches it")


@router.get("", response_model=resources.ContactFieldList)
async def list_fields(ctx: Ctx) -> Response:
    """List the declared fields by name."""
    return JSONResponse({"data": list(map(field_resource, await ctx.audience.fields.all()))})


@router.get("/{name}", response_model=resources.ContactField, responses=problems(404))
async def show_field(ctx: Ctx, name: str) -> Response:
    """Show one declared field."""
    return JSONResponse(field_resource(await ctx.audience.fields.get(name)))


@router.put(
    "/{name}", response_model=resources.ContactField, responses={**problems(409), 201: {"description": "Created"}}
)
async def put_field(ctx: Ctx, name: str, body: FieldIn) -> Response:
    """Declare a field, or change it. Its type cannot change while contacts have a value in it."""
    field = ContactField(name, body.type, tuple(body.choices), body.searchable)
    is_new = await ctx.audience.fields.put(field)
    return JSONResponse(field_resource(field), 201 if is_new else 200)


@router.delete("/{name}", status_code=204, responses=problems(404))
async def delete_field(ctx: Ctx, name: str) -> Response:
    """Delete a field, with its values in all contacts."""
    await ctx.audience.fields.delete(name)
    return Response(status_code=204)
