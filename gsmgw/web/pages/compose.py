"""Writing a text to one or more numbers."""

from __future__ import annotations

import re
import uuid
from datetime import datetime

from starlette.responses import HTMLResponse, Response

from gsmgw.client import ApiError
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import requests, resources

#: Numbers of one text; more are a campaign.
MOST = 500
#: The fields of the form by those of the API.
FIELDS = {
    "/to": "to",
    "/text": "text",
    "/modem": "modem",
    "/send_at": "send_at",
    "empty_message": "text",
    "too_long": "text",
    "invalid_number": "to",
    "recipient_opted_out": "to",
    "unknown_modem": "modem",
}
_BETWEEN = re.compile(r"[\n,;]+")


def numbers_of(text: str) -> list[str]:
    """Return the numbers in a field: separated by lines, commas or semicolons, each once."""
    return list(dict.fromkeys(number for each in _BETWEEN.split(text) if (number := each.strip())))


async def compose(view: View) -> Response:
    """Show the form."""
    form = Form(values={"to": view.asked("to"), "text": view.asked("text"), "key": str(uuid.uuid4())})
    return await _form(view, form)


async def _form(view: View, form: Form, status: int = 200, checked: list[str] | None = None) -> Response:
    return view.render(
        "compose.html",
        status,
        form=form,
        checked=checked,
        modems=[modem["name"] for modem in await view.gateway.modems()],
        preview=await seen(view, form.text("text")),
        zone=str(view.look.zone),
    )


async def seen(view: View, text: str) -> resources.Preview | None:
    """Return encoding and segments of a text; None without one."""
    if not text:
        return None
    try:
        return await view.gateway.preview(text)
    except ApiError:
        return None


async def meter(view: View) -> Response:
    """Show the segments of the text that is being typed."""
    form = await view.form()
    return HTMLResponse(view.look.part("fragments/meter.html", preview=await seen(view, form.text("text"))))


def moment_of(view: View, form: Form) -> str | None:
    """Return the sending time, from the user's time zone; None for now."""
    typed = form.trimmed("send_at")
    if typed is None:
        return None
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=view.look.zone).isoformat()
    except ValueError:
        form.errors["send_at"] = view.say(N_("This is not a valid time."))
        return None


async def send(view: View) -> Response:
    """Check the form, and send."""
    form = await view.form()
    numbers, text, send_at = numbers_of(form.text("to")), form.text("text"), moment_of(view, form)
    if not numbers:
        form.errors["to"] = view.say(N_("Write at least one number."))
    if len(numbers) > MOST:
        form.errors["to"] = view.say(N_("At most %(n)s numbers at once. Use a campaign for more."), n=MOST)
    if not text.strip():
        form.errors["text"] = view.say(N_("Write a text."))
    if form.errors:
        return await _form(view, form, 422)
    fields: requests.MessageFields = {}
    if modem := form.trimmed("modem"):
        fields["modem"] = modem
    if send_at:
        fields["send_at"] = send_at
    if (priority := form.text("priority")) in ("urgent", "bulk"):
        fields["priority"] = priority
    messages: list[requests.Message] = [{"to": number, "text": text, **fields} for number in numbers]
    if not await _is_fine(view, form, messages):
        return await _form(view, form, 422)
    if form.text("action") == "check":
        return await _form(view, form, checked=numbers)
    return await _accept(view, form, messages)


async def _is_fine(view: View, form: Form, messages: list[requests.Message]) -> bool:
    """Check all messages before any is sent; return True if each would be accepted."""
    try:
        for message, result in zip(messages, await view.gateway.preview_many(messages), strict=True):
            if "to" not in result:
                _refuse_one(view, form, message["to"], result["error"], len(messages))
    except ApiError as exc:
        form.refuse(exc, view.look.words, FIELDS)
    return not form.errors


async def _accept(view: View, form: Form, messages: list[requests.Message]) -> Response:
    key = form.text("key") or str(uuid.uuid4())
    done = "scheduled" if form.trimmed("send_at") else "sent"
    try:
        results = await view.gateway.send_many(messages, key=key)
    except ApiError as exc:
        form.refuse(exc, view.look.words, FIELDS)
        return await _form(view, form, exc.status)
    refused = [
        (message["to"], result["error"])
        for message, result in zip(messages, results, strict=True)
        if "id" not in result
    ]
    for number, problem in refused:
        _refuse_one(view, form, number, problem, len(messages))
    if refused:
        return await _form(view, form, 409)
    first = results[0]
    if len(results) == 1 and "id" in first:
        return view.redirect(f"/messages/{first['id']}", done=done)
    return view.redirect("/outbox", done=done)


def _refuse_one(view: View, form: Form, number: str, problem: resources.ProblemDocument, total: int) -> None:
    """Put the problem of one message beside its field; with several numbers it names the number."""
    single = Form()
    exc = ApiError(problem["status"], {**problem, "errors": None})
    single.refuse(exc, view.look.words, FIELDS)
    for name, sentence in single.errors.items():
        whole = f"{number}: {sentence}" if total > 1 and name in ("to", "") else sentence
        earlier = form.errors.get(name)
        if earlier is None or total == 1 or name not in ("to", ""):
            form.errors[name] = whole
        elif earlier.count("\n") < 9:
            form.errors[name] = f"{earlier}\n{whole}"


PAGES = [
    Page("/compose", compose),
    Page("/compose", send, "POST"),
    Page("/compose/meter", meter, "POST"),
]
