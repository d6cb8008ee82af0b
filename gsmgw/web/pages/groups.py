"""Groups, the people who fulfil a condition, and the fields of contacts."""

from __future__ import annotations

from starlette.responses import Response

from gsmgw.client import ApiError
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.pages import segments
from gsmgw.web.pages.compose import numbers_of
from gsmgw.web.routing import Page
from gsmgw.web.view import View

NAMES = {
    "/name": "name",
    "/segment": "segment",
    "/numbers": "numbers",
    "invalid_segment": "segment",
    "wrong_state": "name",
}
#: Names of the kinds of fields of contacts.
TYPES = {
    "text": N_("text"),
    "number": N_("number"),
    "date": N_("date"),
    "boolean": N_("yes or no"),
    "choice": N_("choice among values"),
}
#: Where the people who fulfil a condition are used.
_USES = {"contacts": "/contacts", "compose": "/compose", "campaign": "/campaigns/new"}


async def groups(view: View) -> Response:
    """List the groups, with the form for a new or for one of them."""
    form = Form(values={"segment": view.asked("segment")})
    if name := view.asked("name"):
        found = await view.gateway.group(name)
        form.put({"name": found["name"], "old": found["name"], "segment": found["segment"] or ""})
        form.put({"kind": "smart" if found["segment"] is not None else "plain"})
    return await _groups(view, form)


async def _groups(view: View, form: Form, status: int = 200) -> Response:
    return view.render(
        "groups.html",
        status,
        form=form,
        groups=await view.gateway.groups(),
        builder=await segments.shown(view, form),
    )


async def save_group(view: View) -> Response:
    """Create, change or delete a group, or add members to it."""
    form = await view.form()
    action, old = form.text("action"), form.trimmed("old")
    if await segments.change(view, form):
        return await _groups(view, form, 422 if form.errors else 200)
    try:
        if action == "delete":
            await view.gateway.delete_group(form.text("name"))
            return view.redirect("/groups", done="deleted")
        if action == "members" and old is not None:
            await view.gateway.add_to_group(old, numbers_of(form.text("numbers")))
            return view.redirect("/groups", name=old, done="saved")
        segment = None if form.text("kind") == "plain" else await segments.settle(view, form, "segment")
        if form.errors:
            return await _groups(view, form, 422)
        name = form.text("name").strip()
        if old is None:
            await view.gateway.create_group(name, segment)
        else:
            await view.gateway.change_group(old, **_changes(form, name, segment))
    except ApiError as exc:
        form.refuse(exc, view.look.words, NAMES)
        return await _groups(view, form, exc.status)
    return view.redirect("/groups", done="saved")


def _changes(form: Form, name: str, segment: str | None) -> dict[str, str | None]:
    changes: dict[str, str | None] = {"name": name} if name != form.text("old") else {}
    return changes if form.text("kind") == "plain" else {**changes, "segment": segment}


async def find(view: View) -> Response:
    """Show the builder of a condition, to see who fulfils it."""
    return await _find(view, Form(values={"segment": view.asked("segment")}))


async def _find(view: View, form: Form, status: int = 200) -> Response:
    return view.render("segment.html", status, form=form, builder=await segments.shown(view, form))


async def use(view: View) -> Response:
    """Go on with the people who fulfil a condition: see them, text them, or make a group or a campaign of them."""
    form = await view.form()
    if await segments.change(view, form):
        return await _find(view, form, 422 if form.errors else 200)
    segment = await segments.settle(view, form, "segment")
    if segment is None and not form.errors:
        form.errors["segment"] = view.say(N_("Write a condition."))
    if form.errors or form.text("action") == "count":
        return await _find(view, form, 422 if form.errors else 200)
    return view.redirect(_USES.get(form.text("action"), "/groups"), segment=segment)


async def fields(view: View) -> Response:
    """List the fields of contacts, with the form for a new or for one of them."""
    form = Form()
    if name := view.asked("name"):
        found = next((each for each in await view.gateway.fields() if each["name"] == name), None)
        if found is not None:
            form.put({"name": name, "type": str(found["type"]), "choices": ", ".join(found["choices"])})
            form.put({"searchable": "1" if found["searchable"] else []})
    return await _fields(view, form)


async def _fields(view: View, form: Form, status: int = 200) -> Response:
    return view.render("fields.html", status, form=form, fields=await view.gateway.fields(), types=TYPES)


async def save_field(view: View) -> Response:
    """Declare, change or delete a field."""
    form = await view.form()
    name = form.text("name").strip()
    if not name:
        form.errors["name"] = view.say(N_("Write a name."))
        return await _fields(view, form, 422)
    try:
        if form.text("action") == "delete":
            await view.gateway.delete_field(name)
            return view.redirect("/fields", done="deleted")
        choices = [each.strip() for each in form.text("choices").split(",") if each.strip()]
        kind = form.text("type")
        await view.gateway.put_field(
            name, kind, choices=choices if kind == "choice" else [], searchable=form.checked("searchable")
        )
    except ApiError as exc:
        places = {"/name": "name", "/type": "type", "/choices": "choices", "wrong_state": "type"}
        form.refuse(exc, view.look.words, places)
        return await _fields(view, form, exc.status)
    return view.redirect("/fields", done="saved")


PAGES = [
    Page("/groups", groups),
    Page("/groups", save_group, "POST", asks={"delete": N_("Delete the group %(name)s? Its members stay contacts.")}),
    Page("/segments", find),
    Page("/segments", use, "POST"),
    Page("/fields", fields),
    Page(
        "/fields",
        save_field,
        "POST",
        asks={"delete": N_("Delete the field %(name)s? Its values in all contacts are lost.")},
    ),
]
