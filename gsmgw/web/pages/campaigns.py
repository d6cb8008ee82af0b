"""Campaigns: a text to many people, reviewed before it goes, and followed while it runs."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from gsmgw.client import ApiError, AsyncClient
from gsmgw.digits import is_digits
from gsmgw.web import words
from gsmgw.web.forms import Form
from gsmgw.web.live.regions import partial, region
from gsmgw.web.look import Look
from gsmgw.web.pages.compose import numbers_of
from gsmgw.web.pages.texting import moment_of
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources

FIELDS = {
    "/name": "name",
    "/audience/segment": "segment",
    "/audience/numbers": "numbers",
    "/audience/groups": "groups",
    "/audience": "groups",
    "/text": "text",
    "/pace": "per_minute",
    "/windows": "hours",
    "/send_at": "send_at",
    "invalid_segment": "segment",
    "invalid_template": "text",
}
#: Events that may change the counts of a campaign.
_CHANGING = ("message.sent", "message.delivered", "message.failed", "message.undelivered", "message.received")
#: Actions on a campaign that was started.
ACTIONS = ("pause", "resume", "cancel", "unschedule")


async def campaigns(view: View) -> Response:
    """List the campaigns."""
    return view.render("campaigns.html", campaigns=await view.gateway.campaigns())


async def new_campaign(view: View) -> Response:
    """Show the form of a new campaign."""
    return await _form(view, Form())


async def edit(view: View) -> Response:
    """Show the form of a draft."""
    found = await view.gateway.campaign(view.path("id"))
    values = {
        "name": found["name"],
        "groups": ", ".join(found["audience"]["groups"]),
        "segment": found["audience"]["segment"] or "",
        "numbers": "\n".join(found["audience"]["numbers"]),
        "text": found["variants"][0]["text"] if found["variants"] else "",
        "hours": found["windows"]["hours"] or "",
        "per_minute": str(found["pace"]["per_minute"] or ""),
    }
    return await _form(view, Form(values=values), found)


async def _form(view: View, form: Form, known: resources.Campaign | None = None, status: int = 200) -> Response:
    return view.render(
        "campaign_form.html",
        status,
        form=form,
        campaign=known,
        groups=await view.gateway.groups(),
        fields=await view.gateway.fields(),
    )


def _plan(form: Form) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return name, audience and the rest of a campaign."""
    audience = {
        "groups": [name for each in form.text("groups").split(",") if (name := each.strip())],
        "segment": form.trimmed("segment"),
        "numbers": numbers_of(form.text("numbers")),
    }
    rest: dict[str, Any] = {"text": form.text("text"), "windows": {"hours": form.trimmed("hours")}}
    if (pace := form.trimmed("per_minute")) is not None:
        rest["pace"] = {"per_minute": int(pace) if is_digits(pace) else pace}
    return form.text("name").strip(), audience, rest


async def save(view: View) -> Response:
    """Save a new draft and open its review."""
    form = await view.form()
    name, audience, rest = _plan(form)
    try:
        made = await view.gateway.create_campaign(name, audience, **rest)
    except ApiError as exc:
        form.refuse(exc, view.look.words, FIELDS)
        return await _form(view, form, None, exc.status)
    return view.redirect(f"/campaigns/{made['id']}")


async def change(view: View) -> Response:
    """Save a draft again."""
    form = await view.form()
    number = view.path("id")
    name, audience, rest = _plan(form)
    try:
        await view.gateway.put_campaign(number, name, audience, **rest)
    except ApiError as exc:
        form.refuse(exc, view.look.words, FIELDS)
        return await _form(view, form, await view.gateway.campaign(number), exc.status)
    return view.redirect(f"/campaigns/{number}", done="saved")


async def campaign(view: View) -> Response:
    """Show a campaign: a draft with its review, else its progress and results."""
    return await _show(view, Form(values={"send_at": view.asked("send_at")}))


async def _show(view: View, form: Form, status: int = 200) -> Response:
    found = await view.gateway.campaign(view.path("id"))
    review: resources.CampaignReview | None = None
    problem = ""
    if found["state"] == "draft":
        try:
            review = await view.gateway.review_campaign(found["id"])
        except ApiError as exc:
            problem = exc.detail
    return view.render(
        "campaign.html",
        status,
        campaign=found,
        review=review,
        problem=problem,
        form=form,
        results=None if found["state"] == "draft" else await view.gateway.campaign_results(found["id"]),
        zone=str(view.look.zone),
        regions=[] if found["state"] == "draft" else [f"campaign:{found['id']}"],
    )


async def act(view: View) -> Response:
    """Start, pause, resume, cancel or delete a campaign, or text those again whose message failed."""
    form = await view.form()
    number, action = view.path("id"), form.text("action")
    try:
        if action == "start":
            send_at = moment_of(view, form)
            if form.errors:
                return await _show(view, form, 422)
            await view.gateway.start_campaign(number, send_at)
        elif action == "retry":
            await view.gateway.retry_campaign(number)
        elif action == "delete":
            await view.gateway.delete_campaign(number)
            return view.redirect("/campaigns", done="deleted")
        elif action in ACTIONS:
            await view.gateway.act_on_campaign(number, action)
    except ApiError as exc:
        form.refuse(exc, view.look.words, FIELDS)
        return await _show(view, form, exc.status)
    return view.redirect(f"/campaigns/{number}", done=action if action in words.DONE else None)


def _concerns(event: resources.Event, number: str) -> bool:
    if event["type"] == "campaign.state_changed":
        return True
    return event["type"].startswith(_CHANGING)


@region("campaign", _concerns, pause_s=1.0)
async def _progress(look: Look, gateway: AsyncClient, number: str) -> str:
    found, results = await gateway.campaign(number), await gateway.campaign_results(number)
    return partial("progress", look.part("fragments/progress.html", campaign=found, results=results))


PAGES = [
    Page("/campaigns", campaigns),
    Page("/campaigns/new", new_campaign),
    Page("/campaigns/new", save, "POST"),
    Page("/campaigns/{id}", campaign),
    Page("/campaigns/{id}", act, "POST"),
    Page("/campaigns/{id}/edit", edit),
    Page("/campaigns/{id}/edit", change, "POST"),
]
