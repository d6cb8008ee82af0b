"""Contacts: the list, one person, groups, and the import with its undo."""

from __future__ import annotations

import base64
from typing import Any

from starlette.responses import Response, StreamingResponse

from gsmgw.client import ApiError, AsyncClient, part
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources

LIMIT = 50
#: The fields of the form by those of the API.
FIELDS = {
    "/number": "number",
    "/name": "name",
    "/language": "language",
    "/time_zone": "time_zone",
    "invalid_number": "number",
    "wrong_state": "number",
}
#: An import that is checked and not yet done is kept in the page: this much of it, bytes.
PREVIEW_BYTES = 1024 * 1024


async def contacts(view: View) -> Response:
    """List contacts."""
    filters = {name: view.asked(name) for name in ("q", "group", "segment")}
    cursor, error = view.asked("cursor"), ""
    page: resources.ContactPage = {"data": [], "next_cursor": None}
    try:
        page = await view.gateway.contact_page(
            **{name: value or None for name, value in filters.items()}, limit=LIMIT, cursor=cursor or None
        )
    except ApiError as exc:
        if exc.code not in ("invalid_segment", "invalid_request", "not_found"):
            raise
        error = exc.detail
    following = page["next_cursor"]
    return view.render(
        "contacts.html",
        contacts=page["data"],
        filters=filters,
        error=error,
        groups=await view.gateway.groups(),
        following=view.look.url("/contacts", **filters, cursor=following) if following else "",
        first=view.look.url("/contacts", **filters) if cursor else "",
        is_filtered=any(filters.values()),
    )


async def new_contact(view: View) -> Response:
    """Show the form for a new contact."""
    return await _form(view, Form(values={"number": view.asked("number")}), None)


async def contact(view: View) -> Response:
    """Show one contact."""
    found = await view.gateway.contact(view.path("id"))
    values = {
        "number": found["number"],
        "name": found["name"] or "",
        "language": found["language"] or "",
        "time_zone": found["time_zone"] or "",
        "groups": ", ".join(found["groups"]),
        **{f"field-{name}": _shown(value) for name, value in found["fields"].items()},
    }
    return await _form(view, Form(values=values), found)


