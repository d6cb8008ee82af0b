"""/v1/templates"""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from pydantic import Field, model_validator

from gsmgw.api.body import Body
from gsmgw.api.dependencies import Ctx
from gsmgw.api.fields import Text
from gsmgw.api.openapi import problems
from gsmgw.api.paging import ListQuery, page_of
from gsmgw.api.routes.groups import Name
from gsmgw.api.routing import api_router
from gsmgw.http.json_response import JSONResponse
from gsmgw.model.contacts import fold
from gsmgw.store.templates import SavedTemplate
from gsmgw.templates import SOURCE_LIMIT
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp

router = api_router("/v1/templates")

_UNKNOWN = problems(404)
Source = Annotated[Text, Field(min_length=1, max_length=SOURCE_LIMIT, description="Liquid: Hello {{ name }}")]
Values = dict[str, bool | int | float | Text | list[Text] | None]


class TemplateIn(Body):
    """A new template."""

    name: Name
    text: Source


class TemplateText(Body):
    """The text of a template."""

    text: Source


class TemplatePreviewIn(Body):
    """A template to try: a saved one or a text, for a contact or with given fields."""

    template: Name | None = Field(None, description="The name of a saved template")
    text: Source | None = None
    contact: Text | None = Field(None, max_length=64, description="ID or number")
    fields: Values = Field(default_factory=dict, max_length=200, description="Values in place of the contact's own")

    @model_validator(mode="after")
    def _one_of_both(self) -> TemplatePreviewIn:
        if (self.template is None) == (self.text is None):
            raise ValueError("give either template or text")
        return self


def _out(template: SavedTemplate) -> resources.Template:
    return {
        "name": template.name,
        "text": template.text,
        "created_at": stamp(template.created_ms),
        "changed_at": stamp(template.changed_ms),
    }


@router.get("", response_model=resources.TemplateList)
async def index(ctx: Ctx, query: Annotated[ListQuery, Query()]) -> Response:
    """List all templates by name, or a page of them."""
    page, more = page_of(await ctx.audience.templates.all(), query, lambda saved: (fold(saved.name),))
    return JSONResponse({"data": list(map(_out, page)), "next_cursor": more})


@router.post("", status_code=201, response_model=resources.Template, responses=problems(409))
async def create(ctx: Ctx, body: TemplateIn) -> Response:
    """Save a new template. A field that does not exist is refused, with its line and column."""
    return JSONResponse(_out(await ctx.audience.templates.create(body.name, body.text)), 201)


@router.post("/preview", response_model=resources.TemplatePreview, responses=_UNKNOWN)
async def preview(ctx: Ctx, body: TemplatePreviewIn) -> Response:
    """Show the text that a template gives, its encoding and segments. A field that is empty is an error."""
    contact = None if body.contact is None else await ctx.audience.contacts.get(body.contact)
    text = body.text or (await ctx.audience.templates.get(body.template or "")).text
    found = await ctx.audience.templates.preview(text, contact, body.fields)
    answer: resources.TemplatePreview = {
        "text": found.text,
        "encoding": found.plan.encoding.value,
        "segments": found.plan.segment_count,
        "units_left": found.plan.units_left,
        "forcing": list(found.plan.forcing),
        "fields": sorted(found.fields),
    }
    return JSONResponse(answer)


@router.get("/{name}", response_model=resources.Template, responses=_UNKNOWN)
async def show(ctx: Ctx, name: str) -> Response:
    """Show one template."""
    return JSONResponse(_out(await ctx.audience.templates.get(name)))


@router.put("/{name}", response_model=resources.Template, responses={201: {"description": "Created"}, **problems(409)})
async def put(ctx: Ctx, name: Name, body: TemplateText) -> Response:
    """Save a template, or replace the text of the one with this name."""
    template, is_new = await ctx.audience.templates.put(name, body.text)
    return JSONResponse(_out(template), 201 if is_new else 200)


@router.delete("/{name}", status_code=204, responses=_UNKNOWN)
async def delete(ctx: Ctx, name: str) -> Response:
    """Delete a template. Messages and campaigns that were made from it stay."""
    await ctx.audience.templates.delete(name)
    return Response(status_code=204)
