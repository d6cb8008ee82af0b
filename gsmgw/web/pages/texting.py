"""Shared parts of pages that write texts: segments of a text, a preview for each contact, times and modems."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from starlette.responses import HTMLResponse, Response

from gsmgw.client import ApiError, AsyncClient
from gsmgw.model.liquid import has_fields
from gsmgw.web import known_modems
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import resources

#: People whose texts a page shows one by one.
SAMPLE = 20
#: Prefix of the name of a pool where a modem or a pool is chosen.
POOL = "pool:"


async def seen(view: View, text: str) -> resources.Preview | None:
    """Return encoding and segments of a text; None without one."""
    if not text:
        return None
    try:
        return await view.gateway.preview(text)
    except ApiError:
        return None


async def filled(gateway: AsyncClient, text: str, number: str) -> resources.TemplatePreview:
    """Return a text with its fields filled in for a number. Raises :class:`gsmgw.client.ApiError`."""
    try:
        return await gateway.preview_template(text=text, contact=number)
    except ApiError as exc:
        if exc.status != 404:
            raise
    return await gateway.preview_template(text=text, fields={"number": number})


class Metered(NamedTuple):
    """The segments of a text; with fields, of the text for one contact, or why there is none."""

    preview: resources.Preview | None
    example: str
    problem: str


async def metered(view: View, text: str, numbers: Sequence[str]) -> Metered:
    """Return the segments of a text. Its fields are filled in for the first of the numbers, or for any contact."""
    example, problem = "", ""
    if has_fields(text):
        try:
            example = await _example(view, text, numbers)
        except ApiError as exc:
            problem = exc.detail
    return Metered(await seen(view, example or text), example, problem)


async def meter(view: View) -> Response:
    """Show the segments of the text that is being typed."""
    form = await view.form()
    texts, place = form.all("variant"), form.whole("at_text")
    text, name = form.text("text"), "meter"
    if isinstance(place, int) and 0 <= place < len(texts):
        text, name = texts[place], f"meter-{place}"
    numbers = re.split(r"[\s,;]+(?=\+|00|$)", form.text("to").strip())
    found = await metered(view, text, numbers[:1])
    return HTMLResponse(view.look.part("fragments/meter.html", **found._asdict(), meter_id=name))


async def _example(view: View, text: str, numbers: Sequence[str]) -> str:
    number = next(iter(numbers), "")
    if not number:
        people = (await view.gateway.contact_page(limit=1))["data"]
        number = people[0]["number"] if people else ""
    return (await filled(view.gateway, text, number))["text"] if number else ""


async def people_of(view: View, groups: Sequence[str], segment: str | None, numbers: Sequence[str]) -> list[str]:
    """Return the numbers of the first people of an audience, to show their texts."""
    found = list(numbers[:SAMPLE])
    if segment and len(found) < SAMPLE:
        found += [each["number"] for each in (await view.gateway.preview_segment(segment))["sample"]]
    for group in groups:
        if len(found) < SAMPLE:
            page = await view.gateway.contact_page(group=group, limit=SAMPLE)
            found += [each["number"] for each in page["data"]]
    return list(dict.fromkeys(found))[:SAMPLE]


def step_to(form: Form, count: int) -> int:
    """Return whose text is shown, from 0, after a click on next or previous."""
    place = form.whole("at")
    at = place if isinstance(place, int) else 0
    at += {"next": 1, "previous": -1}.get(form.text("action"), 0)
    return max(0, min(at, count - 1))


def moment_of(view: View, form: Form) -> str | None:
    """Return the sending time; None for now."""
    return local_moment(view, form, "send_at")


def local_moment(view: View, form: Form, name: str) -> str | None:
    """Return the time in a field, from the user's time zone; None if it is empty."""
    typed = form.trimmed(name)
    if typed is None:
        return None
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=view.look.zone).isoformat()
    except ValueError:
        form.errors[name] = view.say(N_("This is not a valid time."))
        return None


async def ways(view: View) -> tuple[list[str], list[str]]:
    """Return the names of the modems, and of the pools that they are in."""
    return await known_modems.names_and_pools(view.gateway)


PAGES = [Page("/compose/meter", meter, "POST")]
