"""The way to what concerns the gateway as a whole."""

from __future__ import annotations

from starlette.responses import Response

from gsmgw.web.routing import Page
from gsmgw.web.view import View


async def system(view: View) -> Response:
    """Show the pages about the gateway."""
    return view.render("system.html", fleet=await view.gateway.fleet())


PAGES = [Page("/system", system)]
