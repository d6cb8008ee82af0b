"""/v1/messages"""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request, Response

from gsmgw.api.context import Context
from gsmgw.api.dependencies import Caller, Ctx, Visible
from gsmgw.api.message_bodies import BatchIn, MessageIn, PreviewIn, ResolveIn
from gsmgw.api.openapi import body_of, problems
from gsmgw.api.routes.message_filters import MessageListQuery, message_filter
from gsmgw.api.routing import api_router
from gsmgw.api.submit import Call, SubmitResponse, key_of, preview_batch, submit_batch, submit_one
from gsmgw.http.json_response import JSONResponse, page_response
from gsmgw.http.problems import Problem
from gsmgw.model import format_id, parse_id
from gsmgw.outbound import Principal
from gsmgw.store import messages
from gsmgw.wire import resources
from gsmgw.wire.events import event_resource
from gsmgw.wire.messages import message_resource, segment_resource
from gsmgw.wire.problems import ProblemCode

router = api_router("/v1/messages")

_CHANGED = problems(404, 409)


def _response(answer: SubmitResponse) -> Response:
    return Response(answer.body, answer.status, answer.headers, "application/json")


async def _submit(call: Call, ctx: Context, caller: Principal, request: Request) -> Response:
    key = key_of(request.headers.getlist("idempotency-key"))
    return _response(await call(ctx, caller, await request.body(), key))


@router.post(
    "",
    status_code=202,
    response_model=resources.Message,
    responses=problems(404, 409),
    openapi_extra=body_of(MessageIn, keyed=True),
)
async def create(ctx: Ctx, caller: Caller, request: Request) -> Response:
    """Submit one message. When the response comes, the message is saved to disk and will be sent."""
    return await _submit(submit_one, ctx, caller, request)


@router.post(
    "/batch",
    status_code=202,
    response_model=resources.BatchAnswer,
    responses=problems(409),
    openapi_extra=body_of(BatchIn, keyed=True),
)
async def create_batch(ctx: Ctx, caller: Caller, request: Request) -> Response:
    """Submit up to 10 000 messages, saved in one transaction. The results are in the order of the messages."""
    return await _submit(submit_batch, ctx, caller, request)


@router.post("/batch/preview", response_model=resources.BatchPreview, openapi_extra=body_of(BatchIn))
async def check_batch(ctx: Ctx, caller: Caller, request: Request) -> Response:
    """Check a batch without saving it: the result and the number of segments of each message."""
    return _response(await preview_batch(ctx, caller, await request.body()))


@router.post("/preview", response_model=resources.Preview)
async def preview(ctx: Ctx, caller: Caller, body: PreviewIn) -> Response:
    """Show how a text would be sent: encoding, segments, space left, and the characters that force UCS-2."""
    planned = ctx.service.preview(caller, body.text, body.encoding, transliterate=body.transliterate)
    return JSONResponse(
        {
            "encoding": planned.encoding.value,
            "segments": planned.segment_count,
            "units_used": planned.units_used,
            "units_left": planned.units_left,
            "units_per_segment": planned.units_per_segment,
            "forcing": list(planned.forcing),
            "texts": list(planned.segments),
            "transliterated": [list(pair) for pair in planned.transliterated],
        }
    )


@router.get("", response_model=resources.MessagePage)
async def index(ctx: Ctx, visible: Visible, query: Annotated[MessageListQuery, Query()]) -> Response:
    """List messages, newest first, one page at a time."""
    wanted, limit = await message_filter(ctx, visible, query), query.limit
    found = await ctx.store.read(lambda db: messages.with_names(db, messages.list_messages(db, wanted, limit + 1)))
    more = format_id(found[limit - 1][0].id) if len(found) > limit else None
    shown = [
        (message, ctx.service.explain(message), name if visible is None else None) for message, name in found[:limit]
    ]
    return await page_response(shown, lambda each: _with_name(message_resource(*each[:2]), each[2]), more)


def _with_name(body: resources.Message, name: str | None) -> resources.Message:
    return {**body, "contact_name": name}


def _id(text: str) -> int:
    """Return the number of a message's public id. Raises :class:`Problem` if it is not one."""
    number = parse_id(text)
    if number is None:
        raise Problem(ProblemCode.NOT_FOUND, f"the message {text!r} does not exist")
    return number


async def _whole(ctx: Context, caller: Principal, message_id: int) -> Response:
    found = await ctx.service.details(caller, message_id)
    body: resources.WholeMessage = {
        **message_resource(found.record, ctx.service.explain(found.record)),
        "contact_name": None if caller.is_restricted else found.contact_name,
        "segment_list": [segment_resource(segment) for segment in found.segments],
        "history": [event_resource(event) for event in found.history],
    }
    return JSONResponse(body)


@router.get("/{message_id}", response_model=resources.WholeMessage, responses=problems(404))
async def show(ctx: Ctx, caller: Caller, message_id: str) -> Response:
    """Show one message with its segments and its history."""
    return await _whole(ctx, caller, _id(message_id))


@router.post("/{message_id}/cancel", response_model=resources.WholeMessage, responses=_CHANGED)
async def cancel(ctx: Ctx, caller: Caller, message_id: str) -> Response:
    """Cancel a message that is not yet being sent."""
    number = _id(message_id)
    await ctx.service.cancel(caller, number)
    return await _whole(ctx, caller, number)


@router.post("/{message_id}/retry", response_model=resources.WholeMessage, responses=_CHANGED)
async def retry(ctx: Ctx, caller: Caller, message_id: str) -> Response:
    """Send a failed, undelivered, expired or canceled message again. A queued message is tried now."""
    number = _id(message_id)
    await ctx.service.retry(caller, number)
    return await _whole(ctx, caller, number)


@router.post("/{message_id}/resolve", response_model=resources.WholeMessage, responses=_CHANGED)
async def resolve(ctx: Ctx, caller: Caller, message_id: str, body: ResolveIn) -> Response:
    """Decide about a message with unknown outcome: ``resend`` it, or ``leave`` it as sent."""
    number = _id(message_id)
    await ctx.service.resolve(caller, number, resend=body.action == "resend")
    return await _whole(ctx, caller, number)
