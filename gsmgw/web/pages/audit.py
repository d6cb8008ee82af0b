"""Who managed what."""

from __future__ import annotations

from starlette.responses import Response

from gsmgw.web.routing import Page
from gsmgw.web.view import View

LIMIT = 50


async def audit(view: View) -> Response:
    """Show the audit log, newest first."""
    filters = {name: view.asked(name) for name in ("who", "since", "until")}
    cursor = view.asked("cursor")
    found = await view.gateway.audit_page(
        who=filters["who"] or None,
        since=view.day(filters["since"]),
        until=view.day(filters["until"], 1),
        limit=LIMIT,
        cursor=cursor or None,
    )
    following = found["next_cursor"]
    return view.render(
        "audit.html",
        entries=found["data"],
        filters=filters,
        is_filtered=any(filters.values()),
        following=view.look.url("/audit", **filters, cursor=following) if following else "",
        first=view.look.url("/audit", **filters) if cursor else "",
    )


PAGES = [Page("/audit", audit)]
