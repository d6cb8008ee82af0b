"""Consent: who opted out, whom a person has to decide about, and the trail of a number."""

from __future__ import annotations

from starlette.responses import Response

from gsmgw.client import ApiError
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources

LIMIT = 50


async def consent(view: View) -> Response:
    """Show suspects, the opt-outs, and the trail of a number that was searched."""
    return await _show(view, Form(values={"number": view.asked("number")}))


async def _show(view: View, form: Form, status: int = 200) -> Response:
    gateway, cursor = view.gateway, view.asked("cursor")
    trail: resources.Consent | None = None
    number = form.text("number").strip()
    if number and not form.errors:
        try:
            trail = await gateway.consent(number)
        except ApiError as exc:
            form.refuse(exc, view.look.words, {"/number": "number", "invalid_number": "number"})
    outs = await gateway.optout_page(limit=LIMIT, cursor=cursor or None)
    following = outs["next_cursor"]
    return view.render(
        "consent.html",
        status,
        form=form,
        trail=trail,
        outs=outs["data"],
        suspects=(await gateway.suspect_page(limit=LIMIT))["data"],
        following=view.look.url("/consent", cursor=following) if following else "",
        first=view.look.url("/consent") if cursor else "",
    )


async def change(view: View) -> Response:
    """Opt a number out or in, or decide about a suspect."""
    form = await view.form()
    number, action = form.text("number").strip(), form.text("action")
    try:
        if action in ("opt_out_suspect", "dismiss"):
            await view.gateway.decide_suspect(number, "dismiss" if action == "dismiss" else "opt_out")
        elif action == "opt_out":
            await view.gateway.opt_out(number, list=form.text("list") or "*", reason=form.trimmed("reason"))
        elif action == "opt_in":
            await view.gateway.end_opt_out(number, list=form.text("list") or "*", reason=form.trimmed("reason"))
    except ApiError as exc:
        form.refuse(exc, view.look.words, {"/number": "number", "invalid_number": "number"})
        return await _show(view, form, exc.status)
    return view.redirect("/consent", number=number, done="saved")


_ASKS = {
    "opt_out": N_("Nobody can text this number any more. Continue?"),
    "opt_in": N_("Has this person agreed to get texts again?"),
}
PAGES = [Page("/consent", consent), Page("/consent", change, "POST", asks=_ASKS)]
