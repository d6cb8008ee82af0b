"""``/2010-04-01/Accounts/{sid}/Messages``: create, list, fetch, cancel. The account is the one of ``[compat]``."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import parse_qsl

from fastapi import Request, Response

from gsmgw.bridges.callbacks import CallbackRequest, submit
from gsmgw.bridges.context import BridgeContext
from gsmgw.bridges.credentials import basic_credentials, origin_of
from gsmgw.bridges.twilio import words
from gsmgw.bridges.twilio.listing import ListQuery, page, parse_query
from gsmgw.bridges.twilio.rejected import EXPECTED, Rejected, error_response, not_found
from gsmgw.bridges.values import valid_for, wall_ms
from gsmgw.digits import is_digits
from gsmgw.http.identity import set_principal
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.routes import Router
from gsmgw.model import TWILIO, Direction, MessageRecord, Status
from gsmgw.model.events import Json
from gsmgw.numbers import NumberError, parse_recipient, same_number
from gsmgw.outbound import MessageNotFound, Principal, Refusal, Submission, WrongState
from gsmgw.store import messages

#: The name of this client in routes and messages.
CLIENT = "twilio"
_ROOT = "/2010-04-01/Accounts/{account}/Messages"
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_KNOWN = re.compile(r"Accounts/[^/]+/Messages(/[^/]+)?\.json")


class TwilioRoutes:
    """The routes of the bridge."""

    def __init__(self, ctx: BridgeContext) -> None:
        self._ctx = ctx
        self.router = Router(in_schema=False)
        self.router.add(f"{_ROOT}.json", self.create, "POST")
        self.router.add(f"{_ROOT}.json", self.index, "GET")
        self.router.add(f"{_ROOT}/{{sid}}.json", self.show, "GET")
        self.router.add(f"{_ROOT}/{{sid}}.json", self.change, "POST")
        # All else below the prefix, so that errors have Twilio's form.
        self.router.add("/2010-04-01/{rest:path}", self.other, *_METHODS)

    async def create(self, request: Request, account: str) -> Response:
        """Submit a message: ``To``, ``Body``, and those of Twilio's parameters that have a counterpart here."""
        try:
            caller = self._authenticate(request, account)
            form = await _form(request)
            url = form.get("StatusCallback")
            callback = CallbackRequest("twilio", url, tuple(words.EVENT_STATUSES)) if url else None
            (result,) = await submit(self._ctx, caller, [self._submission(form)], callback)
            if isinstance(result, Refusal):
                raise Rejected(words.REFUSAL_CODES.get(result.code, words.BAD_REQUEST), str(result))
            record = await self._get(caller, result.message_id)
        except EXPECTED as exc:
            return error_response(exc)
        return JSONResponse(_resource(record, account), 201)

    async def index(self, request: Request, account: str) -> Response:
        """List the messages of this client, newest first, by ``To``, ``From`` and ``DateSent``."""
        try:
            caller = self._authenticate(request, account)
            given = dict(request.query_params)
            query = parse_query(given)
            found = await self._list(caller, query)
        except EXPECTED as exc:
            return error_response(exc)
        shown = found[: query.size]
        after = words.sid_of(shown[-1].id) if len(found) > query.size else None
        path = _ROOT.format(account=account) + ".json"
        return JSONResponse(page([_resource(record, account) for record in shown], query, path, given, after))

    async def other(self, request: Request, rest: str) -> Response:
        """Refuse what this bridge does not have."""
        if _KNOWN.fullmatch(rest):
            return error_response(Rejected(words.WRONG_METHOD, "Method not allowed", 405))
        return error_response(not_found(f"/2010-04-01/{rest}"))

    async def show(self, request: Request, account: str, sid: str) -> Response:
        """Show a message."""
        try:
            caller = self._authenticate(request, account)
            record = await self._get(caller, _message_id(sid))
        except EXPECTED as exc:
            return error_response(exc)
        return JSONResponse(_resource(record, account))

    async def change(self, request: Request, account: str, sid: str) -> Response:
        """Cancel a message: ``Status=canceled``."""
        try:
            caller = self._authenticate(request, account)
            number = _message_id(sid)
            await self._get(caller, number)
            if (await _form(request)).get("Status") != "canceled":
                raise Rejected(words.BAD_REQUEST, "Status: must be 'canceled'.")
            try:
                await self._ctx.service.cancel(caller, number)
            except WrongState:
                raise Rejected(words.NOT_CANCELABLE, "The message can no longer be canceled.", 409) from None
            record = await self._get(caller, number)
        except EXPECTED as exc:
            return error_response(exc)
        return JSONResponse(_resource(record, account))

    def _authenticate(self, request: Request, account: str) -> Principal:
        settings, origin = self._ctx.settings, origin_of(request)
        user, password = basic_credentials(request)
        known = hmac.compare_digest(password.encode(), (settings.twilio_auth_token or "").encode())
        if not known or not password or not user == account == settings.twilio_account_sid:
            self._ctx.access.fail(origin)
            headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'}
            raise Rejected(words.UNAUTHORIZED, "Authenticate", 401, headers)
        self._ctx.access.count_request(CLIENT)
        caller = Principal(CLIENT, origin, CLIENT, scopes=("send",), owner=TWILIO)
        set_principal(request.scope, caller)
        return caller

    def _submission(self, form: Mapping[str, str]) -> Submission:
        if not form.get("To"):
            raise Rejected(words.NO_RECIPIENT, "A 'To' phone number is required.")
        if any(name.startswith("MediaUrl") for name in form):
            raise Rejected(words.NO_MEDIA, "MediaUrl: MMS is not supported.")
        return Submission(
            to=form["To"],
            text=form.get("Body"),
            modem=self._modem_of(form.get("From", "")),
            valid_for=_validity(form),
            send_at_ms=_send_at_ms(form),
            report=True,
        )

    def _modem_of(self, sender: str) -> str | None:
        """Return the modem that has this number or name; None, for any modem, if there is none."""
        if sender in self._ctx.modems:
            return sender
        for name, modem in self._ctx.modems.items():
            number = modem.status.number
            if number is not None and same_number(number.lstrip("+"), sender.lstrip("+")):
                return name
        return None

    async def _list(self, caller: Principal, query: ListQuery) -> list[MessageRecord]:
        """Return the messages of a page, and one more if there are more."""
        modem = None if query.sender is None else self._modem_of(query.sender)
        if query.sender is not None and modem is None:
            return []
        wanted = messages.Filter(
            peer=None if query.to is None else _peer(query.to),
            modem=modem,
            sent_since_ms=query.sent_since_ms,
            sent_until_ms=query.sent_until_ms,
            before_id=query.after,
            sight=self._ctx.service.visible_to(caller),
        )
        return await self._ctx.store.read(lambda db: messages.list_messages(db, wanted, query.size + 1))

    async def _get(self, caller: Principal, number: int) -> MessageRecord:
        try:
            return await self._ctx.service.get(caller, number)
        except MessageNotFound:
            raise not_found(words.sid_of(number)) from None


