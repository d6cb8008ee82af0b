"""Conversations: the list, one thread with its notes, and who the other side is."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from gsmgw.client import ApiError, AsyncClient, part
from gsmgw.model.liquid import has_fields
from gsmgw.web import known_modems
from gsmgw.web.forms import Form
from gsmgw.web.languages import N_
from gsmgw.web.live.regions import of_kinds, partial, region
from gsmgw.web.look import Look
from gsmgw.web.names import contact_of
from gsmgw.web.pages.compose import FIELDS
from gsmgw.web.pages.texting import filled, seen
from gsmgw.web.routing import Page
from gsmgw.web.view import View
from gsmgw.wire import requests, resources

#: Conversations in the list.
LISTED = 40
#: Messages of a thread on a page.
LIMIT = 30
SHOWN = ("open", "unread", "mine", "closed", "all")


def _wanted(shown: str, user: str) -> dict[str, Any]:
    """Return the filters for the gateway."""
    if shown == "all":
        return {}
    if shown == "closed":
        return {"state": "closed"}
    if shown == "unread":
        return {"unread": True}
    return {"state": "open", "assigned_to": user} if shown == "mine" else {"state": "open"}


def _shown(view: View) -> str:
    asked = view.asked("show")
    return asked if asked in SHOWN else "open"


async def _listed(view: View) -> dict[str, Any]:
    user = view.visitor.user["name"] if view.visitor else ""
    shown, search, cursor = _shown(view), view.asked("q"), view.asked("cursor")
    wanted = _wanted(shown, user)
    found = await view.gateway.conversation_page(**wanted, q=search or None, limit=LISTED, cursor=cursor or None)
    return {
        "threads": found["data"],
        "shown": shown,
        "search": search,
        "older": view.look.url("/conversations", show=shown, q=search, cursor=found["next_cursor"])
        if found["next_cursor"]
        else "",
        "list_regions": [f"threads:{shown}:{user if shown == 'mine' else ''}"] if not search and not cursor else [],
    }


async def conversations(view: View) -> Response:
    """List the conversations."""
    listed = await _listed(view)
    return view.render("conversations.html", **listed, peer=None, regions=listed["list_regions"])


#: "message" or "note", its time, and what it holds.
_Entry = tuple[str, str, Mapping[str, Any]]


async def _thread(gateway: AsyncClient, peer: str, cursor: str | None = None) -> dict[str, Any]:
    """Return the thread, oldest first. One that has no messages yet is empty."""
    try:
        found = await gateway.conversation(peer, limit=LIMIT, cursor=cursor)
    except ApiError as exc:
        if exc.status != 404:
            raise
        return {"state": None, "entries": [], "earlier": None, "unread": 0}
    entries: list[_Entry] = [("message", each["created_at"], each) for each in found["messages"]]
    oldest = min((at for _, at, _ in entries), default="")
    if cursor is None:
        entries += [("note", each["at"], each) for each in found["notes"] if each["at"] >= oldest or not oldest]
    entries.sort(key=lambda entry: entry[1])
    return {"state": found, "entries": entries, "earlier": found["next_cursor"], "unread": found["unread"]}


async def conversation(view: View) -> Response:
    """Show one conversation."""
    form = Form(values={"text": view.asked("text"), "key": str(uuid.uuid4())})
    return await _show(view, form)


async def _show(view: View, form: Form, status: int = 200) -> Response:
    peer, gateway, cursor = view.path("peer"), view.gateway, view.asked("before")
    thread = await _thread(gateway, peer, cursor or None)
    if thread["unread"] and not cursor and view.look.role in ("owner", "operator"):
        await gateway.update_conversation(peer, read=True)
    listed = await _listed(view)
    consent = None
    if peer.startswith("+"):
        try:
            consent = await gateway.consent(peer)
        except ApiError:
            consent = None
    contact = await contact_of(gateway, peer)
    regions = [*listed["list_regions"], *([] if cursor else [f"thread:{peer}"])]
    return view.render(
        "conversations.html",
        status,
        **listed,
        **{**thread, "unread": 0},
        peer=peer,
        name=contact["name"] if contact else None,
        form=form,
        is_earlier=bool(cursor),
        answers=await gateway.answers(peer),
        assignees=await gateway.assignees(),
        contact=contact,
        consent=consent,
        preview=await seen(view, form.text("text")),
        regions=regions,
    )


async def reply(view: View) -> Response:
    """Answer through the SIM that was texted."""
    form = await view.form()
    peer = view.path("peer")
    if not form.text("text").strip():
        form.errors["text"] = view.say(N_("Write a text."))
        return await _show(view, form, 422)
    fields: requests.MessageFields = {"purpose": "conversation"}
    modem = await _modem_of(view.gateway, peer)
    if modem is not None:
        fields["modem"] = modem
    try:
        text = form.text("text")
        if has_fields(text):
            text = (await filled(view.gateway, text, peer))["text"]
        await view.gateway.send(peer, text, key=form.text("key") or None, **fields)
    except ApiError as exc:
        form.refuse(exc, view.look.words, {**FIELDS, "/to": "", "recipient_opted_out": "", "invalid_number": ""})
        return await _show(view, form, exc.status)
    return view.redirect(f"/conversations/{part(peer)}")


async def _modem_of(gateway: AsyncClient, peer: str) -> str | None:
    """Return the modem that was texted, if it still exists."""
    try:
        modem = (await gateway.conversation(peer, limit=1))["modem"]
    except ApiError:
        return None
    return modem if modem in await known_modems.names(gateway) else None


async def change(view: View) -> Response:
    """Assign, close or reopen a conversation, mark it as unread, or add a note."""
    form = await view.form()
    peer, gateway, action = view.path("peer"), view.gateway, form.text("action")
    user = view.visitor.user["name"] if view.visitor else ""
    if action == "note":
        if text := form.text("note").strip():
            await gateway.add_note(peer, text)
    elif action == "unread":
        await gateway.update_conversation(peer, read=False)
        return view.redirect("/conversations")
    elif action == "read":
        await gateway.update_conversation(peer, read=True)
        return Response(status_code=204)
    elif action == "take":
        await gateway.update_conversation(peer, assigned_to=user)
    elif action == "assign":
        try:
            await gateway.update_conversation(peer, assigned_to=form.trimmed("assignee"))
        except ApiError as exc:
            form.refuse(exc, view.look.words, {})
            return await _show(view, form, exc.status)
    elif action in ("close", "reopen"):
        await gateway.update_conversation(peer, state="closed" if action == "close" else "open")
    return view.redirect(f"/conversations/{part(peer)}")


async def save_person(view: View) -> Response:
    """Save the name of the other side, or opt it out."""
    form = await view.form()
    peer, gateway = view.path("peer"), view.gateway
    if form.text("action") == "opt_out":
        await gateway.opt_out(peer, reason="asked for in a conversation")
    elif form.text("action") == "opt_in":
        await gateway.end_opt_out(peer)
    elif await contact_of(gateway, peer) is None:
        await gateway.create_contact(peer, name=form.trimmed("name"))
    else:
        await gateway.change_contact(peer, name=form.trimmed("name"))
    return view.redirect(f"/conversations/{part(peer)}", done="saved")


def _concerns(event: resources.Event, peer: str) -> bool:
    if not event["type"].startswith(("message.", "conversation.", "submit.")):
        return False
    data = event["data"]
    others = {data.get("to"), data.get("from"), data.get("number")} - {None}
    return not others or peer in others


@region("thread", _concerns)
async def _thread_region(look: Look, gateway: AsyncClient, peer: str) -> str:
    thread = await _thread(gateway, peer)
    return partial("bubbles", look.part("fragments/bubbles.html", peer=peer, is_earlier=False, **thread))


@region("threads", of_kinds("message.received", "message.queued", "message.scheduled", "conversation."), pause_s=0.5)
async def _threads_region(look: Look, gateway: AsyncClient, argument: str) -> str:
    shown, _, user = argument.partition(":")
    found = (await gateway.conversation_page(**_wanted(shown, user), limit=LISTED))["data"]
    return partial("threads", look.part("fragments/threads.html", threads=found, peer=None, shown=shown))


_OPT_OUT = N_("Nobody can text this number any more. Continue?")
PAGES = [
    Page("/conversations", conversations),
    Page("/conversations/{peer}", conversation),
    Page("/conversations/{peer}", reply, "POST"),
    Page("/conversations/{peer}/change", change, "POST"),
    Page("/conversations/{peer}/person", save_person, "POST", asks={"opt_out": _OPT_OUT}, back="/conversations/{peer}"),
]
