"""The first steps: a modem, a text to yourself and its answer, a token for a program."""

from __future__ import annotations

import uuid

from starlette.responses import Response

from gsmgw.client import ApiError, AsyncClient
from gsmgw.web import cookies
from gsmgw.web.curl import curl_lines
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.live.regions import of_kinds, partial, region
from gsmgw.web.look import Look
from gsmgw.web.routing import Page
from gsmgw.web.sessions import Visitor
from gsmgw.web.view import View
from gsmgw.wire import resources

_SKIPPED = "gsmgw_start"
_HELLO = N_("Hello from gsmgw. Please answer this text.")


async def start(view: View) -> Response:
    """Show the steps."""
    return await _show(view, Form(values={"sent": view.asked("text")}))


async def _show(view: View, form: Form, status: int = 200, token: resources.NewToken | None = None) -> Response:
    gateway, sent = view.gateway, form.text("sent")
    exchange = await _exchange(gateway, sent)
    to = (exchange["message"] and exchange["message"]["to"]) or ""
    curl = [] if token is None else await curl_lines(view, token, to)
    return view.render(
        "start.html",
        status,
        form=form,
        key=str(uuid.uuid4()),
        hello=view.say(_HELLO),
        modems=await gateway.modems(),
        token=token,
        curl=curl,
        regions=["start-modems", *([f"start-text:{sent}"] if exchange["message"] else [])],
        **exchange,
    )


async def _exchange(gateway: AsyncClient, sent: str) -> dict[str, resources.Message | None]:
    """Return the text that was sent to oneself, and the first answer to it."""
    if not sent:
        return {"message": None, "answer": None}
    try:
        message = await gateway.message(sent)
    except ApiError:
        return {"message": None, "answer": None}
    answers = await gateway.page(direction="inbound", peer=message["to"], since=message["created_at"], limit=1)
    return {"message": message, "answer": next(iter(answers["data"]), None)}


async def act(view: View) -> Response:
    """Unlock a SIM, send a text to oneself, make a token, or leave the guide."""
    form = await view.form()
    action = form.text("action")
    try:
        if action == "pin" and form.text("modem"):
            await view.gateway.modem(form.text("modem"), "pin", {"pin": form.text("pin").strip()})
            return view.redirect("/start", text=form.text("sent"), done="pin")
        if action == "text":
            key = form.text("key") or None
            message = await view.gateway.send(form.text("to").strip(), form.text("text"), key=key)
            return view.redirect("/start", text=message["id"])
        if action == "token":
            token = await view.gateway.create_token(form.text("name").strip())
            return await _show(view, form, token=token)
    except ApiError as exc:
        fields = {"/to": "to", "/text": "text", "/name": "name", "/pin": "pin", "invalid_number": "to"}
        fields |= {"modem_failed": "pin", "empty_message": "text", "too_long": "text", "recipient_opted_out": "to"}
        form.refuse(exc, view.look.words, {**fields, "wrong_state": "name" if action == "token" else ""})
        return await _show(view, form, exc.status)
    response = view.redirect("/")
    cookies.keep_choice(view.request, response, _SKIPPED, "yes")
    return response


async def is_first_time(view: View, visitor: Visitor) -> bool:
    """Return True for an owner of a gateway that has exchanged no text, who has not left the guide."""
    if visitor.user["role"] != "owner" or cookies.choice_of(view.request, _SKIPPED):
        return False
    return not (await visitor.gateway.page(limit=1))["data"]


@region("start-modems", of_kinds("modem.", "sim."))
async def _modems_region(look: Look, gateway: AsyncClient, _: str) -> str:
    return partial("start-modems", look.part("fragments/start_modems.html", modems=await gateway.modems()))


@region("start-text", lambda event, _: event["type"].startswith("message."))
async def _text_region(look: Look, gateway: AsyncClient, number: str) -> str:
    exchange = await _exchange(gateway, number)
    return partial("start-text", look.part("fragments/start_text.html", **exchange)) if exchange["message"] else ""


PAGES = [Page("/start", start), Page("/start", act, "POST")]
