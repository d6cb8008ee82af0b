"""Saved templates and canned answers."""

from __future__ import annotations

from starlette.responses import Response

from gsmgw.client import ApiError
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources

FIELDS = {"/name": "name", "/text": "text", "invalid_template": "text", "wrong_state": "name"}


async def templates(view: View) -> Response:
    """List the templates, with the form for one."""
    form = Form()
    if name := view.asked("name"):
        found = await view.gateway.template(name)
        form = Form(values={"name": found["name"], "text": found["text"]})
    if name := view.asked("answer"):
        known = {each["name"]: each["text"] for each in await view.gateway.answers()}
        form.put({"answer-name": name, "answer-text": known.get(name, "")})
    return await _show(view, form)


async def _show(view: View, form: Form, status: int = 200, seen: resources.TemplatePreview | None = None) -> Response:
    return view.render(
        "templates.html",
        status,
        form=form,
        seen=seen,
        **await view.page_of(view.gateway.template_page, "/templates"),
        answers=await view.gateway.answers(),
        fields=await view.gateway.fields(),
    )


async def save(view: View) -> Response:
    """Save, try or delete a template."""
    form = await view.form()
    name, text, action = form.text("name").strip(), form.text("text"), form.text("action")
    try:
        if action == "delete":
            await view.gateway.delete_template(name)
            return view.redirect("/templates", done="deleted")
        if action == "try":
            contact = form.trimmed("contact")
            seen = await view.gateway.preview_template(text=text, contact=contact, fields=None if contact else {})
            return await _show(view, form, seen=seen)
        await view.gateway.put_template(name, text)
    except ApiError as exc:
        form.refuse(exc, view.look.words, {**FIELDS, "/contact": "contact", "not_found": "contact"})
        return await _show(view, form, exc.status)
    return view.redirect("/templates", done="saved")


async def answers(view: View) -> Response:
    """Save or delete a canned answer."""
    form = await view.form()
    name = form.text("answer-name").strip()
    try:
        if form.text("action") == "delete":
            await view.gateway.delete_answer(name)
            return view.redirect("/templates", done="deleted")
        await view.gateway.put_answer(name, form.text("answer-text"))
    except ApiError as exc:
        form.refuse(
            exc, view.look.words, {"/name": "answer-name", "/text": "answer-text", "invalid_template": "answer-text"}
        )
        return await _show(view, form, exc.status)
    return view.redirect("/templates", done="saved")


PAGES = [
    Page("/templates", templates),
    Page("/templates", save, "POST", asks={"delete": N_("Delete this template?")}),
    Page(
        "/answers",
        answers,
        "POST",
        asks={"delete": N_("Delete the answer %(name)s?")},
        named="answer-name",
        back="/templates",
    ),
]
