"""Statistics: what happened in a span, in figures and charts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from babel.dates import format_date
from starlette.responses import Response

from gsmgw.client import ApiError
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.look import Look
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources

#: Keys that the figures can be listed by.
BY: Final = {
    "day": N_("Day"),
    "hour": N_("Hour"),
    "modem": N_("Modem"),
    "campaign": N_("Campaign"),
    "tag": N_("Tag"),
    "country": N_("Country"),
}
#: Rows of a table that are not times.
ROWS: Final = 200
#: Days that are shown unless others are asked for.
_DAYS: Final = {"hour": 1}
_OTHER_DAYS: Final = 29


async def statistics(view: View) -> Response:
    """Show the figures of a span."""
    by = view.asked("by") if view.asked("by") in BY else "day"
    form = Form(values=_span(view, by))
    since, until = _date(view, form, "since"), _date(view, form, "until")
    if since and until and since > until:
        form.errors["since"] = view.say(N_("The first day is after the last one."))
    found = None
    if not form.errors and since and until:
        found = await _fetched(view, form, since, until, by)
    status = 422 if form.errors else 200
    shown = {} if found is None else await _shown(view, found, by)
    return view.render("statistics.html", status, form=form, by=by, kinds=BY, found=found, **shown)


def _span(view: View, by: str) -> dict[str, str]:
    today = datetime.now(view.look.zone).date()
    return {
        "since": view.asked("since") or (today - timedelta(days=_DAYS.get(by, _OTHER_DAYS))).isoformat(),
        "until": view.asked("until") or today.isoformat(),
    }


def _date(view: View, form: Form, name: str) -> date | None:
    try:
        return date.fromisoformat(form.text(name))
    except ValueError:
        form.errors[name] = view.say(N_("This is not a valid date. Write it as 2026-11-30."))
        return None


async def _fetched(view: View, form: Form, since: date, until: date, by: str) -> resources.Statistics | None:
    try:
        return await view.gateway.statistics(
            since=_midnight(view.look, since),
            until=_midnight(view.look, until, 1),
            by=by,
            time_zone=view.look.zone_name,
        )
    except ApiError as exc:
        if exc.status not in (400, 422):
            raise
        form.refuse(exc, view.look.words, {"since": "since", "until": "until"})
        return None


def _midnight(look: Look, day: date, days: int = 0) -> str:
    try:
        return datetime.combine(day + timedelta(days=days), time(), look.zone).isoformat()
    except OverflowError:
        return datetime.combine(day, time(), UTC).isoformat()


async def _shown(view: View, found: resources.Statistics, by: str) -> dict[str, object]:
    """Return the rows with their names: times in their order, others with the largest first."""
    name_of = await _names(view, by)
    if by in ("day", "hour"):
        known = {each["key"]: each for each in found["data"]}
        rows = [(name_of(key), known.get(key) or _nothing(key)) for key in _times(view.look, found, by)]
    else:
        largest = sorted(found["data"], key=lambda each: -(each["sent"] + each["received"]))
        rows = [(name_of(each["key"]), each) for each in largest[:ROWS]]
    labels = [name for name, _ in rows]
    sums = [each for _, each in rows]
    series = [
        {"label": view.say(N_("Delivered")), "tone": "good", "values": [each["delivered"] for each in sums]},
        {"label": view.say(N_("Not confirmed")), "tone": "calm", "values": [_open(each) for each in sums]},
        {"label": view.say(N_("Not delivered")), "tone": "bad", "values": [lost(each) for each in sums]},
    ]
    received = [
        {"label": view.say(N_("Received")), "tone": "brand", "values": [each["received"] for each in sums]},
    ]
    is_time = by in ("day", "hour")
    return {
        "rows": rows[::-1] if is_time else rows,
        "left_out": max(0, len(found["data"]) - ROWS) if not is_time else 0,
        "labels": labels,
        "series": series,
        "received": received,
    }


def _times(look: Look, found: resources.Statistics, by: str) -> list[str]:
    """Return the key of each hour or day of a span up to now, also of those in which nothing happened."""
    begin, end = datetime.fromisoformat(found["since"]), datetime.fromisoformat(found["until"])
    end = min(end, datetime.now(UTC))
    if by == "hour":
        hours = int((end - begin) / timedelta(hours=1)) + 1
        moments = [begin + timedelta(hours=number) for number in range(hours)]
        return [moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") for moment in moments if moment < end]
    first, last = begin.astimezone(look.zone).date(), end.astimezone(look.zone).date()
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [day.isoformat() for day in days if datetime.combine(day, time(), look.zone) < end]


def _nothing(key: str) -> resources.KeyedSums:
    return {
        "key": key,
        "accepted": 0,
        "sent": 0,
        "segments": 0,
        "delivered": 0,
        "undelivered": 0,
        "report_missing": 0,
        "failed": 0,
        "expired": 0,
        "canceled": 0,
        "received": 0,
        "delivery_rate": None,
        "delivery_time": None,
        "causes": {},
        "cost": None,
    }


def lost(sums: resources.Sums) -> int:
    """Return how many messages did not arrive."""
    return sums["failed"] + sums["undelivered"] + sums["expired"]


def _open(sums: resources.Sums) -> int:
    """Return how many were sent, and neither reported as delivered nor as undelivered."""
    return max(0, sums["sent"] - sums["delivered"] - sums["undelivered"])


async def _names(view: View, by: str) -> Callable[[str], str]:
    look = view.look
    if by == "day":
        return lambda key: format_date(date.fromisoformat(key), "EEE d MMM", locale=look.words.locale)
    if by == "hour":
        return look.moment
    if by == "campaign":
        known = {each["id"]: each["name"] for each in await view.gateway.campaigns()}
        return lambda key: known.get(key, key)
    if by == "country":
        return lambda key: look.words.locale.territories.get(key) or key
    return str


PAGES = [Page("/statistics", statistics)]
