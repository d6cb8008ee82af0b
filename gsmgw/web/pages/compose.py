"""Writing a text to numbers, groups or a segment."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.responses import HTMLResponse, Response

from gsmgw.client import ApiError
from gsmgw.model.liquid import has_fields
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.names import contact_of
from gsmgw.web.pages import segments
from gsmgw.web.pages.texting import POOL, filled, metered, moment_of, people_of, step_to, ways
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import requests, resources

#: Numbers of one text; more are a campaign. The gateway takes that many in one batch.
MOST = 10_000
#: Numbers whose fields are filled in one by one; more are a campaign.
MOST_FILLED = 100
#: Contacts that a search shows, and those that can be chosen from searches.
MOST_FOUND, MOST_CHOSEN = 8, 100
#: The fields of the form by those of the API.
FIELDS = {
    "/to": "to",
    "/text": "text",
    "/modem": "modem",
    "/pool": "modem",
    "/modems": "modem",
    "/send_at": "send_at",
    "empty_message": "text",
    "too_long": "text",
    "invalid_number": "to",
    "recipient_opted_out": "to",
    "unknown_modem": "modem",
    "unknown_pool": "modem",
    "invalid_template": "text",
    "/audience/groups": "groups",
    "/audience/segment": "segment",
    "/audience/numbers": "to",
    "/variants": "text",
    "forbidden": "",
}
#: The tag of a text that its writer sends to himself.
TEST_TAG = "test"
#: The values of the page before the text was checked or tried.
_NOT_CHECKED: dict[str, object] = {
    "outlook": None,
    "sample": None,
    "tested": "",
    "people": [],
    "at": 0,
    "is_campaign": False,
}
_BETWEEN = re.compile(r"""[\n,;|\t]+|(?<=[0-9"'])\s+(?=\+|00[0-9])|\s{2,}""")


def numbers_of(text: str) -> list[str]:
    """Return the numbers in a field, each once.

    Between them are lines, commas, semicolons, tabs or several spaces; one space where a plus sign follows.
    """
    return list(dict.fromkeys(number for each in _BETWEEN.split(text) if (number := each.strip(" \"'<>\r"))))


@dataclass(slots=True)
class Outlook:
    """A prediction of what a text would do, made before it is sent."""

    recipients: int
    segments: int
    cost: float | None
    currency: str | None


@dataclass(slots=True)
class Letter:
    """The contents of the form."""

    numbers: list[str]
    groups: list[str]
    segment: str | None
    text: str
    fields: requests.MessageFields = field(default_factory=requests.MessageFields)

    @property
    def is_campaign(self) -> bool:
        """True if it goes to more people than a batch is for."""
        filled_one_by_one = has_fields(self.text) and len(self.numbers) > MOST_FILLED
        return bool(self.groups or self.segment or filled_one_by_one or len(self.numbers) > MOST)


async def compose(view: View) -> Response:
    """Show the form."""
    values = {name: view.asked(name) for name in ("to", "text", "segment", "group")}
    form = Form(values={**values, "groups": values.pop("group"), "key": str(uuid.uuid4())})
    return await _form(view, form)


async def _form(view: View, form: Form, status: int = 200, **more: object) -> Response:
    modems, pools = await ways(view)
    return view.render(
        "compose.html",
        status,
        form=form,
        modems=modems,
        pools=pools,
        groups=await view.gateway.groups(),
        fields=await view.gateway.fields(),
        templates=await view.gateway.templates(),
        builder=await segments.shown(view, form),
        found=await _found(view, form),
        zone=str(view.look.zone),
        **(await metered(view, form.text("text"), _numbers(form)[:1]))._asdict(),
        **{**_NOT_CHECKED, **more},
    )


async def send(view: View) -> Response:
    """Check the form, and send."""
    form = await view.form()
    action = form.text("action")
    if await segments.change(view, form):
        return await _form(view, form, 422 if form.errors else 200)
    if action == "template":
        return await _take_template(view, form)
    if action == "find" or (action == "check" and form.trimmed("find") and form.text("find") != form.text("found")):
        return await _form(view, form)
    letter = await _letter(view, form)
    if form.errors:
        return await _form(view, form, 422)
    try:
        if action in ("check", "next", "previous"):
            return await _check(view, form, letter)
        if action == "me":
            return await _to_me(view, form, letter)
        if letter.is_campaign:
            return await _as_campaign(view, form, letter)
        messages = await _messages(view, form, letter)
        if not form.errors and await _outlook(view, form, messages) is not None:
            return await _accept(view, form, messages)
    except ApiError as exc:
        form.refuse(exc, view.look.words, FIELDS)
        return await _form(view, form, exc.status)
    return await _form(view, form, 422)


async def _found(view: View, form: Form) -> list[tuple[str, str | None]]:
    """Return number and name of the contacts that were chosen, and of those that the search finds."""
    people: dict[str, str | None] = {}
    for number in form.chosen("people")[:MOST_CHOSEN]:
        contact = await contact_of(view.gateway, number)
        people[number] = contact["name"] if contact else None
    if search := form.trimmed("find"):
        page = await view.gateway.contact_page(q=search, limit=MOST_FOUND)
        people |= {each["number"]: each["name"] for each in page["data"] if each["number"] not in people}
    return list(people.items())


async def find(view: View) -> Response:
    """Show the contacts that a search finds, for a page with JavaScript."""
    form = await view.form()
    return HTMLResponse(view.look.part("fragments/found.html", form=form, found=await _found(view, form)))


async def _take_template(view: View, form: Form) -> Response:
    if name := form.trimmed("template"):
        form.put({"text": (await view.gateway.template(name))["text"]})
    return await _form(view, form)


def _numbers(form: Form) -> list[str]:
    return list(dict.fromkeys([*numbers_of(form.text("to")), *form.chosen("people")]))


async def _letter(view: View, form: Form) -> Letter:
    """Return what the form says, with what is missing beside the fields."""
    segment, send_at = await segments.settle(view, form, "segment"), moment_of(view, form)
    letter = Letter(_numbers(form), form.chosen("groups"), segment, form.text("text"))
    if not (letter.numbers or letter.groups or letter.segment) and "segment" not in form.errors:
        form.errors["to"] = view.say(N_("Write at least one number, or choose a group."))
    if not letter.text.strip():
        form.errors["text"] = view.say(N_("Write a text."))
    if way := form.trimmed("modem"):
        if way.startswith(POOL):
            letter.fields["pool"] = way.removeprefix(POOL)
        else:
            letter.fields["modem"] = way
    if send_at:
        letter.fields["send_at"] = send_at
    if (priority := form.text("priority")) in ("urgent", "bulk"):
        letter.fields["priority"] = priority
    return letter


async def _messages(view: View, form: Form, letter: Letter) -> list[requests.Message]:
    """Return a message for each number, its fields filled in."""
    if not has_fields(letter.text):
        return [{"to": number, "text": letter.text, **letter.fields} for number in letter.numbers]
    messages: list[requests.Message] = []
    for number in letter.numbers:
        try:
            text = (await filled(view.gateway, letter.text, number))["text"]
        except ApiError as exc:
            _refuse_one(view, form, number, exc.problem, len(letter.numbers))
        else:
            messages.append({"to": number, "text": text, **letter.fields})
    return messages


async def _check(view: View, form: Form, letter: Letter) -> Response:
    """Show what would be sent, with the text of one contact."""
    people = await people_of(view, letter.groups, letter.segment, letter.numbers)
    at = step_to(form, len(people))
    form.put({"at": str(at)})
    sample: tuple[str, resources.TemplatePreview] | None = None
    if people:
        try:
            sample = (people[at], await filled(view.gateway, letter.text, people[at]))
        except ApiError as exc:
            _refuse_one(view, form, people[at], exc.problem, len(people))
    outlook = None
    if not letter.is_campaign:
        messages = await _messages(view, form, letter)
        outlook = await _outlook(view, form, messages)
    status = 422 if form.errors else 200
    return await _form(
        view, form, status, outlook=outlook, sample=sample, people=people, at=at, is_campaign=letter.is_campaign
    )


async def _outlook(view: View, form: Form, messages: list[requests.Message]) -> Outlook | None:
    """Check all messages before any is sent; None if one would be refused."""
    found = Outlook(len(messages), 0, 0.0, None)
    for message, result in zip(messages, await view.gateway.preview_many(messages), strict=True):
        if "to" not in result:
            _refuse_one(view, form, message["to"], result["error"], len(messages))
            continue
        found.segments += result["segments"]
        found.currency = result["currency"]
        if result["cost"] is None or found.cost is None:
            found.cost = None
        else:
            found.cost += result["cost"]
    return None if form.errors else found


async def _to_me(view: View, form: Form, letter: Letter) -> Response:
    """Send the text of the first recipient to the writer, and stay on the form."""
    number = form.trimmed("me")
    if number is None:
        form.errors["me"] = view.say(N_("Write your own number."))
        return await _form(view, form, 422)
    people = await people_of(view, letter.groups, letter.segment, letter.numbers)
    text = (
        (await filled(view.gateway, letter.text, people[step_to(form, len(people))]))["text"] if people else letter.text
    )
    fields: requests.MessageFields = {**letter.fields, "tags": [TEST_TAG]}
    fields.pop("send_at", None)
    key = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{form.text('key')} {number} {text}"))
    try:
        message = await view.gateway.send(number, text, key=key, **fields)
    except ApiError as exc:
        form.refuse(exc, view.look.words, {**FIELDS, "/to": "me", "invalid_number": "me", "recipient_opted_out": "me"})
        return await _form(view, form, exc.status)
    return await _form(view, form, tested=message["id"])


async def _as_campaign(view: View, form: Form, letter: Letter) -> Response:
    """Save a draft of a campaign and open its review."""
    way = {"pool": letter.fields["pool"]} if "pool" in letter.fields else {}
    made = await view.gateway.create_campaign(
        view.say(N_("Text of %(time)s"), time=view.look.whole_moment(datetime.now(view.look.zone).isoformat())),
        {"groups": letter.groups, "segment": letter.segment, "numbers": letter.numbers},
        text=letter.text,
        modems=[letter.fields["modem"]] if "modem" in letter.fields else [],
        **way,
    )
    return view.redirect(f"/campaigns/{made['id']}", send_at=form.text("send_at"), done="draft")


async def _accept(view: View, form: Form, messages: list[requests.Message]) -> Response:
    key = form.text("key") or str(uuid.uuid4())
    done = "scheduled" if form.trimmed("send_at") else "sent"
    results = await view.gateway.send_many(messages, key=key)
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


def _refuse_one(view: View, form: Form, number: str, problem: Mapping[str, Any], total: int) -> None:
    """Put the problem of one message beside its field; with several numbers it names the number."""
    single = Form()
    exc = ApiError(problem["status"], {**problem, "errors": None})
    single.refuse(exc, view.look.words, FIELDS)
    for name, sentence in single.errors.items():
        whole = f"{number}: {sentence}" if total > 1 and name in ("to", "text", "") else sentence
        earlier = form.errors.get(name)
        if earlier is None or total == 1 or name not in ("to", "text", ""):
            form.errors[name] = whole
        elif earlier.count("\n") < 9 and whole not in earlier:
            form.errors[name] = f"{earlier}\n{whole}"


PAGES = [
    Page("/compose", compose),
    Page("/compose", send, "POST"),
    Page("/compose/find", find, "POST"),
]
