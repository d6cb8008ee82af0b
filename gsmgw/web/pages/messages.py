"""Outbox and inbox, and one message with its history."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from starlette.responses import Response, StreamingResponse

from gsmgw.client import AsyncClient
from gsmgw.web import known_modems
from gsmgw.web.live.regions import partial, region
from gsmgw.web.look import Look
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources

#: Messages on a page.
LIMIT = 50
#: States of sent messages that can be filtered by.
STATES = (
    "queued",
    "scheduled",
    "sending",
    "sent",
    "delivered",
    "undelivered",
    "unknown",
    "failed",
    "expired",
    "canceled",
)
#: Actions on a message, and the word for the page that follows.
ACTIONS = {"cancel": "canceled", "retry": "retried", "resend": "resolved", "leave": "resolved"}


def _filters(view: View) -> dict[str, str]:
    """Return the filters of the form as they were typed."""
    return {name: view.asked(name) for name in ("q", "peer", "status", "modem", "since", "until")}


def _query(view: View, direction: str, filters: dict[str, str]) -> dict[str, Any]:
    """Return the filters for the gateway."""
    status = filters["status"] if filters["status"] in STATES and direction == "outbound" else None
    return {
        "direction": direction,
        "q": filters["q"] or None,
        "peer": filters["peer"] or None,
        "modem": filters["modem"] or None,
        "status": status,
        "since": view.day(filters["since"]),
        "until": view.day(filters["until"], 1),
    }


async def _listing(view: View, direction: str, path: str) -> Response:
    filters, cursor = _filters(view), view.asked("cursor")
    found = await view.gateway.page(**_query(view, direction, filters), limit=LIMIT, cursor=cursor or None)
    rows, following = found["data"], found["next_cursor"]
    is_plain = not cursor and not any(filters.values())
    regions = [f"row:{message['id']}" for message in rows if direction == "outbound"]
    if is_plain:
        regions.append(f"new:{direction}:{rows[0]['id'] if rows else ''}")
    return view.render(
        "messages.html",
        rows=rows,
        direction=direction,
        here=path,
        filters=filters,
        is_filtered=any(filters.values()),
        states=STATES,
        modems=await known_modems.names(view.gateway),
        following=view.look.url(path, **filters, cursor=following) if following else "",
        first=view.look.url(path, **filters) if cursor else "",
        exported=view.look.url(f"{path}/export", **filters),
        regions=regions,
    )


async def outbox(view: View) -> Response:
    """List the sent messages, newest first."""
    return await _listing(view, "outbound", "/outbox")


async def inbox(view: View) -> Response:
    """List the received messages, newest first."""
    return await _listing(view, "inbound", "/inbox")


def _exporter(direction: str, name: str) -> Any:
    async def export(view: View) -> Response:
        """Download the messages that match the filters, as a table."""
        query = _query(view, direction, _filters(view))
        given = {key: value for key, value in query.items() if value is not None}
        headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
        return StreamingResponse(_portions(view.gateway, given), media_type="text/csv", headers=headers)

    return export


async def _portions(gateway: AsyncClient, query: dict[str, Any]) -> AsyncIterator[str]:
    async for portion in gateway.export("csv", **query):
        yield portion


async def message(view: View) -> Response:
    """Show one message with its history."""
    found = await view.gateway.message(view.path("id"))
    return view.render("message.html", message=found, regions=[f"message:{found['id']}"])


async def act(view: View) -> Response:
    """Cancel, retry or resolve a message."""
    form = await view.form()
    number, action = view.path("id"), form.text("action")
    if action in ("resend", "leave"):
        await view.gateway.act(number, "resolve", {"action": action})
    elif action in ACTIONS:
        await view.gateway.act(number, action)
    return view.redirect(f"/messages/{number}", done=ACTIONS.get(action))


def _is_about(event: resources.Event, argument: str) -> bool:
    return event["message_id"] == argument


def _is_new(event: resources.Event, argument: str) -> bool:
    if argument.startswith("inbound"):
        return event["type"] == "message.received"
    return event["type"] in ("message.queued", "message.scheduled")


@region("row", _is_about)
async def _row(look: Look, gateway: AsyncClient, argument: str) -> str:
    return partial(f"row-{argument}", look.macro("rows.html", "row", await gateway.message(argument)))


@region("message", _is_about)
async def _whole(look: Look, gateway: AsyncClient, argument: str) -> str:
    found = await gateway.message(argument)
    return partial("message-state", look.part("fragments/message_state.html", message=found)) + partial(
        "history", look.part("fragments/history.html", message=found)
    )


@region("new", _is_new)
async def _news(look: Look, gateway: AsyncClient, argument: str) -> str:
    """The number of messages that are newer than those on the page: nothing moves under the reader."""
    direction, _, top = argument.partition(":")
    newest = (await gateway.page(direction=direction, limit=LIMIT))["data"]
    count = sum(each["id"] > top for each in newest)
    path = "/inbox" if direction == "inbound" else "/outbox"
    return partial("news", look.macro("rows.html", "news", count, count == LIMIT, path))


PAGES = [
    Page("/outbox", outbox),
    Page("/inbox", inbox),
    Page("/outbox/export", _exporter("outbound", "outbox")),
    Page("/inbox/export", _exporter("inbound", "inbox")),
    Page("/messages/{id}", message),
    Page("/messages/{id}", act, "POST"),
]
