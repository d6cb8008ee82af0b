"""SMSGate (SMS Gateway for Android): ``POST /3rdparty/v1/messages`` with Basic auth, a message's state, webhooks.

Login and password are the name and the secret of a token. Source: docs.sms-gate.app, and its published Python client.
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from contextlib import suppress
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from gsmgw.api.compat.common import MOST_RECIPIENTS, basic, let_in, send, wall_ms
from gsmgw.api.context import Context, context_of
from gsmgw.api.schemas import stamp
from gsmgw.dispatch.dialects import DEVICE, SMSGATE_EVENTS, SMSGATE_REF
from gsmgw.dispatch.target_policy import TargetRefused
from gsmgw.dispatch.webhooks import MOST_TARGETS
from gsmgw.errors import StoreError
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.problems import Problem, of_exception
from gsmgw.model import MessageRecord, Priority, Status, parse_id
from gsmgw.outbound import Accepted, Principal, Refusal, ServiceError, Submission, WrongState
from gsmgw.store import callbacks, messages, webhooks
from gsmgw.store.webhooks import Webhook

router = APIRouter(prefix="/3rdparty/v1", include_in_schema=False)
Ctx = Annotated[Context, Depends(context_of)]

_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
#: Its priorities from 100 on pass its limits by, those below 0 wait for others.
_URGENT = 100
_STATES = {
    Status.SCHEDULED: "Pending",
    Status.QUEUED: "Pending",
    Status.SENDING: "Processed",
    Status.UNKNOWN: "Processed",
    Status.SENT: "Sent",
    Status.DELIVERED: "Delivered",
    Status.UNDELIVERED: "Failed",
    Status.FAILED: "Failed",
    Status.EXPIRED: "Failed",
    Status.CANCELED: "Cancelled",
}
#: The state of all is the first of these that one of them is in.
_ORDER = ("Pending", "Processed", "Failed", "Cancelled", "Sent", "Delivered")


class _Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")


class _Text(_Body):
    text: str


class _Data(_Body):
    data: str
    port: int = Field(ge=0, le=65_535)


class _Message(_Body):
    id: str | None = Field(None, max_length=36)
    phone_numbers: list[str] = Field(min_length=1, max_length=MOST_RECIPIENTS)
    text_message: _Text | None = None
    data_message: _Data | None = None
    message: str | None = None
    mms_message: dict[str, Any] | None = None
    device_id: str | None = None
    priority: int = 0
    with_delivery_report: bool = True
    is_encrypted: bool = False
    ttl: int | None = Field(None, ge=1)
    valid_until: AwareDatetime | None = None
    schedule_at: AwareDatetime | None = None


class _Hook(_Body):
    id: str | None = None
    url: str = Field(min_length=1, max_length=2000)
    event: str
    device_id: str | None = None


class _Refused(Exception):
    def __init__(self, words: str, status: int = 400) -> None:
        self.words = words
        self.status = status
        super().__init__(words)


async def _enter(ctx: Context, request: Request, scope: str) -> Principal:
    user, password = basic(request)
    if not password:
        raise Problem("unauthorized", "there are none")
    return await let_in(ctx, request, user, password, scope)


def _error(exc: Exception) -> Response:
    """Its errors are an object with a ``message``."""
    if isinstance(exc, _Refused):
        return JSONResponse({"message": exc.words}, exc.status)
    if isinstance(exc, ValidationError):
        error = exc.errors(include_url=False)[0]
        where = ".".join(str(part) for part in error["loc"])
        return JSONResponse({"message": f"{where}: {error['msg']}" if where else error["msg"]}, 400)
    problem = of_exception(exc)
    if problem.code == "unauthorized":
        headers = {**problem.headers, "WWW-Authenticate": 'Basic realm="gsmgw"'}
        words = "login and password are not the name and the secret of a token"
        return JSONResponse({"message": words}, problem.status, headers)
    return JSONResponse({"message": problem.detail}, problem.status, problem.headers)


_EXPECTED = (_Refused, ValidationError, Problem, ServiceError, StoreError)


@router.post("/messages")
@router.post("/message")
async def create(ctx: Ctx, request: Request) -> Response:
    """Take a message for all of its ``phoneNumbers``."""
    try:
        caller = await _enter(ctx, request, "send")
        body = _Message.model_validate_json(await request.body())
        name = body.id or secrets.token_urlsafe(16)
        if not _ID.fullmatch(name):
            raise _Refused("id: has other characters than letters, digits, _ and -")
        results = await send(ctx, caller, _wanted(ctx, body, name))
        refused = [result for result in results if isinstance(result, Refusal)]
        if len(refused) == len(results):
            conflict = refused[0].code == "client_ref_conflict"
            raise _Refused(
                "duplicate id" if conflict else f"{refused[0].field}: {refused[0].detail}", 409 if conflict else 400
            )
        found = await _records(ctx, [result.message_id for result in results if isinstance(result, Accepted)])
        state = _state(name, found)
        for number, result in zip(body.phone_numbers, results, strict=True):
            if isinstance(result, Refusal):
                state["recipients"].append({"phoneNumber": number, "state": "Failed", "error": result.detail})
    except _EXPECTED as exc:
        return _error(exc)
    return JSONResponse(state, 202, {"Location": f"/3rdparty/v1/messages/{name}"})


def _wanted(ctx: Context, body: _Message, name: str) -> list[Submission]:
    if body.is_encrypted:
        raise _Refused("isEncrypted: what is encrypted cannot be sent by a modem")
    if body.mms_message is not None:
        raise _Refused("mmsMessage: there is no MMS here")
    text = body.text_message.text if body.text_message is not None else body.message
    data = None
    if body.data_message is not None:
        try:
            data = base64.b64decode(body.data_message.data, validate=True)
        except binascii.Error:
            raise _Refused("dataMessage.data: is not valid base64") from None
    now_ms = ctx.clock.wall_ms()
    valid_for = body.ttl
    if body.valid_until is not None:
        valid_for = round(body.valid_until.timestamp() - now_ms / 1000)
        if valid_for <= 0:
            raise _Refused("validUntil: is in the past")
    try:
        send_at_ms = None if body.schedule_at is None else wall_ms(body.schedule_at)
    except ValueError as exc:
        raise _Refused(f"scheduleAt: {exc}") from None
    priority = Priority.URGENT if body.priority >= _URGENT else Priority.BULK if body.priority < 0 else Priority.NORMAL
    return [
        Submission(
            to=number,
            text=text,
            data=data,
            port=None if body.data_message is None else body.data_message.port,
            modem=body.device_id if body.device_id in ctx.modems else None,
            priority=priority,
            send_at_ms=send_at_ms,
            valid_for=None if valid_for is None else max(60, min(valid_for, 63 * 7 * 86_400)),
            report=body.with_delivery_report,
            client_ref=f"{SMSGATE_REF}{name}:{place}",
        )
        for place, number in enumerate(body.phone_numbers)
    ]


async def _records(ctx: Context, ids: list[int]) -> list[MessageRecord]:
    found = await ctx.store.read(lambda db: messages.get_messages(db, ids))
    return [record for record in found if record is not None]


async def _group(ctx: Context, caller: Principal, name: str) -> list[MessageRecord]:
    """The messages of one of its identifiers: those accepted under it, or the one that we call so."""
    ids: list[int] = []
    while len(ids) < MOST_RECIPIENTS:
        ref = f"{SMSGATE_REF}{name}:{len(ids)}"
        number = await ctx.store.read(partial(callbacks.message_of_ref, owner=caller.owner, client_ref=ref))
        if number is None:
            break
        ids.append(number)
    own = parse_id(name)
    seen = ctx.service.visible_to(caller)
    records = await _records(ctx, ids or ([] if own is None else [own]))
    found = [record for record in records if seen is None or seen.sees(record)]
    if not found:
        raise _Refused("the message does not exist", 404)
    return found


def _state(name: str, found: list[MessageRecord]) -> dict[str, Any]:
    recipients = [
        {
            "phoneNumber": record.peer,
            "state": _STATES.get(record.status, "Sent"),
            "error": None if record.error is None else record.error.title,
        }
        for record in found
    ]
    states = {recipient["state"] for recipient in recipients}
    moments = {
        "Pending": min(record.created_ms for record in found),
        "Sent": max((record.sent_ms for record in found if record.sent_ms is not None), default=None),
        "Delivered": max((record.delivered_ms for record in found if record.delivered_ms is not None), default=None),
    }
    return {
        "id": name,
        "deviceId": DEVICE,
        "state": next((state for state in _ORDER if state in states), "Pending"),
        "isHashed": False,
        "isEncrypted": False,
        "recipients": recipients,
        "states": {state: stamp(ms) for state, ms in moments.items() if ms is not None},
        "createdAt": stamp(moments["Pending"]),
    }


@router.get("/messages/{name}")
@router.get("/message/{name}")
async def show(ctx: Ctx, request: Request, name: str) -> Response:
    """The state of a message."""
    try:
        caller = await _enter(ctx, request, "read")
        return JSONResponse(_state(name, await _group(ctx, caller, name)))
    except _EXPECTED as exc:
        return _error(exc)


@router.delete("/messages/{name}")
async def cancel(ctx: Ctx, request: Request, name: str) -> Response:
    """Take back what has not begun to leave."""
    try:
        caller = await _enter(ctx, request, "send")
        canceled = 0
        for record in await _group(ctx, caller, name):
            with suppress(WrongState):
                await ctx.service.cancel(caller, record.id)
                canceled += 1
        if not canceled:
            raise _Refused("the message can no longer be canceled", 409)
    except _EXPECTED as exc:
        return _error(exc)
    return Response(status_code=202)


# -- webhooks ---------------------------------------------------------------------------------------------------


def _hook_out(hook: Webhook) -> dict[str, Any]:
    name = next((SMSGATE_EVENTS[type][0] for type in hook.events if type in SMSGATE_EVENTS), "sms:received")
    return {"id": hook.id, "url": hook.url, "event": name, "deviceId": None}


@router.get("/webhooks")
async def hooks(ctx: Ctx, request: Request) -> Response:
    """The webhooks that were made through this door."""
    try:
        await _enter(ctx, request, "manage")
        found = await ctx.store.read(webhooks.all_webhooks)
    except _EXPECTED as exc:
        return _error(exc)
    return JSONResponse([_hook_out(hook) for hook in found if hook.format == "smsgate"])


@router.post("/webhooks")
async def add_hook(ctx: Ctx, request: Request) -> Response:
    """Tell a target of one kind of event; one with the same ``id`` is replaced."""
    try:
        await _enter(ctx, request, "manage")
        body = _Hook.model_validate_json(await request.body())
        types = tuple(type for type, (name, _) in SMSGATE_EVENTS.items() if name == body.event)
        if not types:
            raise _Refused(
                f"event: {body.event!r} is none of {', '.join(sorted({n for n, _ in SMSGATE_EVENTS.values()}))}"
            )
        if body.id is not None and not _ID.fullmatch(body.id):
            raise _Refused("id: has other characters than letters, digits, _ and -")
        ctx.webhooks.policy.check_url(body.url)
        known = await ctx.store.read(webhooks.all_webhooks)
        former = next((hook for hook in known if hook.id == body.id), None)
        if former is not None and former.format != "smsgate":
            raise _Refused("id: belongs to another webhook", 409)
        if former is None and sum(hook.expires_ms is None for hook in known) >= MOST_TARGETS:
            raise _Refused(f"there are {MOST_TARGETS} webhooks already", 409)
        hook = _hook(ctx, body, types)
        if former is not None:
            await ctx.store.write(lambda tx: webhooks.delete(tx, former.id))
            await ctx.webhooks.refresh(former.id)
        await ctx.webhooks.add(hook)
    except TargetRefused as exc:
        return _error(_Refused(f"url: {exc}"))
    except _EXPECTED as exc:
        return _error(exc)
    return JSONResponse(_hook_out(hook), 201)


def _hook(ctx: Context, body: _Hook, types: tuple[str, ...]) -> Webhook:
    return Webhook(
        id=body.id or f"wh_{secrets.token_hex(6)}",
        url=body.url,
        description="made through the smsgate door",
        events=types,
        tags=(),
        modems=(),
        ordered=True,
        secrets=(),
        state="active",
        reason=None,
        cursor=ctx.feed.last_id,
        created_ms=ctx.clock.wall_ms(),
        format="smsgate",
    )


@router.delete("/webhooks/{name}")
async def remove_hook(ctx: Ctx, request: Request, name: str) -> Response:
    """Remove a target."""
    try:
        await _enter(ctx, request, "manage")
        hook = await ctx.store.read(lambda db: webhooks.get(db, name))
        if hook is None or hook.format != "smsgate":
            raise _Refused("the webhook does not exist", 404)
        await ctx.store.write(lambda tx: webhooks.delete(tx, name))
        await ctx.webhooks.refresh(name)
    except _EXPECTED as exc:
        return _error(exc)
    return Response(status_code=204)
