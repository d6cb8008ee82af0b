"""/v1/messages"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from gsmgw.api.context import Context, client_of, context_of
from gsmgw.api.filters import Wanted
from gsmgw.api.problems import Problem, of_refusal, pointer
from gsmgw.api.schemas import (
    BatchIn,
    MessageIn,
    PreviewIn,
    ResolveIn,
    event_out,
    message_out,
    page_out,
    segment_out,
)
from gsmgw.model import Direction, MessageRecord, Outgoing, Status, format_id, parse_id
from gsmgw.outbound import Accepted, Refusal
from gsmgw.outbound.segmenting import plan
from gsmgw.pdu import PduError
from gsmgw.store import lanes, messages, timers

router = APIRouter(prefix="/v1/messages", tags=["messages"])
Ctx = Annotated[Context, Depends(context_of)]
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255)]


def fresh_record(message: Outgoing, now_ms: int) -> MessageRecord:
    """The record of a message that was accepted this moment, without asking the database for it."""
    later = message.send_at_ms is not None and message.send_at_ms > now_ms
    return MessageRecord(
        id=message.id,
        direction=Direction.OUTBOUND,
        status=Status.SCHEDULED if later else Status.QUEUED,
        peer=message.to,
        own=None,
        text=message.text,
        data=message.data,
        port=message.port,
        encoding=message.encoding,
        segments=message.segments,
        modem=None,
        route=message.route,
        client=message.client,
        priority=message.priority,
        message_class=message.message_class,
        report=message.report,
        on_unknown=message.on_unknown,
        client_ref=message.client_ref,
        tags=message.tags,
        attempts=0,
        created_ms=message.created_ms,
        send_at_ms=message.send_at_ms,
        expires_ms=message.expires_ms,
        due_ms=message.send_at_ms if later else None,
        waiting=None,
        sent_ms=None,
        delivered_ms=None,
        received_ms=None,
        smsc_ms=None,
        error=None,
        incomplete=False,
    )


async def _answer(ctx: Context, accepted: Accepted) -> dict[str, Any]:
    record = None
    if accepted.message is not None:
        record = fresh_record(accepted.message, accepted.message.created_ms)
    else:
        record = await ctx.store.read(lambda db: messages.get_message(db, accepted.message_id))
    if record is None:
        raise Problem("not_found", "the message of that earlier request is no longer kept")
    return message_out(record, ctx.scheduler.explain(record))


@router.post("", status_code=202)
async def create(ctx: Ctx, request: Request, body: MessageIn, key: Key = None) -> Response:
    """Accept one message. After the answer it is on disk and will be sent."""
    accepted = await ctx.intake.accept(body.request(client_of(request)), key)
    number = format_id(accepted.message_id)
    headers = {"Location": f"/v1/messages/{number}"}
    if accepted.replayed:
        headers["Idempotent-Replayed"] = "true"
    return JSONResponse(await _answer(ctx, accepted), 202, headers=headers)


@router.post("/batch", status_code=202)
async def create_batch(ctx: Ctx, request: Request, body: BatchIn, key: Key = None) -> Response:
    """Accept up to 10 000 messages in one durable transaction; each answer stands where its message stood."""
    checked: list[MessageIn | Problem] = []
    for number, item in enumerate(body.messages):
        try:
            checked.append(MessageIn.model_validate(item))
        except ValidationError as exc:
            errors = [
                {"pointer": pointer("messages", number, *error["loc"]), "detail": str(error["msg"])}
                for error in exc.errors()
            ]
            checked.append(Problem("invalid_request", f"message {number}: {errors[0]['detail']}", errors=errors))
    client = client_of(request)
    results = await ctx.intake.accept_many(
        [item.request(client) for item in checked if isinstance(item, MessageIn)], key
    )
    answers = iter(results)
    data: list[dict[str, Any]] = []
    for number, item in enumerate(checked):
        if isinstance(item, Problem):
            data.append({"error": item.body()})
            continue
        result = next(answers)
        if isinstance(result, Refusal):
            data.append({"error": of_refusal(result, "messages", number).body()})
        else:
            data.append(await _answer(ctx, result))
    return JSONResponse({"data": data}, 202)


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
    return JSONResponse(page_out((message_out(m, ctx.scheduler.explain(m)) for m in found[:limit]), more))


async def _load(ctx: Context, text: str) -> MessageRecord:
    number = parse_id(text)
    record = None if number is None else await ctx.store.read(lambda db: messages.get_message(db, number))
    if record is None:
        raise Problem("not_found", f"there is no message {text!r}")
    return record


async def _whole(ctx: Context, number: str) -> dict[str, Any]:
    record = await _load(ctx, number)
    segments = await ctx.store.read(lambda db: lanes.segments_of(db, record.id))
    events = await ctx.store.read(lambda db: messages.history(db, record.id))
    body = message_out(record, ctx.scheduler.explain(record))
    body["segment_list"] = [segment_out(segment) for segment in segments]
    body["history"] = [event_out(event) for event in events]
    return body


@router.get("/{message_id}")
async def show(ctx: Ctx, message_id: str) -> Response:
    """One message with its segments and its history."""
    return JSONResponse(await _whole(ctx, message_id))


@router.post("/{message_id}/cancel")
async def cancel(ctx: Ctx, message_id: str) -> Response:
    """Take back a message that has not begun to leave."""
    record = await _load(ctx, message_id)
    now_ms = ctx.clock.wall_ms()
    if not await ctx.store.write(lambda tx: timers.cancel(tx, now_ms, record.id)):
        current = await _load(ctx, message_id)
        raise Problem("wrong_state", f"it is {current.status}: only what has not begun to leave can be canceled")
    ctx.scheduler.withdraw(record.id)
    return JSONResponse(await _whole(ctx, message_id))


@router.post("/{message_id}/retry")
async def retry(ctx: Ctx, message_id: str) -> Response:
    """Queue a failed, undelivered, expired or canceled message again."""
    record = await _load(ctx, message_id)
    now_ms = ctx.clock.wall_ms()
    expires_ms = now_ms + ctx.valid_for_s * 1000
    message = await ctx.store.write(lambda tx: timers.retry(tx, now_ms, record.id, expires_ms))
    if message is None:
        raise Problem("wrong_state", f"it is {record.status}, and has not ended without success")
    ctx.scheduler.offer([message])
    return JSONResponse(await _whole(ctx, message_id))


@router.post("/{message_id}/resolve")
async def resolve(ctx: Ctx, message_id: str, body: ResolveIn) -> Response:
    """Settle an unknown message: ``resend`` its doubtful segments, or ``leave`` them as sent."""
    record = await _load(ctx, message_id)
    now_ms = ctx.clock.wall_ms()
    resend = body.action == "resend"
    message = await ctx.store.write(lambda tx: timers.resolve(tx, now_ms, record.id, resend=resend))
    if message is None:
        raise Problem("wrong_state", f"it is {record.status}, not unknown: there is nothing to settle")
    if message.queued is not None:
        ctx.scheduler.offer([message.queued])
    return JSONResponse(await _whole(ctx, message_id))
