"""/v1/drips"""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response
from pydantic import Field, model_validator

from gsmgw.api.body import Body
from gsmgw.api.dependencies import Ctx
from gsmgw.api.fields import Flag, Limit, Text
from gsmgw.api.openapi import problems
from gsmgw.api.routes.campaigns import Source
from gsmgw.api.routes.groups import Name, Segment
from gsmgw.api.routes.rules import HoursIn
from gsmgw.api.routing import QueryModel, api_router
from gsmgw.audience.drips.desk import MAX_STEPS, CountedDrip, Standing
from gsmgw.http.json_response import JSONResponse
from gsmgw.model import Purpose
from gsmgw.model.drips import LATE_HOURS, Drip, Step
from gsmgw.store import contacts
from gsmgw.wire import resources
from gsmgw.wire.drips import drip_resource, person_resource

router = api_router("/v1/drips")

_UNKNOWN, _CHANGED = problems(404), problems(404, 409)


class StepIn(Body):
    """One text of a drip."""

    delay: Annotated[Text, Field(min_length=1, max_length=20, description="30m, 1h, 3d, 2w or 2d 09:00")]
    text: Source | None = Field(None, description="Liquid: Hello {{ name }}")
    template: Name | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> StepIn:
        if (self.text is None) == (self.template is None):
            raise ValueError("give either text or template")
        return self


class DripBody(Body):
    """A drip without its name."""

    steps: list[StepIn] = Field(min_length=1, max_length=MAX_STEPS)
    purpose: Purpose = Purpose.MARKETING
    consent_list: Name | None = Field(None, alias="list", description="The consent list")
    ends_on_answer: Flag = Field(True, description="A text of the person ends the drip")
    late_hours: int = Field(
        LATE_HOURS, ge=0, le=8760, strict=True, description="Leave out a step that is later than that; 0: never"
    )
    windows: HoursIn = Field(default_factory=HoursIn)

    def drip(self, name: str) -> Drip:
        """Return it for the service."""
        return Drip(
            name=name,
            steps=tuple(Step(each.delay, each.text or "", each.template) for each in self.steps),
            purpose=self.purpose,
            list=self.consent_list,
            ends_on_answer=self.ends_on_answer,
            late_hours=self.late_hours,
            hours=self.windows.read(),
        )


class DripIn(DripBody):
    """A new drip."""

    name: Name


class EnrollIn(Body):
    """Who is enrolled: numbers, the members of a group, the contacts of a segment."""

    numbers: list[Annotated[Text, Field(max_length=64)]] = Field(default_factory=list, max_length=1000)
    group: Name | None = None
    segment: Segment | None = None

    @model_validator(mode="after")
    def _somebody(self) -> EnrollIn:
        if not self.numbers and self.group is None and self.segment is None:
            raise ValueError("give numbers, a group or a segment")
        return self


class PeopleQuery(QueryModel):
    """Query parameters of the people of a drip."""

    active: bool | None = None
    limit: Limit = 50
    cursor: str | None = Field(None, max_length=64)


@router.get("", response_model=resources.DripList)
async def index(ctx: Ctx) -> Response:
    """List drips by name, with the number of people in each."""
    return JSONResponse({"data": list(map(_drip, await ctx.drips.all()))})


@router.post("", status_code=201, response_model=resources.Drip, responses=_CHANGED)
async def create(ctx: Ctx, body: DripIn) -> Response:
    """Create a drip."""
    return JSONResponse(_drip(await ctx.drips.create(body.drip(body.name))), 201)


@router.get("/{name}", response_model=resources.Drip, responses=_UNKNOWN)
async def show(ctx: Ctx, name: str) -> Response:
    """Show one drip."""
    return JSONResponse(_drip(await ctx.drips.counted(name)))


@router.put("/{name}", response_model=resources.Drip, responses={201: {"description": "Created"}, **_CHANGED})
async def put(ctx: Ctx, name: Name, body: DripBody) -> Response:
    """Create a drip, or replace the one of this name. People in it stay at their step."""
    saved, is_new = await ctx.drips.put(body.drip(name))
    return JSONResponse(_drip(saved), 201 if is_new else 200)


@router.delete("/{name}", response_model=resources.DeletedDrip, responses=_UNKNOWN)
async def delete(ctx: Ctx, name: str) -> Response:
    """Delete a drip. Nobody gets further steps, and steps in the queue are canceled. Sent messages stay."""
    ended, canceled = await ctx.drips.delete(name)
    return JSONResponse({"ended": ended, "canceled": canceled})


@router.post("/{name}/pause", response_model=resources.Drip, responses=_CHANGED)
async def pause(ctx: Ctx, name: str) -> Response:
    """Pause a drip: people stay in it and get no steps. Steps in the queue still leave."""
    return JSONResponse(_drip(await ctx.drips.pause(name)))


@router.post("/{name}/resume", response_model=resources.Drip, responses=_CHANGED)
async def resume(ctx: Ctx, name: str) -> Response:
    """Go on with a paused drip. A step that fell due meanwhile is sent once, at its time of the day."""
    return JSONResponse(_drip(await ctx.drips.resume(name)))


@router.post("/{name}/people", response_model=resources.DripEnrollment, responses=_CHANGED)
async def enroll(ctx: Ctx, name: str, body: EnrollIn) -> Response:
    """Enroll people. Who is in the drip stays at the present step; who has left it begins again."""
    enrolled = await ctx.drips.enroll(name, body.numbers, body.group, body.segment)
    return JSONResponse({"enrolled": enrolled, "drip": _drip(await ctx.drips.counted(name))})


@router.get("/{name}/people", response_model=resources.DripPersonPage, responses=_UNKNOWN)
async def people(ctx: Ctx, name: str, query: Annotated[PeopleQuery, Query()]) -> Response:
    """List the people of a drip by number: the next step and when it is due, or why they left it."""
    found = await ctx.drips.people(name, query.cursor or "", query.limit + 1, active=query.active)
    page = found[: query.limit]
    more = page[-1].follower.number if len(found) > query.limit else None
    names = await ctx.store.read(lambda db: contacts.names_of(db, [each.follower.number for each in page]))
    data = [person(each, names.get(each.follower.number)) for each in page]
    return JSONResponse({"data": data, "next_cursor": more})


@router.delete("/{name}/people/{number}", status_code=204, responses=_UNKNOWN)
async def remove(ctx: Ctx, name: str, number: str) -> Response:
    """Remove a person from a drip. A step in the queue is canceled."""
    await ctx.drips.remove(name, number)
    return Response(status_code=204)


def person(standing: Standing, name: str | None) -> resources.DripPerson:
    """Return where a person stands as a resource."""
    return person_resource(standing.saved, standing.follower, name)


def _drip(counted: CountedDrip) -> resources.Drip:
    return drip_resource(counted.saved, counted.active, counted.ended)
