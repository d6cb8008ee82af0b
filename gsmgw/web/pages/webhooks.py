"""Webhooks: one with its settings and its delivery log, and a new one."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from starlette.responses import Response

from gsmgw.client import ApiError, AsyncClient, part
from gsmgw.digits import is_digits
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.live.regions import partial, region
from gsmgw.web.look import Look
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources

#: Deliveries on a page.
LIMIT = 50
STATES = ("pending", "delivered", "failed")
FIELDS = {
    "/url": "url",
    "/description": "description",
    "/events": "events",
    "/tags": "tags",
    "/modems": "modems",
    "/since": "since",
    "target_refused": "url",
}
#: Hours for which the previous secret of a webhook signs too.
_KEEP_S = 86_400


def _words(text: str) -> list[str]:
    return [word for each in text.split(",") if (word := each.strip())]


def _settings(form: Form) -> dict[str, Any]:
    """Return the settings of a webhook as they were typed."""
    return {
        "description": form.text("description").strip(),
        "events": _words(form.text("events")),
        "tags": _words(form.text("tags")),
        "modems": _words(form.text("modems")),
        "ordered": form.checked("ordered"),
    }


async def new(view: View) -> Response:
    """Show the form of a webhook."""
    form = Form(values={"events": "message.received", "ordered": "yes"})
    return view.render("webhook_form.html", form=form)


async def create(view: View) -> Response:
    """Add a webhook and show its secret once."""
    form = await view.form()
    try:
        made = await view.gateway.create_webhook(form.text("url").strip(), **_settings(form))
    except ApiError as exc:
        form.refuse(exc, view.look.words, FIELDS)
        return view.render("webhook_form.html", exc.status, form=form)
    return view.render("webhook_secret.html", webhook=made, is_new=True)


def _form_of(webhook: resources.Webhook) -> Form:
    lists = {name: ", ".join(webhook[name]) for name in ("events", "tags", "modems")}
    plain = {"url": webhook["url"], "description": webhook["description"]}
    return Form(values={**plain, **lists, "ordered": "yes" if webhook["ordered"] else ""})


async def webhook(view: View) -> Response:
    """Show one webhook with its delivery log."""
    return await _show(view, None)


async def _show(view: View, form: Form | None, status: int = 200, tested: resources.Delivery | None = None) -> Response:
    number, state, cursor = view.path("id"), view.asked("state"), view.asked("cursor")
    found = await view.gateway.webhook(number)
    wanted = state if state in STATES else None
    log = await view.gateway.webhook_delivery_page(number, state=wanted, limit=LIMIT, cursor=cursor or None)
    here = f"/webhooks/{part(number)}"
    following = log["next_cursor"]
    return view.render(
        "webhook.html",
        status,
        webhook=found,
        form=form if form is not None and form.text("action") == "save" else _with_errors(_form_of(found), form),
        tested=tested,
        since=form.text("since") if form is not None else "",
        deliveries=log["data"],
        regions=[] if cursor or wanted else [f"deliveries:{found['id']}"],
        states=STATES,
        state=wanted or "",
        here=here,
        following=view.look.url(here, state=wanted, cursor=following) if following else "",
        first=view.look.url(here, state=wanted) if cursor else "",
    )


def _with_errors(shown: Form, sent: Form | None) -> Form:
    if sent is not None:
        shown.errors = sent.errors
    return shown


async def act(view: View) -> Response:
    """Change, pause, resume, test or delete a webhook, give it a new secret, or deliver events again."""
    form = await view.form()
    number, action = view.path("id"), form.text("action")
    try:
        return await _act(view, form, number, action)
    except ApiError as exc:
        form.refuse(exc, view.look.words, FIELDS)
        return await _show(view, form, exc.status)


async def _act(view: View, form: Form, number: str, action: str) -> Response:
    gateway = view.gateway
    if action == "delete":
        await gateway.delete_webhook(number)
        return view.redirect("/integrations", done="deleted")
    if action == "secret":
        made = await gateway.rotate_webhook_secret(number, keep_former=_KEEP_S)
        return view.render("webhook_secret.html", webhook=made, is_new=False)
    if action == "test":
        return await _show(view, form, tested=await gateway.test_webhook(number))
    if action == "save":
        await gateway.change_webhook(number, url=form.text("url").strip(), **_settings(form))
    elif action == "pause":
        await gateway.pause_webhook(number)
    elif action in ("resume", "skip"):
        await gateway.resume_webhook(number, skip=action == "skip")
    elif action == "replay":
        await _replay(view, form, number)
        if form.errors:
            return await _show(view, form, 422)
    return view.redirect(f"/webhooks/{part(number)}", done="again" if action == "replay" else "saved")


async def _replay(view: View, form: Form, number: str) -> None:
    """Deliver one event again, or all since a moment in the user's time zone."""
    event = form.text("event")
    if is_digits(event):
        await view.gateway.replay_webhook(number, event=int(event))
        return
    try:
        since = datetime.fromisoformat(form.text("since")).replace(tzinfo=view.look.zone)
    except ValueError:
        form.errors["since"] = view.say(N_("Choose a date and a time."))
        return
    await view.gateway.replay_webhook(number, since=since.isoformat())


@region("deliveries", lambda event, _: not event["type"].startswith("hook."), pause_s=2.0)
async def _deliveries_region(look: Look, gateway: AsyncClient, number: str) -> str:
    """The newest deliveries. Their outcome is not an event: its consequence, or the heartbeat of the page, shows it."""
    log = await gateway.webhook_delivery_page(number, limit=LIMIT)
    context = {"deliveries": log["data"], "state": "", "here": f"/webhooks/{part(number)}"}
    return partial("deliveries", look.part("fragments/deliveries.html", **context))


async def delivery(view: View) -> Response:
    """Show one delivery: its payload and its attempts."""
    number, wanted = view.path("id"), view.path("delivery")
    found = await view.gateway.webhook_delivery(number, int(wanted) if is_digits(wanted) else 0)
    request = found["request"]
    return view.render(
        "delivery.html",
        webhook=await view.gateway.webhook(number),
        delivery=found,
        payload="" if request is None else _indented(request["body"]),
    )


def _indented(body: str) -> str:
    """Return JSON in lines; anything else as it is."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body


_ASKS = {
    "delete": N_("Delete this webhook and its delivery log? Events that wait for it are dropped."),
    "secret": N_("Make a new secret? The present one also signs for another day."),
    "skip": N_("Resume without what failed? These events are not delivered."),
}
PAGES = [
    Page("/webhooks/new", new),
    Page("/webhooks/new", create, "POST"),
    Page("/webhooks/{id}", webhook),
    Page("/webhooks/{id}", act, "POST", asks=_ASKS),
    Page("/webhooks/{id}/deliveries/{delivery}", delivery),
]
