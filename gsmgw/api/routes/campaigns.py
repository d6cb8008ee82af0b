"""/v1/campaigns"""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import Field, field_validator, model_validator

from gsmgw.api.ask_body import AskIn
from gsmgw.api.body import Body
from gsmgw.api.context import Context
from gsmgw.api.dependencies import Ctx
from gsmgw.api.fields import Flag, Limit, Moment, Text
from gsmgw.api.openapi import problems
from gsmgw.api.routes.groups import Name
from gsmgw.api.routes.rules import HoursIn
from gsmgw.api.routing import QueryModel, api_router
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.problems import Problem
from gsmgw.model import Status, format_id, parse_id
from gsmgw.model.campaigns import (
    Audience,
    Campaign,
    CampaignPlan,
    CampaignState,
    DateTrigger,
    Exclusions,
    Skipped,
    Variant,
    VariantSums,
)
from gsmgw.templates import SOURCE_LIMIT
from gsmgw.wire import resources
from gsmgw.wire.campaigns import campaign_resource, counts_resource
from gsmgw.wire.encoding import stamp
from gsmgw.wire.problems import ProblemCode

router = api_router("/v1/campaigns")

_UNKNOWN, _CHANGED = problems(404), problems(404, 409)
Source = Annotated[Text, Field(min_length=1, max_length=SOURCE_LIMIT)]
Segment = Annotated[Text, Field(min_length=1, max_length=4000)]
CampaignId = Annotated[Text, Field(min_length=1, max_length=64)]
Numbers = Annotated[list[Annotated[Text, Field(max_length=64)]], Field(max_length=10_000)]


class AudienceIn(Body):
    """Who is texted: members of groups, contacts of a segment, and numbers."""

    groups: list[Name] = Field(default_factory=list, max_length=100)
    segment: Segment | None = None
    numbers: Numbers = Field(default_factory=list)
    unanswered: CampaignId | None = Field(None, description="An earlier campaign: who did not answer it")

    @field_validator("unanswered")
    @classmethod
    def _known_form(cls, value: str | None) -> str | None:
        if value is not None and parse_id(value) is None:
            raise ValueError(f"{value!r} is not a valid campaign ID")
        return value

    @model_validator(mode="after")
    def _somebody(self) -> AudienceIn:
        if not self.groups and self.segment is None and not self.numbers and self.unanswered is None:
            raise ValueError("give groups, a segment, numbers or unanswered")
        return self


class ExclusionsIn(Body):
    """Who is left out besides those who opted out."""

    groups: list[Name] = Field(default_factory=list, max_length=100)
    segment: Segment | None = None
    numbers: Numbers = Field(default_factory=list)
    recent_hours: int = Field(24, ge=0, le=8760, strict=True, description="Who got marketing in that time; 0: nobody")
    landlines: Flag = True
    unconfirmed: Flag = Field(False, description="Who did not join the list")
    max_segments: int = Field(10, ge=1, le=255, strict=True)


class VariantIn(Body):
    """One of several texts."""

    text: Source
    weight: int = Field(1, ge=1, le=100, strict=True)


class PaceIn(Body):
    """How many recipients a minute; null: as fast as the modems are."""

    per_minute: int | None = Field(None, ge=1, le=100_000, strict=True)


class DateTriggerIn(Body):
    """Text each contact around the date in one of its fields."""

    field: Name
    at: Text = Field(description="Time of the day in the recipient's time zone: 09:00")
    days_before: int = Field(0, ge=-366, le=366, strict=True, description="Negative for days after the date")
    yearly: Flag = Field(False, description="Every year, as on birthdays")

    @field_validator("at")
    @classmethod
    def _readable(cls, value: str) -> str:
        if not re.fullmatch(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]", value):
            raise ValueError(f"{value!r} is not a valid time of the day: write 09:00")
        return value

    def read(self) -> DateTrigger:
        """Return it for the service."""
        return DateTrigger(self.field, time.fromisoformat(self.at), self.days_before, self.yearly)


