"""The first page: is everything well, what happened today, what waits."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from starlette.responses import Response

from gsmgw.client import AsyncClient
from gsmgw.web import known_modems
from gsmgw.web.live.regions import of_kinds, partial, region
from gsmgw.web.look import Look
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources

#: States of messages that are not final, in the order of the page.
_WAITING = ("queued", "scheduled", "sending", "unknown")

#: A gateway that has exchanged fewer texts is new to its owner: the page links to the first steps.
_YOUNG = 20


async def overview(view: View) -> Response:
    """Show the first page."""
    gateway, look = view.gateway, view.look
    totals, state, newest = await asyncio.gather(_totals(look, gateway), _state(gateway), gateway.page(limit=_YOUNG))
    return view.render("overview.html", **totals, **state, exchanged=len(newest["data"]))


async def _totals(look: Look, gateway: AsyncClient) -> dict[str, object]:
    now = datetime.now(look.zone)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    until, begin = now.isoformat(), midnight - timedelta(days=29)
    today, month = await asyncio.gather(
        gateway.statistics(since=midnight.isoformat(), until=until, by="hour"),
        gateway.statistics(since=begin.isoformat(), until=until, by="day"),
    )
    return {"today": today["total"], "month": month["total"], "currency": month["currency"]}


async def _state(gateway: AsyncClient) -> dict[str, object]:
    stats, modems, remote, suspects, quarantined = await asyncio.gather(
        gateway.stats(),
        gateway.modems(),
        known_modems.of_nodes(gateway),
        gateway.suspect_page(limit=1),
        gateway.quarantine_page(limit=1),
    )
    found = alarms(stats, [str(modem["state"]) for modem in (*modems, *remote)])
    if suspects["data"]:
        found.append(("suspects", {}))
    if quarantined["data"]:
        found.append(("quarantine", {}))
    waiting = [(state, stats["messages"].get(state, 0)) for state in _WAITING]
    return {
        "modems": modems,
        "remote": remote,
        "waiting": [(state, count) for state, count in waiting if count],
        "oldest": stats["oldest_queued_at"],
        "done_at": stats["queue_done_at"],
        "alarms": found,
        "stats": stats,
    }


def alarms(stats: resources.Stats, states: list[str]) -> list[tuple[str, dict[str, object]]]:
    """Return what is wrong, as the name of a sentence in the template and its values; ``states`` are the modems'."""
    found: list[tuple[str, dict[str, object]]] = []
    if not stats["database_ok"]:
        found.append(("database", {}))
    if stats["database_loss"]:
        found.append(("loss", {"detail": stats["database_loss"]}))
    if not states:
        found.append(("no_modem", {}))
    elif not any(state in ("ready", "degraded") for state in states):
        found.append(("none_ready", {}))
    if unknown := stats["messages"].get("unknown", 0):
        found.append(("unknown", {"n": unknown}))
    if paused := sum(count for state, count in stats["webhooks"].items() if state != "active"):
        found.append(("webhooks", {"n": paused}))
    return found


@region("totals", of_kinds("message.", "submit."), pause_s=1.0)
async def _totals_region(look: Look, gateway: AsyncClient, _: str) -> str:
    return partial("totals", look.part("fragments/totals.html", **await _totals(look, gateway)))


@region("state", of_kinds("message.", "modem.", "sim.", "webhook.", "storage.", "consent."), pause_s=0.5)
async def _state_region(look: Look, gateway: AsyncClient, _: str) -> str:
    context = await _state(gateway)
    return partial("state", look.part("fragments/state.html", **context))


@region("modems", of_kinds("modem.", "sim."))
async def _modems_region(look: Look, gateway: AsyncClient, _: str) -> str:
    modems, remote = await asyncio.gather(gateway.modems(), known_modems.of_nodes(gateway))
    return partial("modems", look.part("fragments/modems.html", modems=modems, remote=remote))


PAGES = [Page("/", overview)]
