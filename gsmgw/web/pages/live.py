"""The stream of updates."""

from __future__ import annotations

from starlette.responses import Response, StreamingResponse

from gsmgw.digits import is_digits
from gsmgw.web.routing import Page
from gsmgw.web.view import View

#: Regions of one page.
MAX_REGIONS = 120


async def live(view: View) -> Response:
    """Stream the regions of a page as they change."""
    assert view.visitor is not None
    names = view.request.query_params.getlist("r")[:MAX_REGIONS]
    seen = view.request.headers.get("last-event-id", "")
    updates = view.hub.stream(view.look, view.visitor, names, int(seen) if is_digits(seen) else None)
    return StreamingResponse(updates, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


PAGES = [Page("/live", live)]