class CampaignIn(Body):
    """A campaign. Give a text, a template or variants."""

    name: Name
    audience: AudienceIn
    exclude: ExclusionsIn = Field(default_factory=ExclusionsIn)
    text: Source | None = Field(None, description="Liquid: Hello {{ name }}")
    template: Name | None = None
    variants: list[VariantIn] = Field(default_factory=list, max_length=10)
    windows: HoursIn = Field(default_factory=HoursIn)
    pace: PaceIn = Field(default_factory=PaceIn)
    modems: list[Name] = Field(default_factory=list, max_length=64)
    pool: Name | None = None
    repeat: Annotated[Text, Field(min_length=1, max_length=500)] | None = Field(
        None, description="RRULE of RFC 5545: make a run at each of its times"
    )
    time_zone: Annotated[Text, Field(min_length=1, max_length=64)] | None = Field(
        None, description="The time zone of repeat (default: that of the gateway's country)"
    )
    date_trigger: DateTriggerIn | None = None
    consent_list: Name | None = Field(None, alias="list", description="The consent list")
    ask: AskIn | None = None
    drip: Name | None = Field(None, description="Enroll those in this drip at the end who did not answer")

    @model_validator(mode="after")
    def _one_text(self) -> CampaignIn:
        if (self.text is not None) + (self.template is not None) + bool(self.variants) != 1:
            raise ValueError("give one of text, template and variants")
        if self.modems and self.pool is not None:
            raise ValueError("give either modems or pool")
        if self.repeat is not None and self.date_trigger is not None:
            raise ValueError("give either repeat or date_trigger")
        if self.time_zone is not None and self.repeat is None:
            raise ValueError("time_zone needs repeat")
        return self

    def plan(self) -> CampaignPlan:
        """Return the plan for the service."""
        texts = [Variant(each.text, each.weight) for each in self.variants]
        return CampaignPlan(
            audience=Audience(
                tuple(self.audience.groups),
                self.audience.segment,
                tuple(self.audience.numbers),
                None if self.audience.unanswered is None else parse_id(self.audience.unanswered),
            ),
            exclude=Exclusions(
                tuple(self.exclude.groups),
                self.exclude.segment,
                tuple(self.exclude.numbers),
                self.exclude.recent_hours,
                self.exclude.landlines,
                self.exclude.unconfirmed,
                self.exclude.max_segments,
            ),
            variants=(Variant(self.text),) if self.text is not None else tuple(texts),
            template=self.template,
            list=self.consent_list,
            hours=self.windows.read(),
            per_minute=self.pace.per_minute,
            modems=tuple(self.modems),
            pool=self.pool,
            ask=None if self.ask is None else self.ask.ask(),
            drip=self.drip,
            repeat=self.repeat,
            time_zone=self.time_zone,
            trigger=None if self.date_trigger is None else self.date_trigger.read(),
        )


class StartIn(Body):
    """When a campaign starts."""

    send_at: Moment | None = None


class RecipientQuery(QueryModel):
    """Query parameters of the recipients."""

    state: Literal["waiting", "queued", "skipped"] | None = None
    status: Status | None = Field(None, description="The state of the message")
    reason: Skipped | None = None
    limit: Limit = 50
    cursor: str | None = Field(None, max_length=64)


class CampaignQuery(QueryModel):
    """Query parameters of a list of campaigns."""

    state: CampaignState | None = None
    limit: int | None = Field(None, ge=1, le=1000, description="Maximum number of results (default: all)")
    cursor: CampaignId | None = None


@router.get("", response_model=resources.CampaignList)
async def index(ctx: Ctx, query: Annotated[CampaignQuery, Query()]) -> Response:
    """List campaigns but for the runs of others, newest first, with their counts."""
    return await _page(ctx, None, query)


@router.post("", status_code=201, response_model=resources.Campaign, responses=_CHANGED)
async def create(ctx: Ctx, body: CampaignIn) -> Response:
    """Save a campaign as a draft."""
    return await _answer(ctx, await ctx.campaigns.create(body.name, body.plan()), 201)


