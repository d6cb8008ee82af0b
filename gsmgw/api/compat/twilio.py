"""Twilio's Messages resource: ``POST /2010-04-01/Accounts/{sid}/Messages.json``, form-encoded; fetch, cancel, callback.

The account is the one of ``[compat]``: its token signs the callbacks. Source: twilio.com/docs/messaging/api.
"""

from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request, Response

from gsmgw.api.compat.common import Notice, basic, origin_of, send, wall_ms
from gsmgw.api.context import Context, context_of
from gsmgw.digits import is_digits
from gsmgw.dispatch.dialects import TWILIO_STATUS, twilio_error, twilio_sid
from gsmgw.errors import StoreError
from gsmgw.http.identity import set_principal
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.problems import Problem, of_exception
from gsmgw.model import TWILIO, Direction, MessageRecord, Status
from gsmgw.numbers import same_number
from gsmgw.outbound import MessageNotFound, Principal, Refusal, ServiceError, Submission, WrongState

router = APIRouter(prefix="/2010-04-01/Accounts/{account}", include_in_schema=False)
Ctx = Annotated[Context, Depends(context_of)]

#: The name by which routes and the messages know this door.
CLIENT = "twilio"
_SID = re.compile(r"SM[0-9a-f]{32}")
#: twilio.com/docs/api/errors
_NOT_FOUND, _UNAUTHORIZED, _THROTTLED, _BAD_TO, _NO_BODY, _TOO_LONG, _BAD, _BUSY = (
    20404, 20003, 20429, 21211, 21602, 21617, 20001, 20503,
)  # fmt: skip
_NOT_CANCELABLE = 30409
_PROBLEMS = {"too_many_requests": _THROTTLED, "target_refused": 21609, "storage_unavailable": _BUSY}
_CODES = {"invalid_number": _BAD_TO, "empty_message": _NO_BODY, "too_long": _TOO_LONG}
_STATUSES = {
    Status.SCHEDULED: "scheduled",
    Status.QUEUED: "queued",
    Status.EXPIRED: "failed",
    Status.UNKNOWN: "sending",
}


class _Refused(Exception):
    def __init__(self, code: int, words: str, status: int = 400, headers: dict[str, str] | None = None) -> None:
        self.code = code
        self.words = words
        self.status = status
        self.headers = headers or {}
        super().__init__(words)


def _error(exc: Exception) -> Response:
    if not isinstance(exc, _Refused):
        problem = of_exception(exc)
        code = _PROBLEMS.get(problem.code, _BAD)
        exc = _Refused(code, problem.detail, problem.status if problem.status != 422 else 400, problem.headers)
    body = {"code": exc.code, "message": exc.words, "status": exc.status, "more_info": "/docs"}
    return JSONResponse(body, exc.status, exc.headers)


_EXPECTED = (_Refused, Problem, ServiceError, StoreError)


def _enter(ctx: Context, request: Request, account: str) -> Principal:
    settings = ctx.compat
    origin = origin_of(request)
    user, password = basic(request)
    known = hmac.compare_digest(password.encode(), (settings.twilio_auth_token or "").encode())
    if not known or not password or not user == account == settings.twilio_account_sid:
        ctx.access.fail(origin)
        raise _Refused(_UNAUTHORIZED, "Authenticate", 401, {"WWW-Authenticate": 'Basic realm="Twilio API"'})
    ctx.access.count_request(CLIENT)
    caller = Principal(CLIENT, origin, CLIENT, scopes=("send",), owner=TWILIO)
    set_principal(request.scope, caller)
    return caller


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))


@router.post("/Messages.json")
async def create(ctx: Ctx, request: Request, account: str) -> Response:
    """Take a message: ``To``, ``Body``, and what else of Twilio's there is a way for."""
    try:
        caller = _enter(ctx, request, account)
        form = await _form(request)
        wanted = _wanted(ctx, form)
        callback = form.get("StatusCallback")
        notice = Notice("twilio", callback, tuple(TWILIO_STATUS)) if callback else None
        (result,) = await send(ctx, caller, [wanted], notice)
        if isinstance(result, Refusal):
            raise _Refused(_CODES.get(result.code, _BAD), f"{result.field}: {result.detail}")
        record = await _load(ctx, caller, result.message_id)
    except _EXPECTED as exc:
        return _error(exc)
    return JSONResponse(_out(record, account), 201)


