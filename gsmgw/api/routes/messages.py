"""/v1/messages"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from gsmgw.api.context import Context, context_of
from gsmgw.api.openapi import body_of
from gsmgw.api.routes.message_filters import Wanted
from gsmgw.api.schemas import (
    BatchIn,
    MessageIn,
    PreviewIn,
    ResolveIn,
    event_out,
    message_out,
    segment_out,
)
from gsmgw.api.submit import Answer, accept_batch, accept_one, key_of, look_at_batch
from gsmgw.api.visibility import Seen, may_act, seen_by
from gsmgw.http.identity import Caller, caller_of
from gsmgw.http.json_response import JSONResponse, page_response
from gsmgw.http.problems import Problem
from gsmgw.model import MessageRecord, format_id, parse_id
from gsmgw.model.routes import target_of
from gsmgw.outbound.segmenting import plan
from gsmgw.pdu import PduError
from gsmgw.store import lifecycle, messages, queue_reads
from gsmgw.store.visibility import Sight

router = APIRouter(prefix="/v1/messages", tags=["messages"])
Ctx = Annotated[Context, Depends(context_of)]


async def _plain(
    call: Callable[[Context, Caller, bytes, str | None], Awaitable[Answer]], ctx: Context, request: Request
) -> Response:
    key = key_of(request.headers.getlist("idempotency-key"))
    answer = await call(ctx, caller_of(request.scope), await request.body(), key)
    return Response(answer.body, answer.status, answer.headers, "application/json")


@router.post("", status_code=202, openapi_extra=body_of(MessageIn, keyed=True))
async def create(ctx: Ctx, request: Request) -> Response:
    """Accept one message. After the answer it is on disk and will be sent."""
    return await _plain(accept_one, ctx, request)


@router.post("/batch", status_code=202, openapi_extra=body_of(BatchIn, keyed=True))
async def create_batch(ctx: Ctx, request: Request) -> Response:
    """Accept up to 10 000 messages in one durable transaction; each answer stands where its message stood."""
    return await _plain(accept_batch, ctx, request)


@router.post("/batch/preview", openapi_extra=body_of(BatchIn))
async def preview_batch(ctx: Ctx, request: Request) -> Response:
    """What a batch would be answered with, and by how many segments each message would go. Nothing is kept."""
    answer = await look_at_batch(ctx, caller_of(request.scope), await request.body())
    return Response(answer.body, answer.status, answer.headers, "application/json")


@router.post("/preview")
async def preview(body: PreviewIn) -> Response:
    """How a text would be sent: encoding, segments, room left, which characters force UCS-2."""
    try:
        planned = plan(body.text, body.encoding, transliterate=body.transliterate)
    except PduError as exc:
        raise Problem("not_encodable", exc.title, errors=[{"pointer": "/text", "detail": exc.title}]) from None
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


@router.get("")
async def index(ctx: Ctx, wanted: Wanted, limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> Response:
    """Messages, newest first, a page at a time."""
    found = await ctx.store.read(lambda db: messages.list_messages(db, wanted, limit + 1))
    more = format_id(found[limit - 1].id) if len(found) > limit else None
    explained = [(message, ctx.scheduler.explain(message)) for message in found[:limit]]
    return await page_response(explained, lambda pair: message_out(*pair), more)


async def _load(ctx: Context, seen: Sight | None, text: str) -> MessageRecord:
    number = parse_id(text)
    record = None if number is None else await ctx.store.read(lambda db: messages.get_message(db, number))
    if record is None or (seen is not None and not seen.sees(record)):
        raise Problem("not_found", f"there is no message {text!r}")
    return record


async def _load_to_act(ctx: Context, caller: Caller, text: str) -> MessageRecord:
    """A message that the caller may change; :class:`Problem` where there is none such."""
    record = await _load(ctx, seen_by(caller, ctx.pools), text)
    may_act(caller, record)
    return record


@asynccontextmanager
async def _counted(ctx: Context, caller: Caller, record: MessageRecord) -> AsyncIterator[Callable[[], None]]:
    """Count a message that is sent again as one more text of the caller's token, if what is yielded is called."""
    limits = caller.limits
    if limits.modems or limits.pools:
        modem, pool = target_of(record.route)
        if modem not in limits.modems and pool not in limits.pools:
            raise Problem("not_your_modem", f"the token {caller.token!r} may not send through any modem")
    quota = await ctx.access.take(caller, 1)
    done = False

    def note() -> None:
        nonlocal done
        done = True

    try:
        yield note
    finally:
        if quota is not None and not done:
            quota.give_back(1)


async def _whole(ctx: Context, seen: Sight | None, number: str) -> dict[str, Any]:
    record = await _load(ctx, seen, number)
    segments = await ctx.store.read(lambda db: queue_reads.segments_of(db, record.id))
    events = await ctx.store.read(lambda db: messages.history(db, record.id))
    body = message_out(record, ctx.scheduler.explain(record))
    body["segment_list"] = [segment_out(segment) for segment in segments]
    body["history"] = [event_out(event) for event in events]
    return body


@router.get("/{message_id}")
async def show(ctx: Ctx, seen: Seen, message_id: str) -> Response:
    """One message with its segments and its history."""
    return JSONResponse(await _whole(ctx, seen, message_id))


@router.post("/{message_id}/cancel")
async def cancel(ctx: Ctx, request: Request, message_id: str) -> Response:
    """Take back a message that has not begun to leave."""
    caller = caller_of(request.scope)
    record = await _load_to_act(ctx, caller, message_id)
    now_ms = ctx.clock.wall_ms()
    if not await ctx.store.write(lambda tx: lifecycle.cancel(tx, now_ms, record.id)):
        current = await _load(ctx, None, message_id)
        raise Problem("wrong_state", f"it is {current.status}: only what has not begun to leave can be canceled")
    ctx.scheduler.withdraw(record.id)
    return JSONResponse(await _whole(ctx, None, message_id))


@router.post("/{message_id}/retry")
async def retry(ctx: Ctx, request: Request, message_id: str) -> Response:
    """Queue a failed, undelivered, expired or canceled message again."""
    caller = caller_of(request.scope)
    record = await _load_to_act(ctx, caller, message_id)
    now_ms = ctx.clock.wall_ms()
    expires_ms = now_ms + ctx.valid_for_s * 1000
    async with _counted(ctx, caller, record) as note:
        message = await ctx.store.write(lambda tx: lifecycle.retry(tx, now_ms, record.id, expires_ms))
        if message is None:
            raise Problem("wrong_state", f"it is {record.status}, and has not ended without success")
        note()
    ctx.scheduler.offer([message])
    return JSONResponse(await _whole(ctx, None, message_id))


@router.post("/{message_id}/resolve")
async def resolve(ctx: Ctx, request: Request, message_id: str, body: ResolveIn) -> Response:
    """Settle an unknown message: ``resend`` its doubtful segments, or ``leave`` them as sent."""
    caller = caller_of(request.scope)
    record = await _load_to_act(ctx, caller, message_id)
    now_ms = ctx.clock.wall_ms()
    resend = body.action == "resend"
    async with _counted(ctx, caller, record) if resend else nullcontext(_nothing) as note:
        message = await ctx.store.write(lambda tx: lifecycle.resolve(tx, now_ms, record.id, resend=resend))
        if message is None:
            raise Problem("wrong_state", f"it is {record.status}, not unknown: there is nothing to settle")
        note()
    if message.queued is not None:
        ctx.scheduler.offer([message.queued])
    return JSONResponse(await _whole(ctx, None, message_id))


def _nothing() -> None:
    """Count nothing."""