@router.get("/{campaign}", response_model=resources.Campaign, responses=_UNKNOWN)
async def show(ctx: Ctx, campaign: str) -> Response:
    """Show a campaign with its counts."""
    return await _answer(ctx, await ctx.campaigns.get(await _id(ctx, campaign)))


@router.put("/{campaign}", response_model=resources.Campaign, responses=_CHANGED)
async def change(ctx: Ctx, campaign: str, body: CampaignIn) -> Response:
    """Change a campaign. After its start: name, pace, windows, modems and pool only."""
    return await _answer(ctx, await ctx.campaigns.change(await _id(ctx, campaign), body.name, body.plan()))


@router.delete("/{campaign}", status_code=204, responses=_CHANGED)
async def delete(ctx: Ctx, campaign: str) -> Response:
    """Delete a campaign that does not run. Its messages stay."""
    await ctx.campaigns.delete(await _id(ctx, campaign))
    return Response(status_code=204)


@router.post("/{campaign}/review", response_model=resources.CampaignReview, responses=_UNKNOWN)
async def review(ctx: Ctx, campaign: str) -> Response:
    """Show what a campaign would do: recipients, segments, cost, who is left out and why, three texts."""
    found = await ctx.campaigns.review(await _id(ctx, campaign))
    duration = found.duration
    answer: resources.CampaignReview = {
        "recipients": found.recipients,
        "suspected": found.suspected,
        "left_out": dict(found.left_out),
        "segments_least": found.segments_least,
        "segments_most": found.segments_most,
        "segments_total": found.segments_total,
        "encodings": dict(found.encodings),
        "forcing": dict(found.forcing.most_common(20)),
        "duration_s": None if duration is None else round(duration.duration_s, 1),
        "bottleneck": None if duration is None or duration.bottleneck is None else duration.bottleneck.value,
        "bottleneck_detail": "no modem can send it" if duration is None else duration.detail,
        "cost": found.cost,
        "currency": ctx.currency(),
        "samples": [
            {"number": each.number, "text": each.text, "segments": each.plan.segment_count if each.plan else 0}
            for each in found.samples
        ],
        "next_runs": [stamp(moment_ms) for moment_ms in found.next_ms],
        "estimated": found.estimated,
    }
    return JSONResponse(answer)


@router.post("/{campaign}/start", response_model=resources.Campaign, responses=_CHANGED)
async def start(ctx: Ctx, campaign: str, body: StartIn | None = None) -> Response:
    """Start a draft, now or at send_at."""
    at = None if body is None or body.send_at is None else round(body.send_at.timestamp() * 1000)
    return await _answer(ctx, await ctx.campaigns.start(await _id(ctx, campaign), at))


@router.post("/{campaign}/pause", response_model=resources.Campaign, responses=_CHANGED)
async def pause(ctx: Ctx, campaign: str) -> Response:
    """Pause a campaign. Texts that have not begun to leave are taken back."""
    return await _answer(ctx, await ctx.campaigns.pause(await _id(ctx, campaign)))


@router.post("/{campaign}/resume", response_model=resources.Campaign, responses=_CHANGED)
async def resume(ctx: Ctx, campaign: str) -> Response:
    """Go on with a paused campaign."""
    return await _answer(ctx, await ctx.campaigns.resume(await _id(ctx, campaign)))


@router.post("/{campaign}/cancel", response_model=resources.Campaign, responses=_CHANGED)
async def cancel(ctx: Ctx, campaign: str) -> Response:
    """End a campaign. Texts that have not begun to leave are not sent."""
    return await _answer(ctx, await ctx.campaigns.cancel(await _id(ctx, campaign)))


@router.post("/{campaign}/unschedule", response_model=resources.Campaign, responses=_CHANGED)
async def unschedule(ctx: Ctx, campaign: str) -> Response:
    """Make a scheduled campaign a draft again, which can be changed."""
    return await _answer(ctx, await ctx.campaigns.unschedule(await _id(ctx, campaign)))


