"""Rules for received texts and missed calls: the list in its order, the editor, and the tester."""

from __future__ import annotations

from typing import Any

from starlette.responses import HTMLResponse, Response

from gsmgw.client import ApiError, AsyncClient
from gsmgw.web import known_modems
from gsmgw.web import rule_forms as forms
from gsmgw.web.campaign_forms import DAYS
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.pages.texting import local_moment
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources


async def rules(view: View) -> Response:
    """List the rules, with the tester."""
    return await _show(view, Form())


async def _show(view: View, form: Form, status: int = 200, trial: resources.RuleTrial | None = None) -> Response:
    return view.render(
        "rules.html",
        status,
        form=form,
        **await view.page_of(view.gateway.rule_page, "/rules"),
        trial=trial,
        modems=await known_modems.names(view.gateway),
        zone=str(view.look.zone),
        days=DAYS,
    )


async def change(view: View) -> Response:
    """Try a text, move a rule, switch it on or off, or delete it."""
    form = await view.form()
    action, name = form.text("action"), form.text("rule")
    try:
        if action == "try":
            return await _try(view, form)
        if action == "delete":
            await view.gateway.delete_rule(name)
            return view.redirect("/rules", done="deleted")
        if action in ("earlier", "later"):
            moved = forms.reordered(await view.gateway.rules(), name, -1 if action == "earlier" else 1)
            for each, priority in moved.items():
                await _put_again(view.gateway, each, priority=priority)
        elif action in ("enable", "disable"):
            await _put_again(view.gateway, name, enabled=action == "enable")
    except ApiError as exc:
        form.refuse(exc, view.look.words, forms.FIELDS)
        return await _show(view, form, exc.status)
    return view.redirect("/rules", done="saved")


async def _put_again(gateway: AsyncClient, name: str, **changes: Any) -> None:
    """Save a rule with changes; the rest stays."""
    actions, rest = forms.rule_of(Form(values=forms.values_of(await gateway.rule(name))))
    await gateway.put_rule(name, actions, **{**rest, **changes})


async def _try(view: View, form: Form) -> Response:
    at = local_moment(view, form, "at")
    if form.errors:
        return await _show(view, form, 422)
    trial = await view.gateway.try_rules(
        form.text("sender").strip(), form.text("tried"), modem=form.trimmed("modem"), at=at
    )
    return await _show(view, form, trial=trial)


async def new_rule(view: View) -> Response:
    """Show the form of a new rule."""
    return await _form(view, Form(values=forms.NEW), None)


async def rule(view: View) -> Response:
    """Show the form of a rule."""
    found = await view.gateway.rule(view.path("name"))
    return await _form(view, Form(values=forms.values_of(found)), found)


async def _choices(view: View) -> dict[str, object]:
    """Return what the fields of a rule choose among."""
    gateway = view.gateway
    return {
        "groups": await gateway.groups(),
        "fields": await gateway.fields(),
        "templates": [each["name"] for each in await gateway.templates()],
        "drips": [each["name"] for each in await gateway.drips()],
        "lists": [each["name"] for each in await gateway.consent_lists()],
        "kinds": forms.ACTIONS,
        "most": forms.MOST,
    }


async def _form(view: View, form: Form, known: resources.Rule | None, status: int = 200) -> Response:
    return view.render(
        "rule.html",
        status,
        form=form,
        rule=known,
        modems=await known_modems.names(view.gateway),
        days=DAYS,
        **await _choices(view),
    )


async def save(view: View) -> Response:
    """Create a rule."""
    return await _save(view, await view.form(), None)


async def save_again(view: View) -> Response:
    """Save a rule."""
    return await _save(view, await view.form(), await view.gateway.rule(view.path("name")))


async def _save(view: View, form: Form, known: resources.Rule | None) -> Response:
    if forms.change_rows(form, form.text("action")):
        return await _form(view, form, known)
    actions, rest = forms.rule_of(form)
    try:
        if known is None:
            await view.gateway.create_rule(form.text("name").strip(), actions, **rest)
        else:
            await view.gateway.put_rule(known["name"], actions, **rest)
    except ApiError as exc:
        form.refuse(exc, view.look.words, forms.places(form))
        return await _form(view, form, known, exc.status)
    return view.redirect("/rules", done="saved")


async def actions(view: View) -> Response:
    """Show the actions of a rule again after a change, for a page with JavaScript."""
    form = await view.form()
    forms.change_rows(form, form.text("action"))
    return HTMLResponse(view.look.part("fragments/actions.html", form=form, **await _choices(view)))


PAGES = [
    Page("/rules", rules),
    Page("/rules", change, "POST", asks={"delete": N_("Delete the rule %(name)s?")}, named="rule"),
    Page("/rules/new", new_rule),
    Page("/rules/new", save, "POST"),
    Page("/rules/actions", actions, "POST"),
    Page("/rules/edit/{name}", rule),
    Page("/rules/edit/{name}", save_again, "POST"),
]