def _shown(value: bool | float | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _form(view: View, form: Form, known: resources.Contact | None, status: int = 200) -> Response:
    return view.render(
        "contact.html",
        status,
        form=form,
        contact=known,
        fields=await view.gateway.fields(),
        groups=[group["name"] for group in await view.gateway.groups() if group["segment"] is None],
    )


async def save(view: View) -> Response:
    """Create a contact."""
    form = await view.form()
    try:
        body = await _body(view.gateway, form)
        made = await view.gateway.create_contact(form.text("number").strip(), **body)
    except ApiError as exc:
        form.refuse(exc, view.look.words, FIELDS)
        return await _form(view, form, None, exc.status)
    return view.redirect(f"/contacts/{made['id']}", done="saved")


async def change(view: View) -> Response:
    """Change or delete a contact."""
    form = await view.form()
    number = view.path("id")
    if form.text("action") == "delete":
        await view.gateway.delete_contact(number)
        return view.redirect("/contacts", done="deleted")
    known = await view.gateway.contact(number)
    try:
        body = await _body(view.gateway, form)
        await view.gateway.change_contact(number, number=form.text("number").strip(), **body)
    except ApiError as exc:
        form.refuse(exc, view.look.words, FIELDS)
        return await _form(view, form, known, exc.status)
    return view.redirect(f"/contacts/{part(number)}", done="saved")


async def _body(gateway: AsyncClient, form: Form) -> dict[str, Any]:
    """Return what the form says about a person."""
    values: dict[str, Any] = {}
    for field in await gateway.fields():
        typed = form.trimmed(f"field-{field['name']}")
        if typed is None:
            values[field["name"]] = None
        elif field["type"] == "number":
            values[field["name"]] = _number(typed)
        elif field["type"] == "boolean":
            values[field["name"]] = typed == "true"
        else:
            values[field["name"]] = typed
    groups = [name for each in form.text("groups").split(",") if (name := each.strip())]
    return {
        "name": form.trimmed("name"),
        "language": form.trimmed("language"),
        "time_zone": form.trimmed("time_zone"),
        "fields": values,
        "groups": groups,
    }


def _number(typed: str) -> float | str:
    """Return a number with either decimal sign; the text as it is where it is none, for the gateway to refuse."""
    try:
        found = float(typed.replace(",", "."))
    except ValueError:
        return typed
    return int(found) if found.is_integer() else found


async def import_form(view: View) -> Response:
    """Show the form of an import."""
    return view.render("import.html", form=Form(), report=None, kept="", groups=await _plain_groups(view))


async def _plain_groups(view: View) -> list[str]:
    return [group["name"] for group in await view.gateway.groups() if group["segment"] is None]


async def run_import(view: View) -> Response:
    """Check a file, or import it: the first only says what would be done."""
    form = await view.form()
    gateway, is_check = view.gateway, form.text("action") != "import"
    file = await form.file("file") or base64.b64decode(form.text("kept")) or form.text("pasted").encode()
    if not file.strip():
        form.errors["file"] = view.say(N_("Choose a file, or paste a table."))
        return view.render("import.html", 422, form=form, report=None, kept="", groups=await _plain_groups(view))
    group = form.trimmed("group")
    try:
        report = await gateway.import_contacts(
            file,
            dry_run=is_check,
            skip_bad=is_check or form.checked("skip_bad"),
            groups=[group] if group else [],
        )
    except ApiError as exc:
        form.refuse(exc, view.look.words, {})
        return view.render("import.html", exc.status, form=form, report=None, kept="", groups=await _plain_groups(view))
    kept = base64.b64encode(file).decode() if is_check and len(file) <= PREVIEW_BYTES else ""
    groups = await _plain_groups(view)
    return view.render("import.html", form=form, report=report, kept=kept, is_check=is_check, groups=groups)


async def undo(view: View) -> Response:
    """Undo an import."""
    await view.form()
    await view.gateway.undo_import(view.path("id"))
    return view.redirect("/contacts", done="undone")


async def export(view: View) -> Response:
    """Download the contacts that match the filters, as a table."""
    filters: Any = {name: value for name in ("q", "group", "segment") if (value := view.asked(name))}
    portions = view.gateway.export_contacts(format="csv", **filters)
    headers = {"Content-Disposition": 'attachment; filename="contacts.csv"'}
    return StreamingResponse(portions, media_type="text/csv", headers=headers)


async def groups(view: View) -> Response:
    """List the groups."""
    return await _groups(view, Form())


async def _groups(view: View, form: Form, status: int = 200, count: int | None = None) -> Response:
    return view.render(
        "groups.html",
        status,
        form=form,
        groups=await view.gateway.groups(),
        count=count,
        fields=await view.gateway.fields(),
    )


async def save_group(view: View) -> Response:
    """Create a group, or count a segment before."""
    form = await view.form()
    segment = form.trimmed("segment")
    try:
        if form.text("action") == "count":
            if segment is None:
                form.errors["segment"] = view.say(N_("Write a condition."))
                return await _groups(view, form, 422)
            return await _groups(view, form, count=(await view.gateway.preview_segment(segment))["count"])
        if form.text("action") == "delete":
            await view.gateway.delete_group(form.text("name"))
            return view.redirect("/groups", done="deleted")
        await view.gateway.create_group(form.text("name").strip(), segment)
    except ApiError as exc:
        names = {"/name": "name", "/segment": "segment", "invalid_segment": "segment", "wrong_state": "name"}
        form.refuse(exc, view.look.words, names)
        return await _groups(view, form, exc.status)
    return view.redirect("/groups", done="saved")


PAGES = [
    Page("/contacts", contacts),
    Page("/contacts/new", new_contact),
    Page("/contacts/new", save, "POST"),
    Page("/contacts/import", import_form),
    Page("/contacts/import", run_import, "POST"),
    Page("/contacts/import/{id}/undo", undo, "POST"),
    Page("/contacts/export", export),
    Page("/contacts/{id}", contact),
    Page("/contacts/{id}", change, "POST"),
    Page("/groups", groups),
    Page("/groups", save_group, "POST"),
]
