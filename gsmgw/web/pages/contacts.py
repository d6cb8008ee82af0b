"""Contacts: the list, and one person with all that belongs to it."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response, StreamingResponse

from gsmgw.client import ApiError, AsyncClient, part
from gsmgw.web.forms import Form, number_of
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
#: Messages in which the campaigns of a person are looked for, and those that are shown.
LOOKED_AT, SHOWN = 100, 5


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
    return await _form(view, Form(values=values_of(found)), found)


def values_of(found: resources.Contact) -> dict[str, str | list[str]]:
    """Return the fields of the form for a contact."""
    values: dict[str, str | list[str]] = {
        "number": found["number"],
        "name": found["name"] or "",
        "language": found["language"] or "",
        "time_zone": found["time_zone"] or "",
        "groups": found["groups"],
        **{f"field-{name}": _shown(value) for name, value in found["fields"].items()},
    }
    return values


def _shown(value: bool | float | str) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _form(view: View, form: Form, known: resources.Contact | None, status: int = 200) -> Response:
    return view.render(
        "contact.html",
        status,
        form=form,
        contact=known,
        fields=await view.gateway.fields(),
        groups=[group for group in await view.gateway.groups() if group["segment"] is None],
        about=None if known is None else await _about(view.gateway, known),
    )


async def _about(gateway: AsyncClient, person: resources.Contact) -> dict[str, object]:
    """Return consent, drips, open question, campaigns and the latest messages of a person."""
    number = person["number"]
    messages = (await gateway.page(peer=number, limit=LOOKED_AT))["data"]
    names = {each["id"]: each["name"] for each in await gateway.campaigns()}
    campaigns = dict.fromkeys(each["campaign"] for each in messages if each.get("campaign"))
    return {
        "consent": await gateway.consent(number),
        "drips": await gateway.contact_drips(person["id"]),
        "question": next(iter((await gateway.question_page(number=number))["data"]), None),
        "campaigns": [(each, names.get(each or "", each)) for each in campaigns],
        "messages": messages[:SHOWN],
    }


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
    number, action = view.path("id"), form.text("action")
    if action == "delete":
        await view.gateway.delete_contact(number)
        return view.redirect("/contacts", done="deleted")
    known = await view.gateway.contact(number)
    if action in ("merge", "close_question"):
        return await _act(view, form, known)
    try:
        body = await _body(view.gateway, form)
        await view.gateway.change_contact(number, number=form.text("number").strip(), **body)
    except ApiError as exc:
        form.refuse(exc, view.look.words, FIELDS)
        return await _form(view, form, known, exc.status)
    return view.redirect(f"/contacts/{part(number)}", done="saved")


async def _act(view: View, form: Form, known: resources.Contact) -> Response:
    """Merge another contact into this one, or close the question to it."""
    path = f"/contacts/{known['id']}"
    try:
        if form.text("action") == "close_question":
            await view.gateway.close_question(known["number"])
        else:
            await view.gateway.merge_contacts(known["id"], form.text("other").strip())
    except ApiError as exc:
        shown = Form(values=values_of(known))
        shown.put({"other": form.text("other")})
        shown.refuse(exc, view.look.words, {"/contact": "other", "not_found": "other", "invalid_request": "other"})
        return await _form(view, shown, known, exc.status)
    return view.redirect(path, done="saved")


async def _body(gateway: AsyncClient, form: Form) -> dict[str, Any]:
    """Return what the form says about a person."""
    values: dict[str, Any] = {}
    for field in await gateway.fields():
        typed = form.trimmed(f"field-{field['name']}")
        if typed is None:
            values[field["name"]] = None
        elif field["type"] == "number":
            values[field["name"]] = number_of(typed)
        elif field["type"] == "boolean":
            values[field["name"]] = typed == "true"
        else:
            values[field["name"]] = typed
    new = [name for each in form.text("new-groups").split(",") if (name := each.strip())]
    return {
        "name": form.trimmed("name"),
        "language": form.trimmed("language"),
        "time_zone": form.trimmed("time_zone"),
        "fields": values,
        "groups": list(dict.fromkeys([*form.chosen("groups"), *new])),
    }


async def export(view: View) -> Response:
    """Download the contacts that match the filters, as a table."""
    filters: Any = {name: value for name in ("q", "group", "segment") if (value := view.asked(name))}
    portions = view.gateway.export_contacts(format="csv", **filters)
    headers = {"Content-Disposition": 'attachment; filename="contacts.csv"'}
    return StreamingResponse(portions, media_type="text/csv", headers=headers)


_ASKS = {
    "delete": N_("Delete this contact? Its texts stay."),
    "merge": N_("Merge the contact %(name)s into this one? It is deleted."),
}
PAGES = [
    Page("/contacts", contacts),
    Page("/contacts/new", new_contact),
    Page("/contacts/new", save, "POST"),
    Page("/contacts/export", export),
    Page("/contacts/{id}", contact),
    Page("/contacts/{id}", change, "POST", asks=_ASKS, named="other"),
]
