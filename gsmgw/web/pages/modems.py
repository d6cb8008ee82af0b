"""Modems: their state, and what can be done with one."""

from __future__ import annotations

import asyncio

from starlette.responses import Response

from gsmgw.client import ApiError, AsyncClient, part
from gsmgw.web import known_modems
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.live.regions import partial, region
from gsmgw.web.look import Look
from gsmgw.web.pages.modem_history import history_of
from gsmgw.web.routing import Page
from gsmgw.web.view import View

#: Actions without a field, and the word for the page that follows.
ACTIONS = {"reset": "reset", "enable": "enabled", "disable": "disabled"}
#: Exchanges of a USSD session that stay on the page.
SAID = 20


async def modems(view: View) -> Response:
    """List all modems."""
    modems, remote = await asyncio.gather(view.gateway.modems(), known_modems.of_nodes(view.gateway))
    return view.render("modems.html", modems=modems, remote=remote, regions=["modems"])


async def modem(view: View) -> Response:
    """Show one modem."""
    return await _show(view, Form())


async def _show(
    view: View, form: Form, status: int = 200, said: list[tuple[str, str]] | None = None, *, more: bool = False
) -> Response:
    name = view.path("name")
    found = await view.gateway.modem(name)
    samples = (await view.gateway.modem_history(name))["data"]
    return view.render(
        "modem.html",
        status,
        modem=found,
        history=history_of(view.look, samples),
        form=form,
        said=said or [],
        more=more,
        regions=[f"modem:{name}"],
    )


async def act(view: View) -> Response:
    """Reset, enable or disable a modem, or unlock its SIM."""
    form = await view.form()
    name, action = view.path("name"), form.text("action")
    try:
        if action == "pin":
            await view.gateway.modem(name, "pin", {"pin": form.text("pin").strip()})
        elif action in ACTIONS:
            await view.gateway.modem(name, action)
    except ApiError as exc:
        form.refuse(exc, view.look.words, {"/pin": "pin", "modem_failed": "pin" if action == "pin" else ""})
        return await _show(view, form, exc.status)
    return view.redirect(f"/modems/{part(name)}", done=ACTIONS.get(action, action))


async def ussd(view: View) -> Response:
    """Send a USSD code, or a reply in the open session, and show the session so far."""
    form = await view.form()
    code = form.text("code").strip()
    said = list(zip(form.all("asked"), form.all("answered"), strict=False))[-SAID:] if form.checked("open") else []
    if not code:
        form.errors["code"] = view.say(N_("Write a code, for example *100#."))
        return await _show(view, form, 422, said, more=bool(said))
    try:
        answer = await view.gateway.modem(view.path("name"), "ussd", {"code": code})
    except ApiError as exc:
        form.refuse(exc, view.look.words, {"/code": "code", "modem_failed": "code"})
        return await _show(view, form, exc.status, said)
    said.append((code, answer["answer"] or ""))
    return await _show(view, Form(), said=said, more=answer["more"])


@region("modem", lambda event, name: event["modem"] == name and event["type"].startswith(("modem.", "sim.")))
async def _modem_region(look: Look, gateway: AsyncClient, name: str) -> str:
    found = await gateway.modem(name)
    return partial("modem-state", look.part("fragments/modem_state.html", modem=found))


_ASKS = {
    "reset": N_("Restart the modem? It is back in about a minute."),
    "disable": N_("Disable this modem? It neither sends nor receives until you enable it."),
}
PAGES = [
    Page("/modems", modems),
    Page("/modems/{name}", modem),
    Page("/modems/{name}", act, "POST", asks=_ASKS),
    Page("/modems/{name}/ussd", ussd, "POST"),
]
