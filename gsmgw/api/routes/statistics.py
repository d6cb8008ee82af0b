"""/v1/statistics"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import Query, Response
from pydantic import Field

from gsmgw.api.dependencies import Caller, Ctx
from gsmgw.api.fields import Moment, ms_of
from gsmgw.api.routes.users import TimeZone
from gsmgw.api.routing import QueryModel, api_router
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.problems import Problem
from gsmgw.outbound import Forbidden
from gsmgw.store import rollups
from gsmgw.store.rollups import HOUR_MS, Sums
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp
from gsmgw.wire.problems import ProblemCode
from gsmgw.wire.statistics import sums_resource

router = api_router("/v1/statistics")

#: The span that statistics cover by default, and the longest span by hours and days.
_DEFAULT_DAYS: Final = {"hour": 1}
_OTHER_DAYS: Final = 30
_MOST_DAYS: Final = {"hour": 62, "day": 1100}
_DAY_MS: Final = 24 * HOUR_MS


class StatisticsQuery(QueryModel):
    """Query parameters of statistics."""

    by: resources.StatisticsBy = "day"
    since: Moment | None = Field(None, description="Its hour is included (default: 30 days ago; by hour: 1 day ago)")
    until: Moment | None = Field(None, description="Its hour is not included (default: now)")
    time_zone: TimeZone = Field("UTC", description="Where days begin at midnight")


@router.get("", response_model=resources.Statistics)
async def index(ctx: Ctx, caller: Caller, query: Annotated[StatisticsQuery, Query()]) -> Response:
    """Show counts, delivery rates and times, causes of failures and cost of a span, by hour, day, modem, ..."""
    if caller.is_restricted:
        raise Forbidden(f"{caller.title} sees only some messages; statistics are about all of them")
    since_ms, until_ms = _span(query, ctx.clock.wall_ms())
    await ctx.rollups.catch_up()
    hourly = query.by in ("hour", "day")
    dimension = rollups.ALL if hourly else query.by
    found = await ctx.store.read(lambda db: rollups.sums(db, dimension, since_ms, until_ms, hourly=hourly))
    of_all = found if hourly else await ctx.store.read(lambda db: rollups.sums(db, rollups.ALL, since_ms, until_ms))
    total = Sums()
    for each in of_all.values():
        total.add(each)
    zone = ZoneInfo(query.time_zone)
    keyed = _by_day(found, zone) if query.by == "day" else {_key(key): each for key, each in found.items()}
    return JSONResponse(
        {
            "since": stamp(since_ms),
            "until": stamp(until_ms),
            "by": query.by,
            "currency": ctx.currency(),
            "total": _out(total),
            "data": [{"key": key, **_out(keyed[key])} for key in sorted(keyed)],
        }
    )


def _span(query: StatisticsQuery, now_ms: int) -> tuple[int, int]:
    """Return the beginning of the first hour and the end of the last one. Raises :class:`Problem`."""
    until_ms = ms_of(query.until)
    until_ms = -(-(now_ms if until_ms is None else until_ms) // HOUR_MS) * HOUR_MS
    since_ms = ms_of(query.since)
    if since_ms is None:
        since_ms = until_ms - _DEFAULT_DAYS.get(query.by, _OTHER_DAYS) * _DAY_MS
    since_ms = since_ms // HOUR_MS * HOUR_MS
    most = _MOST_DAYS.get(query.by)
    if most is not None and until_ms - since_ms > most * _DAY_MS:
        detail = f"is more than {most} days before until; by={query.by} covers at most {most} days"
        raise Problem(
            ProblemCode.INVALID_REQUEST, f"since: {detail}", errors=[{"parameter": "since", "detail": detail}]
        )
    return since_ms, until_ms


def _out(sums: Sums) -> resources.Sums:
    return sums_resource(sums.counts, sums.took, sums.causes, rollups.BOUNDS_S)


def _key(key: str | int) -> str:
    return stamp(key) if isinstance(key, int) else key


def _by_day(hours: dict[str | int, Sums], zone: ZoneInfo) -> dict[str, Sums]:
    """Add the hours of each day in a time zone; a day is named by its date."""
    days: dict[str, Sums] = {}
    for hour_ms, each in hours.items():
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(hour_ms))
        days.setdefault(moment.astimezone(zone).date().isoformat(), Sums()).add(each)
    return days