@router.get("/{campaign}/runs", response_model=resources.CampaignList, responses=_UNKNOWN)
async def runs(ctx: Ctx, campaign: str, query: Annotated[CampaignQuery, Query()]) -> Response:
    """List the campaigns that a campaign made, newest first."""
    return await _page(ctx, (await ctx.campaigns.get(await _id(ctx, campaign))).id, query)


@router.post("/{campaign}/retry_failed", response_model=resources.CampaignRetry, responses=_CHANGED)
async def retry_failed(ctx: Ctx, campaign: str) -> Response:
    """Text those again whose message failed."""
    found, retried = await ctx.campaigns.retry_failed(await _id(ctx, campaign))
    return JSONResponse({"retried": retried, "campaign": await _whole(ctx, found)})


@router.get("/{campaign}/recipients", response_model=resources.CampaignRecipientPage, responses=_UNKNOWN)
async def recipients(ctx: Ctx, campaign: str, query: Annotated[RecipientQuery, Query()]) -> Response:
    """List recipients by number, with the state of their message or why they were skipped."""
    reason = None if query.reason is None else query.reason.value
    found = await ctx.campaigns.recipients(
        await _id(ctx, campaign), query.cursor or "", query.limit + 1, query.state, reason, query.status
    )
    page = found[: query.limit]
    data: list[resources.CampaignRecipient] = [
        {
            "number": each.number,
            "name": each.name,
            "state": each.state,
            "reason": None if each.reason is None else Skipped(each.reason),
            "message_id": None if each.message_id is None else format_id(each.message_id),
            "status": each.status,
            "variant": each.variant,
        }
        for each in page
    ]
    more = page[-1].number if len(found) > query.limit else None
    return JSONResponse({"data": data, "next_cursor": more})


@router.get("/{campaign}/results", response_model=resources.CampaignResults, responses=_UNKNOWN)
async def results(ctx: Ctx, campaign: str) -> Response:
    """Show how a campaign went: counts, who was skipped and why, failures by cause, and each variant."""
    found = await ctx.campaigns.get(await _id(ctx, campaign))
    result = await ctx.campaigns.results(found.id)
    texts: list[str | None] = [each.text for each in found.plan.variants]
    answer: resources.CampaignResults = {
        "counts": counts_resource(result.counts),
        "skipped": {Skipped(reason): number for reason, number in result.skipped.items()},
        "causes": result.causes,
        "variants": [
            {"text": text, "sent": sums.sent, "delivered": sums.delivered, "replied": sums.replied}
            for at, text in enumerate(texts or [None])
            for sums in [result.variants.get(at, VariantSums(0, 0, 0))]
        ],
    }
    return JSONResponse(answer)


async def _page(ctx: Context, parent: int | None, query: CampaignQuery) -> Response:
    before = None if query.cursor is None else parse_id(query.cursor)
    if query.cursor is not None and before is None:
        detail = f"{query.cursor!r} is not a valid cursor"
        raise Problem(
            ProblemCode.INVALID_REQUEST, f"cursor: {detail}", errors=[{"parameter": "cursor", "detail": detail}]
        )
    found = await ctx.campaigns.page(parent, before, -1 if query.limit is None else query.limit + 1, query.state)
    page = found[: query.limit]
    more = format_id(page[-1].id) if len(found) > len(page) else None
    return JSONResponse({"data": [await _whole(ctx, each) for each in page], "next_cursor": more})


async def _id(ctx: Context, text: str) -> int:
    """Return the ID of a campaign from its ID or its name."""
    return await ctx.campaigns.find(text)


async def _whole(ctx: Context, campaign: Campaign) -> resources.Campaign:
    return campaign_resource(campaign, await ctx.campaigns.counts(campaign))


async def _answer(ctx: Context, campaign: Campaign, status: int = 200) -> Response:
    return JSONResponse(await _whole(ctx, campaign), status)
