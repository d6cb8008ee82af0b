"""The page of integrations: webhooks, tokens, hooks and bridges at a glance, and new tokens."""

from __future__ import annotations

from starlette.responses import Response

from gsmgw.client import ApiError
from gsmgw.web import known_modems
from gsmgw.web.curl import curl_lines
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.routing import Page
from gsmgw.web.view import View

_DAY_S = 86_400
#: Days after which a token expires; "" is never.
LIVES = {"": None, "1": 1, "30": 30, "365": 365}


async def integrations(view: View) -> Response:
    """Show all of them."""
    gateway = view.gateway
    found = await gateway.integrations()
    return view.render(
        "integrations.html",
        webhooks=await view.page_of(gateway.webhook_page, "/integrations", "webhooks"),
        tokens=await view.page_of(gateway.token_page, "/integrations", "tokens"),
        api=found["api"],
        hooks=found["hooks"],
        bridges=found["bridges"],
    )


async def new_token(view: View) -> Response:
    """Show the form of a token."""
    return await _form(view, Form(values={"scopes": "send"}))


async def _form(view: View, form: Form, status: int = 200) -> Response:
    modems = await known_modems.names(view.gateway)
    return view.render("token_form.html", status, form=form, modems=modems, scopes=form.all("scopes"), lives=LIVES)


async def create_token(view: View) -> Response:
    """Create a token and show it once."""
    form = await view.form()
    days = LIVES.get(form.text("days"))
    try:
        made = await view.gateway.create_token(
            form.text("name").strip(),
            form.all("scopes"),
            expires_in=None if days is None else days * _DAY_S,
            modems=form.all("modems") or None,
            per_day=form.whole("per_day"),
            smpp=form.checked("smpp") or None,
        )
        curl = await curl_lines(view, made)
    except ApiError as exc:
        fields = {
            "/name": "name",
            "/scopes": "scopes",
            "/modems": "modems",
            "/per_day": "per_day",
            "wrong_state": "name",
        }
        form.refuse(exc, view.look.words, fields)
        return await _form(view, form, exc.status)
    return view.render("token_made.html", token=made, curl=curl)


async def revoke(view: View) -> Response:
    """Revoke a token."""
    form = await view.form()
    name = form.text("name")
    if not name:
        return view.redirect("/integrations")
    await view.gateway.revoke_token(name)
    return view.redirect("/integrations", done="revoked")


_REVOKE = N_("Revoke the token %(name)s? Programs that use it lose access at once.")
PAGES = [
    Page("/integrations", integrations),
    Page("/tokens/new", new_token),
    Page("/tokens/new", create_token, "POST"),
    Page("/tokens/revoke", revoke, "POST", asks={"": _REVOKE}, back="/integrations"),
]
