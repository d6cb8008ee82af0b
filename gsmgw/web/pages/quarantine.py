"""Received PDUs that could not be decoded."""

from __future__ import annotations

from starlette.responses import Response

from gsmgw.digits import is_digits
from gsmgw.web.languages import N_
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources

_LIMIT = 25


def marked(entry: resources.QuarantinedPdu) -> tuple[str, str, str]:
    """Return a PDU in three parts: before the byte that is wrong, that byte, and what follows."""
    pdu, offset = entry["pdu"], entry["offset"]
    if offset is None:
        return pdu, "", ""
    return pdu[: 2 * offset], pdu[2 * offset : 2 * offset + 2], pdu[2 * offset + 2 :]


async def quarantine(view: View) -> Response:
    """List the PDUs."""
    cursor = view.asked("cursor")
    page = await view.gateway.quarantine_page(limit=_LIMIT, cursor=cursor or None)
    following = page["next_cursor"]
    return view.render(
        "quarantine.html",
        entries=[(entry, marked(entry)) for entry in page["data"]],
        result=_result(view),
        next_url=view.look.url("/quarantine", cursor=following) if following else "",
        first_url=view.look.url("/quarantine") if cursor else "",
    )


def _result(view: View) -> str:
    understood, left = view.asked("understood"), view.asked("left")
    if not (is_digits(understood) and is_digits(left)):
        return ""
    return view.say(N_("Decoded now: %(understood)s. Still not: %(left)s."), understood=understood, left=left)


async def again(view: View) -> Response:
    """Try to decode all of them again."""
    await view.form()
    result = await view.gateway.reread_quarantine()
    return view.redirect("/quarantine", understood=str(result["understood"]), left=str(result["left"]))


PAGES = [Page("/quarantine", quarantine), Page("/quarantine", again, "POST")]
