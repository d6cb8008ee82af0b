"""Drips, which text people step by step, and open questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from gsmgw.client import ApiError, part
from gsmgw.digits import is_digits
from gsmgw.web.campaign_forms import DAYS
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.pages import segments
from gsmgw.web.pages.compose import numbers_of
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources

LIMIT = 50
#: Steps of one drip at most.
MOST_STEPS = 50
#: The values of a new drip.
_NEW: Mapping[str, str | list[str]] = {
    "delay": "1d",
    "step-text": "",
    "step-template": "",
    "ends_on_answer": "1",
    "purpose": "marketing",
}
_FIELDS = {
    "/name": "name",
    "/list": "list",
    "/late_hours": "late_hours",
    "/windows/days": "days",
    "/windows": "hours",
    "wrong_state": "name",
    "invalid_template": "step-text-0",
}
_ENROLL = {"/numbers": "numbers", "/segment": "segment", "/group": "group", "invalid_segment": "segment", "": "numbers"}
_PURPOSES = {
    "marketing": N_("advertising"),
    "transactional": N_("part of an order or appointment"),
    "conversation": N_("part of a conversation"),
}


async def drips(view: View) -> Response:
    """List the drips."""
    return view.render("drips.html", drips=await view.gateway.drips())


async def new_drip(view: View) -> Response:
    """Show the form of a new drip."""
    return await _form(view, Form(values=_NEW), None)


async def edit(view: View) -> Response:
    """Show the form of a drip."""
    found = await view.gateway.drip(view.path("name"))
    return await _form(view, Form(values=values_of(found)), found)


def values_of(found: resources.Drip) -> dict[str, str | list[str]]:
    """Return the fields of the form for a drip."""
    return {
        "name": found["name"],
        "delay": [each["delay"] for each in found["steps"]],
        "step-text": [each.get("text", "") for each in found["steps"]],
        "step-template": [each.get("template", "") for each in found["steps"]],
        "purpose": found["purpose"],
        "list": found["list"] or "",
        "ends_on_answer": "1" if found["ends_on_answer"] else [],
        "late_hours": str(found["late_hours"]),
        "hours": found["windows"]["hours"] or "",
        "days": found["windows"]["days"],
    }


async def _form(view: View, form: Form, known: resources.Drip | None, status: int = 200) -> Response:
    return view.render(
        "drip_form.html",
        status,
        form=form,
        drip=known,
        steps=_steps(form),
        templates=[each["name"] for each in await view.gateway.templates()],
        lists=[each["name"] for each in await view.gateway.consent_lists()],
        fields=await view.gateway.fields(),
        purposes=_PURPOSES,
        days=DAYS,
        most=MOST_STEPS,
    )


def _steps(form: Form) -> list[tuple[str, str, str]]:
    """Return delay, text and template of each step."""
    return list(zip(*(form.all(name) for name in ("delay", "step-text", "step-template")), strict=False))


def _change_steps(form: Form) -> bool:
    """Add, move or remove a step; return False if another button was pressed."""
    action, _, place = form.text("action").partition(":")
    steps = _steps(form)
    at = int(place) if is_digits(place) and len(place) < 4 else len(steps)
    if action == "add" and len(steps) < MOST_STEPS:
        steps.append(("1d", "", ""))
    elif action == "remove" and at < len(steps) > 1:
        del steps[at]
    elif action == "up" and 0 < at < len(steps):
        steps[at - 1 : at + 1] = [steps[at], steps[at - 1]]
    elif action not in ("add", "remove", "up"):
        return False
    for part_of, name in enumerate(("delay", "step-text", "step-template")):
        form.put({name: [step[part_of] for step in steps]})
    return True


async def save(view: View) -> Response:
    """Create a drip."""
    return await _save(view, await view.form(), None)


async def save_again(view: View) -> Response:
    """Save a drip."""
    return await _save(view, await view.form(), await view.gateway.drip(view.path("name")))


async def _save(view: View, form: Form, known: resources.Drip | None) -> Response:
    if _change_steps(form):
        return await _form(view, form, known)
    steps = [
        {"delay": delay.strip(), **({"template": template} if template else {"text": text})}
        for delay, text, template in _steps(form)
    ]
    late = form.whole("late_hours")
    rest: dict[str, Any] = {
        "purpose": form.text("purpose") or "marketing",
        "list": form.trimmed("list"),
        "ends_on_answer": form.checked("ends_on_answer"),
        "windows": {"hours": form.trimmed("hours"), "days": form.chosen("days")},
        **({} if late is None else {"late_hours": late}),
    }
    name = form.text("name").strip()
    try:
        if known is None:
            await view.gateway.create_drip(name, steps, **rest)
        else:
            name = known["name"]
            await view.gateway.put_drip(name, steps, **rest)
    except ApiError as exc:
        places = {
            f"/steps/{at}/{there}": f"{here}-{at}"
            for at in range(len(steps))
            for there, here in (("delay", "delay"), ("text", "step-text"), ("template", "step-text"))
        }
        places |= {f"/steps/{at}": f"step-text-{at}" for at in range(len(steps))}
        form.refuse(exc, view.look.words, {**places, "/steps": "delay-0", **_FIELDS})
        return await _form(view, form, known, exc.status)
    return view.redirect(f"/drips/{part(name)}", done="saved")


async def drip(view: View) -> Response:
    """Show a drip with its people."""
    return await _show(view, Form())


async def _show(view: View, form: Form, status: int = 200) -> Response:
    found = await view.gateway.drip(view.path("name"))
    shown, cursor = view.asked("show"), view.asked("cursor")
    active = {"active": True, "ended": False}.get(shown)
    page = await view.gateway.drip_people_page(found["name"], active=active, limit=LIMIT, cursor=cursor or None)
    path, following = f"/drips/{part(found['name'])}", page["next_cursor"]
    return view.render(
        "drip.html",
        status,
        form=form,
        drip=found,
        people=page["data"],
        shown=shown,
        groups=await view.gateway.groups(),
        builder=await segments.shown(view, form),
        days=DAYS,
        purposes=_PURPOSES,
        following=view.look.url(path, show=shown, cursor=following) if following else "",
        first=view.look.url(path, show=shown) if cursor else "",
    )


async def act(view: View) -> Response:
    """Pause, resume or delete a drip, enroll people or remove somebody."""
    form = await view.form()
    name, action, gateway = view.path("name"), form.text("action"), view.gateway
    path = f"/drips/{part(name)}"
    if await segments.change(view, form):
        return await _show(view, form, 422 if form.errors else 200)
    if action == "delete":
        await gateway.delete_drip(name)
        return view.redirect("/drips", done="deleted")
    try:
        if action in ("pause", "resume"):
            await gateway.act_on_drip(name, action)
        elif action == "remove":
            await gateway.remove_from_drip(name, form.text("number"))
        elif action == "enroll":
            segment = await segments.settle(view, form, "segment")
            if form.errors:
                return await _show(view, form, 422)
            numbers = numbers_of(form.text("numbers"))
            await gateway.enroll_in_drip(name, numbers, group=form.trimmed("group"), segment=segment)
    except ApiError as exc:
        form.refuse(exc, view.look.words, _ENROLL)
        return await _show(view, form, exc.status)
    return view.redirect(path, done="saved")


async def questions(view: View) -> Response:
    """List the open questions."""
    cursor = view.asked("cursor")
    page = await view.gateway.question_page(limit=LIMIT, cursor=cursor or None)
    following = page["next_cursor"]
    return view.render(
        "questions.html",
        questions=page["data"],
        following=view.look.url("/questions", cursor=following) if following else "",
        first=view.look.url("/questions") if cursor else "",
    )


async def close(view: View) -> Response:
    """Close a question: the next text of that number sets nothing."""
    form = await view.form()
    await view.gateway.close_question(form.text("number"))
    return view.redirect("/questions", done="saved")


PAGES = [
    Page("/drips", drips),
    Page("/new-drip", new_drip),
    Page("/new-drip", save, "POST"),
    Page("/drips/{name}", drip),
    Page("/drips/{name}", act, "POST", asks={"delete": N_("Delete this drip? Nobody gets further steps.")}),
    Page("/drips/{name}/edit", edit),
    Page("/drips/{name}/edit", save_again, "POST"),
    Page("/questions", questions),
    Page("/questions", close, "POST"),
]
