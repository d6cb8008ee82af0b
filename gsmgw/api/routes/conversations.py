"""/v1/conversations"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import Depends, Path, Query, Request, Response
from pydantic import Field

from gsmgw.api.access.audit_log import audit_detail
from gsmgw.api.body import Body
from gsmgw.api.context import Context
from gsmgw.api.dependencies import Caller, Ctx, Visible
from gsmgw.api.fields import Flag, Limit, RowId, Text, cursor_of
from gsmgw.api.openapi import problems
from gsmgw.api.routes.message_filters import SEARCH_CHARS, PageQuery, peer_of
from gsmgw.api.routing import api_router
from gsmgw.http.json_response import JSONResponse, page_response
from gsmgw.http.problems import Problem
from gsmgw.model import MessageRecord, Waiting, format_id, parse_id
from gsmgw.outbound import Forbidden, Principal
from gsmgw.store import Tx, conversations, messages, search, users
from gsmgw.store.conversations import Conversation, Note
from gsmgw.store.visibility import Sight
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp
from gsmgw.wire.messages import message_resource
from gsmgw.wire.problems import ProblemCode

router = api_router("/v1/conversations")

_GONE = problems(404)


class ConversationQuery(PageQuery):
    """Query parameters of a list of conversations."""

    state: Literal["open", "closed"] | None = None
    unread: bool | None = None
    assigned_to: str | None = Field(None, max_length=63, description="Name of a user")
    unassigned: bool = Field(False, description="Only conversations that nobody has")
    modem: str | None = Field(None, max_length=64, description="The modem that received the latest message")
    q: Annotated[str | None, Field(max_length=SEARCH_CHARS)] = Field(
        None, description="Words of a text, or a part of the number or of the contact's name"
    )


class ThreadQuery(PageQuery):
    """Query parameters of one conversation."""

    limit: Limit = 50


class ConversationChange(Body):
    """Changes to a conversation."""

    read: Flag = Field(True, description="Mark the received messages as read, or the latest one as unread")
    read_until: str = Field("", description="With read: only up to this message")
    state: Literal["open", "closed"] = "open"
    assigned_to: Text | None = Field(None, max_length=63, description="Name of a user, or null")


class NoteIn(Body):
    """A note. It is never sent."""

    text: Text = Field(min_length=1, max_length=5000)


def state_resource(known: Conversation) -> dict[str, Any]:
    return {
        "peer": known.peer,
        "name": known.name,
        "state": known.state,
        "unread": known.unread,
        "assigned_to": known.assigned_to,
        "modem": known.via,
    }


def _seen(known: Conversation, visible: Sight | None) -> Conversation:
    """Return a conversation without the name for a caller that sees only some messages: contacts belong to all."""
    return known if visible is None else replace(known, name=None)


def _listed(found: tuple[MessageRecord, Waiting | None, Conversation]) -> dict[str, Any]:
    message, waiting, known = found
    return {**state_resource(known), "last_message": message_resource(message, waiting)}


def note_resource(note: Note) -> dict[str, Any]:
    return {"id": note.id, "at": stamp(note.at_ms), "author": note.author, "text": note.text}


def _unrestricted(caller: Principal, visible: Sight | None) -> None:
    """Raise :class:`Forbidden` for a token that sees only some messages: notes and states belong to all of them."""
    if visible is not None:
        raise Forbidden(f"{caller.title} sees only some messages and may not use notes or change conversations")


async def _known(ctx: Ctx, peer: Annotated[str, Path(description="The number of the other side")]) -> Conversation:
    await ctx.indexer.catch_up()
    named = peer_of(ctx, peer)
    found = None if named is None else await ctx.store.read(lambda db: conversations.get(db, named))
    if found is None:
        raise Problem(ProblemCode.NOT_FOUND, f"the conversation with {peer!r} does not exist")
    return found


Known = Annotated[Conversation, Depends(_known)]


async def _changeable(caller: Caller, visible: Visible, known: Known) -> Conversation:
    _unrestricted(caller, visible)
    return known


Changeable = Annotated[Conversation, Depends(_changeable)]


@router.get("", response_model=resources.ConversationPage)
async def index(ctx: Ctx, visible: Visible, query: Annotated[ConversationQuery, Query()]) -> Response:
    """List conversations, newest first: each number with its latest message."""
    await ctx.indexer.catch_up()
    wanted = conversations.Wanted(
        cursor_of(query.cursor),
        query.state,
        query.unread,
        "" if query.unassigned else query.assigned_to,
        query.modem,
        None if query.q is None else search.expression(query.q),
        query.q,
        visible,
    )
    limit = query.limit
    found = await ctx.store.read(lambda db: conversations.page(db, wanted, limit + 1))
    more = format_id(found[limit - 1][0].id) if len(found) > limit else None
    explained = [(message, ctx.service.explain(message), _seen(known, visible)) for message, known in found[:limit]]
    return await page_response(explained, _listed, more)


@router.get("/{peer}", response_model=resources.ConversationThread, responses=_GONE)
async def show(ctx: Ctx, visible: Visible, known: Known, query: Annotated[ThreadQuery, Query()]) -> Response:
    """Show one conversation: its state, its notes, and its messages, newest first, one page at a time."""
    wanted = messages.Filter(peer=known.peer, before_id=cursor_of(query.cursor), sight=visible)
    found = await ctx.store.read(lambda db: messages.list_messages(db, wanted, query.limit + 1))
    if visible is not None and not found and query.cursor is None:
        raise Problem(ProblemCode.NOT_FOUND, f"the conversation with {known.peer!r} does not exist")
    shown = found[: query.limit]
    noted = [] if visible is not None else await ctx.store.read(lambda db: conversations.notes(db, known.peer))
    return JSONResponse(
        {
            **state_resource(_seen(known, visible)),
            "notes": [note_resource(note) for note in noted],
            "messages": [message_resource(message, ctx.service.explain(message)) for message in shown],
            "next_cursor": format_id(shown[-1].id) if len(found) > query.limit else None,
        }
    )


@router.patch("/{peer}", response_model=resources.ConversationState, responses=_GONE)
async def update(ctx: Ctx, request: Request, caller: Caller, known: Changeable, body: ConversationChange) -> Response:
    """Mark a conversation as read, assign it, close it or open it again. A received message opens it by itself."""
    fields = body.model_dump(exclude_unset=True)
    audit_detail(request, changed=sorted(fields))
    up_to = _message(body.read_until) if fields.get("read_until") else None
    assigned = await _user(ctx, body.assigned_to)
    now_ms, peer, by = ctx.clock.wall_ms(), known.peer, caller.who

    def change(tx: Tx) -> None:
        if "read" in fields or up_to is not None:
            if body.read:
                conversations.mark_read(tx, now_ms, peer, up_to, by)
            else:
                conversations.mark_unread(tx, now_ms, peer, by)
        if "assigned_to" in fields:
            conversations.assign(tx, now_ms, peer, assigned, by)
        if "state" in fields:
            conversations.set_state(tx, now_ms, peer, body.state, by)

    await ctx.store.write(change)
    changed = await ctx.store.read(lambda db: conversations.get(db, peer))
    return JSONResponse(state_resource(changed or known))


@router.get("/{peer}/notes", response_model=resources.NoteList, responses=_GONE)
async def notes(ctx: Ctx, known: Changeable) -> Response:
    """List the notes on a conversation, oldest first. They are never sent."""
    found = await ctx.store.read(lambda db: conversations.notes(db, known.peer))
    return JSONResponse({"data": [note_resource(note) for note in found]})


@router.post("/{peer}/notes", status_code=201, response_model=resources.Note, responses=_GONE)
async def add_note(ctx: Ctx, caller: Caller, known: Changeable, body: NoteIn) -> Response:
    """Add a note to a conversation. It is never sent."""
    now_ms, author = ctx.clock.wall_ms(), caller.who or "socket"
    made = await ctx.store.write(lambda tx: conversations.add_note(tx, now_ms, known.peer, author, body.text))
    if made is None:
        raise Problem(ProblemCode.NOT_FOUND, f"the conversation with {known.peer!r} does not exist")
    return JSONResponse(note_resource(made), 201)


@router.delete("/{peer}/notes/{note_id}", status_code=204, responses=_GONE)
async def delete_note(ctx: Ctx, known: Changeable, note_id: Annotated[RowId, Path(description="Its id")]) -> Response:
    """Delete a note."""
    if not await ctx.store.write(lambda tx: conversations.delete_note(tx, known.peer, note_id)):
        raise Problem(ProblemCode.NOT_FOUND, f"the note {note_id} does not exist")
    return Response(status_code=204)


def _message(text: str) -> int:
    number = parse_id(text)
    if number is None:
        detail = f"{text!r} is not a valid message ID"
        raise Problem(
            ProblemCode.INVALID_REQUEST, f"read_until: {detail}", errors=[{"pointer": "/read_until", "detail": detail}]
        )
    return number


async def _user(ctx: Context, name: str | None) -> str | None:
    """Return the name of a user as it is stored. Raises :class:`Problem` if the user does not exist."""
    if name is None:
        return None
    found = await ctx.store.read(lambda db: users.by_name(db, name))
    if found is None:
        detail = f"the user {name!r} does not exist; add one with gsmgw users add"
        raise Problem(
            ProblemCode.INVALID_REQUEST,
            f"assigned_to: {detail}",
            errors=[{"pointer": "/assigned_to", "detail": detail}],
        )
    return found.name
