"""Keyword rules: the list, a simple rule, and the tester."""

from __future__ import annotations

from starlette.responses import Response

from gsmgw.client import ApiError
from gsmgw.web.forms import Form
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources

FIELDS = {
    "/name": "name",
    "/match": "word",
    "/actions": "reply",
    "/from": "sender",
    "/text": "tried",
    "invalid_template": "reply",
    "invalid_number": "sender",
    "wrong_state": "name",
}


async def rules(view: View) -> Response:
    """List the rules, with the tester."""
    return await _show(view, Form())


async def _show(view: View, form: Form, status: int = 200, trial: resources.RuleTrial | None = None) -> Response:
    return view.render("rules.html", status, form=form, rules=await view.gateway.rules(), trial=trial)


async def change(view: View) -> Response:
    """Create or delete a rule, or try a text."""
    form = await view.form()
    action = form.text("action")
    try:
        if action == "try":
            trial = await view.gateway.try_rules(form.text("sender").strip(), form.text("tried"))
            return await _show(view, form, trial=trial)
        if action == "delete":
            await view.gateway.delete_rule(form.text("rule"))
            return view.redirect("/rules", done="deleted")
        values = [word for each in form.text("word").split(",") if (word := each.strip())]
        kind = form.text("kind") if form.text("kind") in ("exact", "prefix", "contains") else "exact"
        match = {"kind": kind, "value": values}
        await view.gateway.create_rule(
            form.text("name").strip(), [{"kind": "reply", "text": form.text("reply")}], match=match
        )
    except ApiError as exc:
        form.refuse(exc, view.look.words, FIELDS)
        return await _show(view, form, exc.status)
    return view.redirect("/rules", done="saved")


PAGES = [Page("/rules", rules), Page("/rules", change, "POST")]
