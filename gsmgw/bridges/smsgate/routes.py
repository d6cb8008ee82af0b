"""``/3rdparty/v1``: messages and webhooks. Login and password are the name and the secret of a token."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

from fastapi import Request, Response
from pydantic import ValidationError

from gsmgw.bridges.context import BridgeContext
from gsmgw.bridges.credentials import authenticate, basic_credentials
from gsmgw.bridges.smsgate.bodies import MessageBody, Rejected, WebhookBody, check_id, submissions
from gsmgw.bridges.smsgate.words import DEVICE, EVENTS, STATE_ORDER, STATES, ref_of
from gsmgw.bridges.values import MAX_RECIPIENTS
from gsmgw.dispatch.target_policy import TargetRefused
from gsmgw.dispatch.webhooks import MOST_TARGETS
from gsmgw.errors import StoreError
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.problems import Problem, of_exception
from gsmgw.http.routes import Router
from gsmgw.model import MessageRecord, parse_id
from gsmgw.model.events import Json
from gsmgw.model.webhooks import WebhookState
from gsmgw.outbound import Accepted, Principal, Refusal, Result, ServiceError, WrongState
from gsmgw.store import callbacks, messages, webhooks
from gsmgw.store.webhooks import Webhook
from gsmgw.wire.encoding import stamp
from gsmgw.wire.problems import ProblemCode

_ROOT = "/3rdparty/v1"
_FORMAT = "smsgate"
_EXPECTED = (Rejected, ValidationError, Problem, ServiceError, StoreError)


def _error(exc: Exception) -> Response:
    """Return a response in SMSGate's form: an object with a ``message``."""
    if isinstance(exc, Rejected):
        return JSONResponse({"message": exc.words}, exc.status)
    if isinstance(exc, ValidationError):
        error = exc.errors(include_url=False)[0]
        where = ".".join(str(part) for part in error["loc"])
        return JSONResponse({"message": f"{where}: {error['msg']}" if where else error["msg"]}, 400)
    problem = of_exception(exc)
    if problem.code == ProblemCode.UNAUTHORIZED:
        headers = {**problem.headers, "WWW-Authenticate": 'Basic realm="gsmgw"'}
        words = "login and password are not the name and the secret of a token"
        return JSONResponse({"message": words}, problem.status, headers)
    return JSONResponse({"message": problem.detail}, problem.status, problem.headers)