def _wanted(ctx: Context, form: dict[str, str]) -> Submission:
    if not form.get("To"):
        raise _Refused(21604, "A 'To' phone number is required.")
    if any(name.startswith("MediaUrl") for name in form):
        raise _Refused(21623, "MediaUrl: there is no MMS here.")
    valid_for: int | None = None
    if form.get("ValidityPeriod"):
        if not is_digits(form["ValidityPeriod"]) or len(form["ValidityPeriod"]) > 9:
            raise _Refused(_BAD, "ValidityPeriod: is not a valid number of seconds.")
        valid_for = max(60, min(int(form["ValidityPeriod"]), 63 * 7 * 86_400))
    send_at_ms: int | None = None
    if form.get("SendAt"):
        try:
            moment = datetime.fromisoformat(form["SendAt"])
            send_at_ms = wall_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        except ValueError:
            raise _Refused(_BAD, "SendAt: is no time of ISO 8601 in this century or the next.") from None
    return Submission(
        to=form["To"],
        text=form.get("Body"),
        modem=_modem_of(ctx, form.get("From", "")),
        valid_for=valid_for,
        send_at_ms=send_at_ms,
        report=True,
    )


def _modem_of(ctx: Context, sender: str) -> str | None:
    """The modem that has this number or name; None, for any, where there is none."""
    if sender in ctx.modems:
        return sender
    for name, modem in ctx.modems.items():
        number = modem.status.number
        if number is not None and same_number(number.lstrip("+"), sender.lstrip("+")):
            return name
    return None


@router.get("/Messages/{sid}.json")
async def show(ctx: Ctx, request: Request, account: str, sid: str) -> Response:
    """A message."""
    try:
        caller = _enter(ctx, request, account)
        record = await _load(ctx, caller, _number(sid))
    except _EXPECTED as exc:
        return _error(exc)
    return JSONResponse(_out(record, account))


@router.post("/Messages/{sid}.json")
async def change(ctx: Ctx, request: Request, account: str, sid: str) -> Response:
    """Cancel a message: ``Status=canceled``."""
    try:
        caller = _enter(ctx, request, account)
        number = _number(sid)
        await _load(ctx, caller, number)
        if (await _form(request)).get("Status") != "canceled":
            raise _Refused(_BAD, "Status: only 'canceled' can be asked for.")
        try:
            await ctx.service.cancel(caller, number)
        except WrongState:
            raise _Refused(_NOT_CANCELABLE, "The message can no longer be canceled.", 409) from None
        record = await _load(ctx, caller, number)
    except _EXPECTED as exc:
        return _error(exc)
    return JSONResponse(_out(record, account))


def _number(sid: str) -> int:
    number = int(sid[2:], 16) if _SID.fullmatch(sid) else 0
    if not 0 < number < 1 << 63:
        raise _Refused(_NOT_FOUND, f"The requested resource {sid} was not found", 404)
    return number


async def _load(ctx: Context, caller: Principal, number: int) -> MessageRecord:
    try:
        return await ctx.service.get(caller, number)
    except MessageNotFound:
        raise _Refused(_NOT_FOUND, f"The requested resource {twilio_sid(number)} was not found", 404) from None


def _date(ms: int | None) -> str | None:
    return None if ms is None else format_datetime(datetime.fromtimestamp(ms // 1000, UTC))


def _out(record: MessageRecord, account: str) -> dict[str, Any]:
    sid = twilio_sid(record.id)
    outbound = record.direction is Direction.OUTBOUND
    uri = f"/2010-04-01/Accounts/{account}/Messages/{sid}.json"
    error = twilio_error(record) if record.status in (Status.FAILED, Status.UNDELIVERED, Status.EXPIRED) else None
    moments = (record.created_ms, record.sent_ms, record.delivered_ms)
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": record.text,
        "date_created": _date(record.created_ms),
        "date_sent": _date(record.sent_ms if outbound else record.received_ms),
        "date_updated": _date(max(ms for ms in moments if ms is not None)),
        "direction": "outbound-api" if outbound else "inbound",
        "error_code": error,
        "error_message": record.error.title if error is not None and record.error is not None else None,
        "from": record.own if outbound else record.peer,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": str(record.segments),
        "price": None,
        "price_unit": None,
        "sid": sid,
        "status": _STATUSES.get(record.status, record.status.value),
        "subresource_uris": {},
        "to": record.peer if outbound else record.own,
        "uri": uri,
    }
