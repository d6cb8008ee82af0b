"""/v1/contacts"""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from pydantic import Field

from gsmgw.api.body import Body
from gsmgw.api.dependencies import Ctx
from gsmgw.api.fields import Limit, Text, cursor_of
from gsmgw.api.openapi import problems
from gsmgw.api.routing import QueryModel, api_router
from gsmgw.audience.contacts import UNSET, ContactChange
from gsmgw.http.json_response import JSONResponse, page_response
from gsmgw.model import format_id
from gsmgw.model.contacts import Contact
from gsmgw.store.contacts import Clause, both
from gsmgw.wire import resources
from gsmgw.wire.contacts import contact_resource
from gsmgw.wire.drips import person_resource

router = api_router("/v1/contacts")

_UNKNOWN, _CHANGED = problems(404), problems(404, 409)
Number = Annotated[Text, Field(max_length=64, description="E.164, or national with [gateway] country")]
Values = Annotated[
    dict[str, bool | int | float | str | None], Field(max_length=100, description="Values of declared fields")
]
GroupNames = Annotated[list[Text], Field(max_length=200, description="Groups that do not exist are created")]


class ContactBody(Body):
    """A contact to create or replace."""

    name: Text | None = None
    language: Text | None = Field(None, description="de, en, pt-BR")
    time_zone: Text | None = Field(None, description="A name of the tz database, such as Europe/Berlin")
    fields: Values = Field(default_factory=dict)
    groups: GroupNames = Field(default_factory=list)


class ContactIn(ContactBody):
    """A new contact."""

    number: Number


class ContactPut(ContactBody):
    """A contact as a whole."""

    number: Number | None = None


class ContactPatch(Body):
    """Changes to a contact."""

    number: Number | None = None
    name: Text | None = None
    language: Text | None = None
    time_zone: Text | None = None
    fields: Values | None = Field(None, description="The values to change; null removes one")
    groups: GroupNames | None = Field(None, description="All groups that it is to be in")


class MergeIn(Body):
    """The contact to merge into another one."""

    contact: Text = Field(max_length=64, description="ID or number; this contact is deleted")


class ContactFilter(QueryModel):
    """Query parameters that choose contacts."""

    q: Text | None = Field(None, max_length=200, description="Words in the name, the number or a searchable field")
    group: Text | None = Field(None, max_length=100, description="Only members of this group")
    segment: Text | None = Field(None, max_length=4000, description="Only contacts in this segment")


class ContactQuery(ContactFilter):
    """Query parameters of the list of contacts."""

    limit: Limit = 50
    cursor: str | None = Field(None, max_length=64)


def _change(body: ContactBody | ContactPatch, *, whole: bool) -> ContactChange:
    given = body.model_dump() if whole else body.model_dump(exclude_unset=True)
    number = given.pop("number", None)
    nothing = {name: UNSET for name in ("fields", "groups") if given.get(name, UNSET) is None}
    return ContactChange(number=UNSET if number is None else number, **{**given, **nothing}, replaces_fields=whole)


async def contact_clause(ctx: Ctx, query: ContactFilter) -> Clause:
    """Return the condition for the contacts that a query chooses."""
    wanted: Clause = ("1", ())
    if query.q is not None:
        wanted = both(wanted, await ctx.audience.contacts.searching(query.q))
    if query.group is not None:
        wanted = both(wanted, await ctx.audience.groups.members(query.group))
    if query.segment is not None:
        wanted = both(wanted, await ctx.audience.segments.clause(query.segment))
    return wanted


async def contact_page(ctx: Ctx, wanted: Clause, cursor: str | None, limit: int) -> Response:
    """Answer with a page of the contacts that meet a condition."""
    found = await ctx.audience.contacts.page(wanted, cursor_of(cursor), limit)
    more = format_id(found[limit - 1].id) if len(found) > limit else None
    return await page_response(found[:limit], contact_resource, more)


@router.get("", response_model=resources.ContactPage, responses=_UNKNOWN)
async def index(ctx: Ctx, query: Annotated[ContactQuery, Query()]) -> Response:
    """List contacts, newest first."""
    wanted = await contact_clause(ctx, query)
    return await contact_page(ctx, wanted, query.cursor, query.limit)


@router.post("", status_code=201, response_model=resources.Contact, responses=problems(409))
async def create(ctx: Ctx, body: ContactIn) -> Response:
    """Create a contact."""
    return _answer(await ctx.audience.contacts.create(_change(body, whole=True)), 201)


@router.get("/{contact}", response_model=resources.Contact, responses=_UNKNOWN)
async def show(ctx: Ctx, contact: str) -> Response:
    """Show one contact, by its ID or its number."""
    return _answer(await ctx.audience.contacts.get(contact))


@router.put("/{contact}", response_model=resources.Contact, responses={**_CHANGED, 201: {"description": "Created"}})
async def put(ctx: Ctx, contact: str, body: ContactPut) -> Response:
    """Replace a contact, or create it if the path has a new number."""
    found, is_new = await ctx.audience.contacts.put(contact, _change(body, whole=True))
    return _answer(found, 201 if is_new else 200)


@router.patch("/{contact}", response_model=resources.Contact, responses=_CHANGED)
async def patch(ctx: Ctx, contact: str, body: ContactPatch) -> Response:
    """Change some of what is known about a contact."""
    return _answer(await ctx.audience.contacts.patch(contact, _change(body, whole=False)))


@router.delete("/{contact}", status_code=204, responses=_UNKNOWN)
async def delete(ctx: Ctx, contact: str) -> Response:
    """Delete a contact. Its messages stay, and so does its consent."""
    await ctx.audience.contacts.delete(contact)
    return Response(status_code=204)


@router.post("/{contact}/merge", response_model=resources.Contact, responses=_CHANGED)
async def merge(ctx: Ctx, contact: str, body: MergeIn) -> Response:
    """Merge another contact into this one and delete it. This one keeps its number and its own values."""
    return _answer(await ctx.audience.contacts.merge(contact, body.contact))


@router.get("/{contact}/drips", response_model=resources.DripPersonList, responses=_UNKNOWN)
async def contact_drips(ctx: Ctx, contact: str) -> Response:
    """List the drips that a contact is or was in, newest first, with the next step and when it is due."""
    person = await ctx.audience.contacts.get(contact)
    found = await ctx.drips.of(person.number)
    data = [person_resource(each.saved, each.follower, person.person.name) for each in found]
    return JSONResponse({"data": data})


def _answer(contact: Contact, status: int = 200) -> JSONResponse:
    return JSONResponse(contact_resource(contact), status)
