"""/v1/privacy"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import Path, Request, Response
from pydantic import Field

from gsmgw.api.access.audit_log import audit_detail
from gsmgw.api.body import Body
from gsmgw.api.context import Context
from gsmgw.api.dependencies import Caller, Ctx
from gsmgw.api.fields import Text
from gsmgw.api.openapi import problems
from gsmgw.api.routes.consent import person_resource
from gsmgw.api.routes.conversations import note_resource, state_resource
from gsmgw.api.routes.drips import person as drip_person
from gsmgw.api.routes.message_filters import peer_of
from gsmgw.api.routes.questions import question_resource
from gsmgw.api.routing import api_router
from gsmgw.audience.privacy import Dossier
from gsmgw.http.json_response import JSONResponse
from gsmgw.wire import resources
from gsmgw.wire.contacts import contact_resource
from gsmgw.wire.encoding import stamp
from gsmgw.wire.events import event_resource
from gsmgw.wire.messages import message_resource

router = api_router("/v1/privacy")

Number = Annotated[str, Path(min_length=1, max_length=64, description="A number, or the name of a sender")]


class EraseIn(Body):
    """Why a person is erased."""

    reason: Text | None = Field(None, max_length=500, description="For the trail of the consent; name nobody")


def _named(ctx: Context, number: str) -> str:
    return peer_of(ctx, number) or number


@router.post("/{number}/export", response_model=resources.PrivacyExport)
async def export(ctx: Ctx, number: Number) -> Response:
    """Export all that is known about a number: contact, consent, conversation, drips, messages, events."""
    found = await ctx.privacy.export(_named(ctx, number))
    return await asyncio.to_thread(lambda: JSONResponse(_out(found, ctx.clock.wall_ms())))


@router.post("/{number}/erase", response_model=resources.PrivacyErasure, responses=problems(409))
async def erase(ctx: Ctx, request: Request, caller: Caller, number: Number, body: EraseIn | None = None) -> Response:
    """Erase all that is known about a number, and cancel what waits for it. An opt-out outlives it, as an HMAC.

    409 while a message to it is being sent or its outcome is unknown.
    """
    counts = await ctx.privacy.erase(caller, _named(ctx, number), None if body is None else body.reason)
    audit_detail(request, **counts)
    return JSONResponse(counts)


def _out(found: Dossier, now_ms: int) -> dict[str, Any]:
    name = None if found.contact is None else found.contact.person.name
    return {
        "number": found.number,
        "exported_at": stamp(now_ms),
        "contact": None if found.contact is None else contact_resource(found.contact),
        "consent": person_resource(found.consent),
        "conversation": None if found.conversation is None else state_resource(found.conversation),
        "drips": [drip_person(each, name) for each in found.drips],
        "question": None if found.question is None else question_resource(found.question, name),
        "notes": [note_resource(note) for note in found.notes],
        "messages": [message_resource(message) for message in found.messages],
        "events": [event_resource(event) for event in found.events],
    }