class SmsgateRoutes:
    """The routes of the bridge."""

    def __init__(self, ctx: BridgeContext) -> None:
        self._ctx = ctx
        self.router = Router(_ROOT, in_schema=False)
        for method, paths, endpoint in (
            ("POST", ("/messages", "/message"), self.create),
            ("GET", ("/messages/{name}", "/message/{name}"), self.show),
            ("DELETE", ("/messages/{name}",), self.cancel),
            ("GET", ("/webhooks",), self.list_webhooks),
            ("POST", ("/webhooks",), self.add_webhook),
            ("DELETE", ("/webhooks/{name}",), self.remove_webhook),
        ):
            for path in paths:
                self.router.add(path, endpoint, method)

    # -- messages -----------------------------------------------------------------------------------------------

    async def create(self, request: Request) -> Response:
        """Submit a message to all of its ``phoneNumbers``."""
        ctx = self._ctx
        try:
            caller = await self._authenticate(request, "send")
            body = MessageBody.model_validate_json(await request.body())
            name = body.id or secrets.token_urlsafe(16)
            check_id(name)
            wanted = submissions(body, name, ctx.modems, ctx.clock.wall_ms())
            results = await ctx.service.submit_batch(caller, wanted)
            _require_one(results)
            found = await self._records([each.message_id for each in results if isinstance(each, Accepted)])
        except _EXPECTED as exc:
            return _error(exc)
        refused = [
            {"phoneNumber": number, "state": "Failed", "error": result.detail}
            for number, result in zip(body.phone_numbers, results, strict=True)
            if isinstance(result, Refusal)
        ]
        return JSONResponse(_state(name, found, refused), 202, {"Location": f"{_ROOT}/messages/{name}"})

    async def show(self, request: Request, name: str) -> Response:
        """Show the state of a message."""
        try:
            caller = await self._authenticate(request, "read")
            return JSONResponse(_state(name, await self._messages(caller, name)))
        except _EXPECTED as exc:
            return _error(exc)

    async def cancel(self, request: Request, name: str) -> Response:
        """Cancel the parts of a message that are not yet being sent."""
        try:
            caller = await self._authenticate(request, "send")
            canceled = 0
            for record in await self._messages(caller, name):
                with suppress(WrongState):
                    await self._ctx.service.cancel(caller, record.id)
                    canceled += 1
            if not canceled:
                raise Rejected("the message can no longer be canceled", 409)
        except _EXPECTED as exc:
            return _error(exc)
        return Response(status_code=202)

    async def _authenticate(self, request: Request, scope: str) -> Principal:
        user, password = basic_credentials(request)
        if not password:
            raise Problem(ProblemCode.UNAUTHORIZED, "login and password are missing")
        return await authenticate(self._ctx, request, user, password, scope)

    async def _records(self, ids: list[int]) -> list[MessageRecord]:
        found = await self._ctx.store.read(lambda db: messages.get_messages(db, ids))
        return [record for record in found if record is not None]

    async def _messages(self, caller: Principal, name: str) -> list[MessageRecord]:
        """Return the messages that were accepted under an id, or the one whose id it is."""
        ids: list[int] = []
        while len(ids) < MAX_RECIPIENTS:
            ref = ref_of(name, len(ids))
            number = await self._ctx.store.read(partial(callbacks.message_of_ref, owner=caller.owner, client_ref=ref))
            if number is None:
                break
            ids.append(number)
        own = parse_id(name)
        visible = self._ctx.service.visible_to(caller)
        records = await self._records(ids or ([] if own is None else [own]))
        found = [record for record in records if visible is None or visible.sees(record)]
        if not found:
            raise Rejected("the message does not exist", 404)
        return found

    # -- webhooks -----------------------------------------------------------------------------------------------

    async def list_webhooks(self, request: Request) -> Response:
        """List the webhooks that were made through this bridge."""
        try:
            await self._authenticate(request, "manage")
            found = await self._ctx.store.read(webhooks.all_webhooks)
        except _EXPECTED as exc:
            return _error(exc)
        return JSONResponse([_webhook_out(hook) for hook in found if hook.format == _FORMAT])

    async def add_webhook(self, request: Request) -> Response:
        """Add a webhook for one kind of event. One with the same ``id`` is replaced."""
        ctx = self._ctx
        try:
            await self._authenticate(request, "manage")
            body = WebhookBody.model_validate_json(await request.body())
            check_id(body.id)
            hook = self._webhook(body)
            ctx.webhooks.policy.check_url(body.url)
            known = await ctx.store.read(webhooks.all_webhooks)
            former = next((each for each in known if each.id == body.id), None)
            if former is not None and former.format != _FORMAT:
                raise Rejected("id: belongs to another webhook", 409)
            if former is None and sum(each.expires_ms is None for each in known) >= MOST_TARGETS:
                raise Rejected(f"at most {MOST_TARGETS} webhooks are possible", 409)
            if former is not None:
                await self._delete(former.id)
            await ctx.webhooks.add(hook)
        except TargetRefused as exc:
            return _error(Rejected(f"url: {exc}"))
        except _EXPECTED as exc:
            return _error(exc)
        return JSONResponse(_webhook_out(hook), 201)

    async def remove_webhook(self, request: Request, name: str) -> Response:
        """Remove a webhook."""
        try:
            await self._authenticate(request, "manage")
            hook = await self._ctx.store.read(lambda db: webhooks.get(db, name))
            if hook is None or hook.format != _FORMAT:
                raise Rejected("the webhook does not exist", 404)
            await self._delete(name)
        except _EXPECTED as exc:
            return _error(exc)
        return Response(status_code=204)

    async def _delete(self, webhook_id: str) -> None:
        await self._ctx.store.write(lambda tx: webhooks.delete(tx, webhook_id))
        await self._ctx.webhooks.refresh(webhook_id)

    def _webhook(self, body: WebhookBody) -> Webhook:
        types = tuple(type for type, (name, _) in EVENTS.items() if name == body.event)
        if not types:
            known = ", ".join(sorted({name for name, _ in EVENTS.values()}))
            raise Rejected(f"event: {body.event!r} is not one of {known}")
        return Webhook(
            id=body.id or f"wh_{secrets.token_hex(6)}",
            url=body.url,
            description="made through the smsgate bridge",
            events=types,
            tags=(),
            modems=(),
            ordered=True,
            secrets=(),
            state=WebhookState.ACTIVE,
            reason=None,
            cursor=self._ctx.feed.last_id,
            created_ms=self._ctx.clock.wall_ms(),
            format=_FORMAT,
        )


def _require_one(results: Sequence[Result]) -> None:
    """Raise :class:`Rejected` when no message was accepted."""
    refused = [result for result in results if isinstance(result, Refusal)]
    if len(refused) < len(results):
        return
    if refused[0].code == ProblemCode.CLIENT_REF_CONFLICT:
        raise Rejected("duplicate id", 409)
    raise Rejected(str(refused[0]))


def _state(name: str, found: Sequence[MessageRecord], refused: Sequence[Mapping[str, Json]] = ()) -> dict[str, Json]:
    recipients: list[Mapping[str, Json]] = [
        {
            "phoneNumber": record.peer,
            "state": STATES.get(record.status, "Sent"),
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
        "state": next((state for state in STATE_ORDER if state in states), "Pending"),
        "isHashed": False,
        "isEncrypted": False,
        "recipients": [*recipients, *refused],
        "states": {state: stamp(ms) for state, ms in moments.items() if ms is not None},
        "createdAt": stamp(moments["Pending"]),
    }


def _webhook_out(hook: Webhook) -> dict[str, Json]:
    name = next((EVENTS[type][0] for type in hook.events if type in EVENTS), "sms:received")
    return {"id": hook.id, "url": hook.url, "event": name, "deviceId": None}
