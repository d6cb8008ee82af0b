"""/v1/statistics"""

from __future__ import annotations

from datetime import datetime
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
#: Days of this zone are summed already.
_UTC: Final = "UTC"
_DAY_MS: Final = 24 * HOUR_MS


class StatisticsQuery(QueryModel):
    """Query parameters of statistics."""

    by: resources.StatisticsBy = "day"
    since: Moment | None = Field(None, description="Its hour is included (default: 30 days ago; by hour: 1 day ago)")
    until: Moment | None = Field(None, description="Its hour is not included (default: now)")
    time_zone: TimeZone = Field(_UTC, description="Where days begin at midnight")


@router.get("", response_model=resources.Statistics)
async def index(ctx: Ctx, caller: Caller, query: Annotated[StatisticsQuery, Query()]) -> Response:
    """Show counts, delivery rates and times, causes of failures and cost of a span, by hour, day, modem, ..."""
    if caller.is_restricted:
        raise Forbidden(f"{caller.title} sees only some messages; statistics are about all of them")
    since_ms, until_ms = _span(query, ctx.clock.wall_ms())
    await ctx.rollups.catch_up()
    dimension, key_of, hourly = _wanted(query)
    found = await ctx.store.read(lambda db: rollups.sums(db, dimension, since_ms, until_ms, key_of, hourly=hourly))
    of_all = await ctx.store.read(lambda db: rollups.sums(db, rollups.ALL, since_ms, until_ms))
    total = of_all.get("", Sums())
    return JSONResponse(
        {
            "since": stamp(since_ms),
            "until": stamp(until_ms),
            "by": query.by,
            "currency": ctx.currency(),
            "total": _out(total),
            "data": [{"key": key, **_out(found[key])} for key in sorted(found)],
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


def _wanted(query: StatisticsQuery) -> tuple[str, rollups.KeyOf, bool]:
    """Return the dimension, what its rows are summed by, and whether each hour is needed."""
    if query.by == "hour":
        return rollups.ALL, _hour, True
    if query.by == "day":
        return rollups.ALL, _Days(ZoneInfo(query.time_zone)), query.time_zone != _UTC
    return query.by, rollups.by_key, False


def _hour(start_ms: int, _: str) -> str:
    return stamp(start_ms)


class _Days:
    """Names the day of an hour, in a time zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def __call__(self, start_ms: int, _: str) -> str:
        return datetime.fromtimestamp(start_ms / 1000, self._zone).date().isoformat()
