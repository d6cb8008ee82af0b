"""The import of contacts: check, map columns, import, undo."""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata

from starlette.responses import Response

from gsmgw.client import ApiError
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources

#: An import that is checked and not yet done is kept in the page: this much of it, bytes.
PREVIEW_BYTES = 1024 * 1024
#: Meanings that a column can have besides the declared fields.
TARGETS = {
    "number": N_("Number"),
    "name": N_("Name"),
    "first_name": N_("First name"),
    "middle_name": N_("Middle name"),
    "last_name": N_("Last name"),
    "groups": N_("Groups"),
    "language": N_("Language"),
    "time_zone": N_("Time zone"),
}
#: The choices for a column that is not imported, and for one that becomes a field of its own.
IGNORED, NEW_FIELD = "-", "+"


async def import_form(view: View) -> Response:
    """Show the form of an import."""
    return await _show(view, Form())


async def _show(
    view: View, form: Form, status: int = 200, report: resources.ContactImport | None = None, kept: str = ""
) -> Response:
    fields = [each["name"] for each in await view.gateway.fields()]
    return view.render(
        "import.html",
        status,
        form=form,
        report=report,
        kept=kept,
        groups=[group["name"] for group in await view.gateway.groups() if group["segment"] is None],
        targets=TARGETS,
        fields=fields,
        wanted=dict(zip(form.all("column"), form.all("target"), strict=False)),
        found=dict(zip(form.all("column"), form.all("was"), strict=False)),
    )


def _chosen(form: Form) -> dict[str, str]:
    """Return what the user said that columns are, where it is not what the gateway finds by itself."""
    targets, found = form.all("target"), form.all("was")
    rows = zip(form.all("column"), targets, found, strict=False)
    return {column: target for column, target, was in rows if target != was}


async def run_import(view: View) -> Response:
    """Check a file, or import it: the first only says what would be done."""
    form = await view.form()
    is_check = form.text("action") != "import"
    file = await form.file("file") or _kept(form) or form.text("pasted").encode()
    if not file.strip():
        form.errors["file"] = view.say(N_("Choose a file, or paste a table."))
        return await _show(view, form, 422)
    group, chosen = form.trimmed("group"), _chosen(form)
    try:
        if not is_check:
            chosen |= await _new_fields(view, chosen)
        left = [column for column, target in chosen.items() if target in (IGNORED, NEW_FIELD)]
        mapping = {target: column for column, target in chosen.items() if column not in left}
        if len(mapping) + len(left) < len(chosen):
            form.errors["file"] = view.say(N_("Two columns cannot be the same."))
            return await _show(view, form, 422)
        report = await view.gateway.import_contacts(
            file,
            dry_run=is_check,
            skip_bad=is_check or form.checked("skip_bad"),
            mapping=mapping,
            ignore=left,
            groups=[group] if group else [],
        )
    except ApiError as exc:
        form.refuse(exc, view.look.words, {})
        return await _show(view, form, exc.status)
    kept = base64.b64encode(file).decode() if is_check and len(file) <= PREVIEW_BYTES else ""
    return await _show(view, form, 200, report, kept)


def _kept(form: Form) -> bytes:
    try:
        return base64.b64decode(form.text("kept"), validate=True)
    except (binascii.Error, ValueError):
        return b""


async def _new_fields(view: View, chosen: dict[str, str]) -> dict[str, str]:
    """Declare the fields that columns become, and return them."""
    new = {column: field_name(column) for column, target in chosen.items() if target == NEW_FIELD}
    for name in new.values():
        await view.gateway.put_field(name, "text")
    return new


def field_name(column: str) -> str:
    """Return the name of a field for a column: a to z, digits and _."""
    letters = column.lower().translate({ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss"})
    plain = unicodedata.normalize("NFKD", letters).encode("ascii", "ignore").decode()
    name = re.sub("[^a-z0-9]+", "_", plain).strip("_")[:40]
    return name if name[:1].isalpha() else f"field_{name}"[:40].rstrip("_")


async def undo(view: View) -> Response:
    """Undo an import."""
    await view.form()
    await view.gateway.undo_import(view.path("id"))
    return view.redirect("/contacts", done="undone")


_UNDO = N_("Undo this import? Contacts that were changed since stay.")
PAGES = [
    Page("/contacts/import", import_form),
    Page("/contacts/import", run_import, "POST"),
    Page("/contacts/import/{id}/undo", undo, "POST", asks={"": _UNDO}, back="/contacts/import"),
]
