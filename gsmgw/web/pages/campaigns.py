"""Campaigns: the list, the review of a draft, and what happens while one runs and after it."""

from __future__ import annotations

from starlette.responses import Response, StreamingResponse

from gsmgw.client import ApiError, AsyncClient
from gsmgw.web import campaign_forms as forms
from gsmgw.web import words
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.live.regions import partial, region
from gsmgw.web.look import Look
from gsmgw.web.pages.texting import moment_of, ways
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources

LIMIT = 50
#: Events that may change the counts of a campaign.
_CHANGING = ("message.sent", "message.delivered", "message.failed", "message.undelivered", "message.received")
#: Actions on a campaign that was started.
ACTIONS = ("pause", "resume", "cancel", "unschedule")
#: Questions before actions.
_ASKS = {
    "start": N_("Start this campaign?"),
    "cancel": N_("Cancel this campaign? Texts that wait are not sent."),
    "delete": N_("Delete this campaign? Its texts stay."),
}
#: States in which pace, hours and modems can be changed.
ADJUSTABLE = ("scheduled", "running", "paused")
#: Filters of the recipients: a state of the API, or the states of messages.
RECIPIENTS = {
    "": N_("all"),
    "waiting": N_("Waiting"),
    "queued": N_("Handed to the queue"),
    "skipped": N_("Left out"),
}
SENT = {
    each: words.STATUS[each]
    for each in ("sending", "sent", "delivered", "undelivered", "failed", "expired", "canceled", "unknown")
}


async def campaigns(view: View) -> Response:
    """List the campaigns."""
    state, cursor = view.asked("state"), view.asked("cursor")
    state = state if state in words.CAMPAIGN else ""
    page = await view.gateway.campaign_page(state=state or None, limit=LIMIT, cursor=cursor or None)
    following = page["next_cursor"]
    return view.render(
        "campaigns.html",
        campaigns=page["data"],
        state=state,
        following=view.look.url("/campaigns", state=state, cursor=following) if following else "",
        first=view.look.url("/campaigns", state=state) if cursor else "",
    )


async def campaign(view: View) -> Response:
    """Show a campaign: a draft with its review, else its progress and results."""
    found = await view.gateway.campaign(view.path("id"))
    form = Form(values=forms.values_of(found))
    form.put({"send_at": view.asked("send_at")})
    return await _show(view, form)


async def _show(view: View, form: Form, status: int = 200) -> Response:
    found = await view.gateway.campaign(view.path("id"))
    review: resources.CampaignReview | None = None
    problem = ""
    is_draft = found["state"] == "draft"
    if is_draft:
        try:
            review = await view.gateway.review_campaign(found["id"])
        except ApiError as exc:
            problem = exc.detail
    makes_runs = found["repeat"] is not None or found["date_trigger"] is not None
    modems, pools = await ways(view)
    return view.render(
        "campaign.html",
        status,
        campaign=found,
        review=review,
        problem=problem,
        form=form,
        results=None if is_draft else await view.gateway.campaign_results(found["id"]),
        runs=await view.gateway.campaign_runs(found["id"]) if makes_runs and not is_draft else [],
        makes_runs=makes_runs,
        modems=modems,
        pools=pools,
        days=forms.DAYS,
        adjustable=found["state"] in ADJUSTABLE,
        zone=str(view.look.zone),
        regions=[] if is_draft else [f"campaign:{found['id']}"],
    )


async def act(view: View) -> Response:
    """Start, pause, resume, change, cancel or delete a campaign, or text those again whose message failed."""
    form = await view.form()
    number, action = view.path("id"), form.text("action")
    try:
        if action == "start":
            send_at = moment_of(view, form)
            if form.errors:
                return await _show(view, form, 422)
            await view.gateway.start_campaign(number, send_at)
        elif action == "adjust":
            await _adjust(view, form)
            return view.redirect(f"/campaigns/{number}", done="saved")
        elif action == "retry":
            await view.gateway.retry_campaign(number)
        elif action == "delete":
            await view.gateway.delete_campaign(number)
            return view.redirect("/campaigns", done="deleted")
        elif action in ACTIONS:
            await view.gateway.act_on_campaign(number, action)
    except ApiError as exc:
        form.refuse(exc, view.look.words, forms.FIELDS)
        return await _show(view, form, exc.status)
    return view.redirect(f"/campaigns/{number}", done=action if action in words.DONE else None)


async def _adjust(view: View, form: Form) -> None:
    """Change pace, hours and modems of a campaign that was started; the rest stays."""
    found = await view.gateway.campaign(view.path("id"))
    whole = Form(values=forms.values_of(found))
    name, audience, rest = forms.plan_of(whole, found["audience"]["segment"], found["exclude"]["segment"])
    await view.gateway.put_campaign(found["id"], name, audience, **{**rest, **forms.sending_of(form)})


async def recipients(view: View) -> Response:
    """List the recipients of a campaign."""
    found = await view.gateway.campaign(view.path("id"))
    asked = {"state": view.asked("state"), "reason": view.asked("reason")}
    filters = {
        "state": asked["state"] if asked["state"] in {**RECIPIENTS, **SENT} else "",
        "reason": asked["reason"] if asked["reason"] in words.SKIPPED else "",
    }
    path, cursor = f"/campaigns/{found['id']}/recipients", view.asked("cursor")
    page = await view.gateway.campaign_recipient_page(
        found["id"],
        **{"status" if filters["state"] in SENT else "state": filters["state"] or None},
        reason=filters["reason"] or None,
        limit=LIMIT,
        cursor=cursor or None,
    )
    following = page["next_cursor"]
    return view.render(
        "recipients.html",
        campaign=found,
        recipients=page["data"],
        filters=filters,
        states=RECIPIENTS,
        sent=SENT,
        following=view.look.url(path, **filters, cursor=following) if following else "",
        first=view.look.url(path, **filters) if cursor else "",
    )


async def export(view: View) -> Response:
    """Download how a campaign went, a row for each recipient."""
    portions = view.gateway.export_campaign_results(view.path("id"), spreadsheet=True)
    headers = {"Content-Disposition": 'attachment; filename="recipients.csv"'}
    return StreamingResponse(portions, media_type="text/csv", headers=headers)


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
    Page("/campaigns/{id}", campaign),
    Page("/campaigns/{id}", act, "POST", asks=_ASKS),
    Page("/campaigns/{id}/recipients", recipients),
    Page("/campaigns/{id}/export", export),
]
