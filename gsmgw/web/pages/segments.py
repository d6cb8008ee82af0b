"""The builder of segments: rows or text, with the people who are in it. It is part of other forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import HTMLResponse, Response

from gsmgw.client import ApiError
from gsmgw.web import segments
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources

#: The value of a button of the builder: ``build:NAME:ACTION:PATH``.
PREFIX = "build:"
#: The names under which forms have a segment.
NAMES = ("segment", "without")


@dataclass(slots=True)
class Builder:
    """A segment as a form shows it."""

    name: str
    mode: str
    root: segments.Group
    preview: resources.SegmentPreview | None
    #: Where the text is wrong, counted from 1.
    column: int | None
    names: dict[str, list[str]]
    types: dict[str, str]
    fields: list[resources.ContactField]

    def choices(self, row: segments.Condition) -> list[str]:
        """Return the values among which a row chooses; none if it takes any."""
        if row.check not in ("text:=", "text:!="):
            return []
        known = self.names.get(row.field) or next(
            (each["choices"] for each in self.fields if each["name"] == row.field and each["choices"]), []
        )
        return [*known, row.value] if known and row.value and row.value not in known else known

    def checks(self, row: segments.Condition) -> tuple[str, ...]:
        """Return the comparisons of the field of a row."""
        return segments.CHECKS_OF[self.types.get(row.field, "text")]


async def change(view: View, form: Form) -> bool:
    """Do what a button of a builder says; return False if the form was sent by another button."""
    action = form.text("action")
    if not action.startswith(PREFIX):
        return False
    _, name, what, path = (*action.split(":"), "", "")[:4]
    if name not in NAMES:
        return True
    root = segments.read(form, name, segments.types_of(await view.gateway.fields()))
    if what == "text":
        await settle(view, form, name)
        if name not in form.errors:
            form.put({f"{name}-mode": "text"})
    elif what == "visual":
        await _to_rows(view, form, name)
    else:
        segments.edit(root, what, path)
        segments.write(form, name, root)
    return True


async def _to_rows(view: View, form: Form, name: str) -> None:
    text = form.trimmed(name)
    if text is None:
        segments.write(form, name, segments.Group(parts=[segments.Condition()]))
    else:
        try:
            tree = (await view.gateway.preview_segment(text))["tree"]
        except ApiError as exc:
            _refuse(view, form, name, exc)
            return
        segments.write(form, name, segments.group_of(tree))
    form.put({f"{name}-mode": "visual"})


def _refuse(view: View, form: Form, name: str, exc: ApiError) -> None:
    form.refuse(exc, view.look.words, {"/segment": name, "/tree": name, "invalid_segment": name})


async def settle(view: View, form: Form, name: str) -> str | None:
    """Return the segment as text, also if it was made of rows; what is wrong with it stands beside the field."""
    if form.text(f"{name}-mode") != "visual":
        return form.trimmed(name)
    root = segments.read(form, name, segments.types_of(await view.gateway.fields()))
    text = ""
    if (tree := tree_in(view, form, name, root)) is not None:
        try:
            text = (await view.gateway.preview_segment(tree=tree))["segment"]
        except ApiError as exc:
            _refuse(view, form, name, exc)
            return None
    form.put({name: text})
    return text or None


def tree_in(view: View, form: Form, name: str, root: segments.Group) -> segments.Json | None:
    """Return the tree of rows; None if there is none yet, or if a row is not complete."""
    if any(row.field and not row.is_whole for row in segments.conditions_of(root)):
        form.errors[name] = view.say(N_("A condition has no value yet."))
        return None
    return segments.tree_of(root)


async def shown(view: View, form: Form, name: str = "segment") -> Builder:
    """Return the segment of a form as it is shown, with the people who are in it."""
    gateway = view.gateway
    fields = await gateway.fields()
    types = segments.types_of(fields)
    mode = form.text(f"{name}-mode") or ("text" if form.trimmed(name) else "visual")
    root = segments.read(form, name, types)
    if not root.parts:
        root.parts.append(segments.Condition())
    builder = Builder(name, mode, root, None, None, await _names(view), types, fields)
    wanted: dict[str, Any] = {}
    if mode != "visual" and (text := form.trimmed(name)) is not None:
        wanted["segment"] = text
    elif mode == "visual" and (tree := tree_in(view, form, name, root)) is not None:
        wanted["tree"] = tree
    if wanted:
        try:
            builder.preview = await gateway.preview_segment(**wanted)
        except ApiError as exc:
            _refuse(view, form, name, exc)
            entries = exc.problem.get("errors") or []
            builder.column = next((each["column"] for each in entries if each.get("column")), None)
    return builder


async def _names(view: View) -> dict[str, list[str]]:
    return {
        "group": [each["name"] for each in await view.gateway.groups()],
        "campaign": [each["name"] for each in await view.gateway.campaigns()],
        "consent": list(segments.CONSENTS),
    }


async def build(view: View) -> Response:
    """Show the builder again after a change in it, for a page with JavaScript."""
    form = await view.form()
    name = form.text("builder") if form.text("builder") in NAMES else NAMES[0]
    action = form.text("action")
    if action.startswith(PREFIX) and action.split(":")[1] in NAMES:
        name = action.split(":")[1]
    await change(view, form)
    html = view.look.part("fragments/builder.html", form=form, builder=await shown(view, form, name))
    return HTMLResponse(html)


PAGES = [Page("/segments/build", build, "POST")]