def _peer(to: str) -> str:
    try:
        return parse_recipient(to, None)
    except NumberError:
        return to


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))


def _validity(form: Mapping[str, str]) -> int | None:
    text = form.get("ValidityPeriod")
    if not text:
        return None
    if not is_digits(text) or len(text) > 9:
        raise Rejected(words.BAD_REQUEST, "ValidityPeriod: is not a valid number of seconds.")
    return valid_for(int(text))


def _send_at_ms(form: Mapping[str, str]) -> int | None:
    text = form.get("SendAt")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return wall_ms(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except ValueError:
        raise Rejected(words.BAD_REQUEST, "SendAt: is not a valid ISO 8601 time from 1970 to 2199.") from None


def _message_id(sid: str) -> int:
    number = words.message_id(sid)
    if number is None:
        raise not_found(sid)
    return number


def _date(ms: int | None) -> str | None:
    return None if ms is None else format_datetime(datetime.fromtimestamp(ms // 1000, UTC))


def _resource(record: MessageRecord, account: str) -> dict[str, Json]:
    sid = words.sid_of(record.id)
    outbound = record.direction is Direction.OUTBOUND
    failed = record.status in (Status.FAILED, Status.UNDELIVERED, Status.EXPIRED)
    error = words.error_code(record) if failed else None
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
        "status": words.STATUSES.get(record.status, record.status.value),
        "subresource_uris": {},
        "to": record.peer if outbound else record.own,
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{sid}.json",
    }
