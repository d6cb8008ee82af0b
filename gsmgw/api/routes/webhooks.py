"""/v1/webhooks"""

from __future__ import annotations

import asyncio
import secrets
from base64 import b64decode
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from gsmgw.api.context import Context
from gsmgw.api.dependencies import Ctx
from gsmgw.api.schemas import EVENT_TYPE, Flag, Moment, Tag, stamp
from gsmgw.dispatch.target_policy import TargetRefused
from gsmgw.dispatch.webhooks import MOST_SECRETS, MOST_TARGETS, new_secret
from gsmgw.http.json_response import JSONResponse, page_response
from gsmgw.http.problems import Problem
from gsmgw.store import webhooks
from gsmgw.store.webhooks import Delivery, Secret, Webhook

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

#: How long the name of a new target may take to be resolved; it is looked at again at each delivery.
RESOLVE_S = 3.0


def _secret(value: str) -> str:
    try:
        key = b64decode(value.removeprefix("whsec_"), validate=True)
    except ValueError as exc:
        raise ValueError(f"is not base64 behind whsec_: {exc}") from None
    if not 24 <= len(key) <= 64:
        raise ValueError(f"has {len(key)} octets; it must have 24 to 64")
    return value


Types = Annotated[
    list[Annotated[str, StringConstraints(pattern=EVENT_TYPE.pattern, max_length=64)]],
    Field(max_length=50, description="Event types; message.* for all of a kind. Empty: all"),
]
Tags = Annotated[list[Tag], Field(max_length=50, description="Messages with one of these tags. Empty: all")]
Modems = Annotated[list[str], Field(max_length=50, description="Events of these modems. Empty: all")]
SecretIn = Annotated[str, StringConstraints(pattern=r"^whsec_", max_length=120), AfterValidator(_secret)]
EventId = Annotated[int, Field(ge=1, le=2**63 - 1)]
Url = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class WebhookIn(BaseModel):
    """A new target."""

    model_config = ConfigDict(extra="forbid")

    url: Url
    description: str = Field("", max_length=200)
    events: Types = Field(default_factory=list)
    tags: Tags = Field(default_factory=list)
    modems: Modems = Field(default_factory=list)
    ordered: Flag = Field(True, description="One event after the other; false: later ones overtake one that failed")
    secret: SecretIn | None = Field(None, description="whsec_ and base64 of 24 to 64 octets; made, where left out")


class WebhookPatch(BaseModel):
    """What is to change of a target."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    description: str | None = Field(None, max_length=200)
    events: Types | None = None
    tags: Tags | None = None
    modems: Modems | None = None
    ordered: Flag | None = None


class SecretRotation(BaseModel):
    """A new secret."""

    model_config = ConfigDict(extra="forbid")

    secret: SecretIn | None = None
    keep_former: int = Field(86_400, ge=0, le=30 * 86_400, description="Seconds for which the former ones sign too")


class ResumeIn(BaseModel):
    """How to go on."""

    model_config = ConfigDict(extra="forbid")

    skip: Flag = Field(False, description="Give up what was tried in vain")


def _event_or_moment(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """One fault of one field, not one for each thing that it might have been."""
    try:
        if not isinstance(value, bool):
            return check(value)
    except ValidationError:
        pass
    raise ValueError("is neither the number of an event nor a time of RFC 3339, with a zone: 2026-12-24T18:00:00+01:00")


class ReplayIn(BaseModel):
    """What to deliver once more: one event, or all since an event or a moment."""

    model_config = ConfigDict(extra="forbid")

    event: EventId | None = None
    since: Annotated[EventId | Moment | None, WrapValidator(_event_or_moment)] = None

    @model_validator(mode="after")
    def _one(self) -> ReplayIn:
        if (self.event is None) == (self.since is None):
            raise ValueError("needs exactly one of event and since")
        return self


def _out(ctx: Context, hook: Webhook, pending: int) -> dict[str, Any]:
    now_ms = ctx.clock.wall_ms()
    return {
        "id": hook.id,
        "url": hook.url,
        "description": hook.description,
        "events": list(hook.events),
        "tags": list(hook.tags),
        "modems": list(hook.modems),
        "ordered": hook.ordered,
        "format": hook.format,
        "state": hook.state,
        "reason": hook.reason,
        "pending": pending,
        "behind": ctx.webhooks.lag(hook),
        "created_at": stamp(hook.created_ms),
        "expires_at": stamp(hook.expires_ms),
        "secrets": [
            {"created_at": stamp(secret.created_ms), "expires_at": stamp(secret.expires_ms)}
            for secret in hook.secrets
            if secret.is_valid(now_ms)
        ],
    }


def _delivery_out(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "event": delivery.event_id,
        "type": delivery.type,
        "kind": delivery.kind,
        "state": delivery.state,
        "created_at": stamp(delivery.created_ms),
        "ended_at": stamp(delivery.ended_ms),
        "next_try_at": stamp(delivery.due_ms),
        "tries": [
            {
                "at": stamp(tried["at_ms"]),
                "status": tried.get("status"),
                "error": tried.get("error"),
                "duration_ms": tried["duration_ms"],
                "answer": tried.get("answer"),
            }
            for tried in delivery.tries
        ],
    }


async def _load(ctx: Context, webhook_id: str) -> Webhook:
    hook = await ctx.store.read(lambda db: webhooks.get(db, webhook_id))
    if hook is None:
        raise Problem("not_found", f"there is no webhook {webhook_id!r}")
    return hook


async def _answer(ctx: Context, webhook_id: str) -> dict[str, Any]:
    hook = await _load(ctx, webhook_id)
    pending = await ctx.store.read(webhooks.count_open)
    return _out(ctx, hook, pending.get(hook.id, 0))


async def _check(ctx: Context, url: str) -> None:
    try:
        parsed = ctx.webhooks.policy.check_url(url)
        async with asyncio.timeout(RESOLVE_S):
            await ctx.webhooks.policy.addresses(parsed, ctx.webhooks.resolve)
    except TargetRefused as exc:
        errors = [{"pointer": "/url", "detail": str(exc)}]
        raise Problem("target_refused", f"url: {exc}", errors=errors) from None
    except (OSError, TimeoutError, UnicodeError):
        pass  # a name that is not known now may be tomorrow


@router.post("", status_code=201)
async def create(ctx: Ctx, body: WebhookIn) -> Response:
    """Add a target, from the next event on. The answer's ``secret`` is shown this once."""
    await _check(ctx, body.url)
    known = await ctx.store.read(webhooks.all_webhooks)
    if sum(hook.expires_ms is None for hook in known) >= MOST_TARGETS:
        raise Problem("wrong_state", f"there are {MOST_TARGETS} webhooks already")
    now_ms = ctx.clock.wall_ms()
    secret = body.secret or new_secret()
    hook = Webhook(
        id=f"wh_{secrets.token_hex(6)}",
        url=body.url,
        description=body.description,
        events=tuple(body.events),
        tags=tuple(body.tags),
        modems=tuple(body.modems),
        ordered=body.ordered,
        secrets=(Secret(secret, now_ms),),
        state="active",
        reason=None,
        cursor=ctx.feed.last_id,
        created_ms=now_ms,
    )
    await ctx.webhooks.add(hook)
    return JSONResponse({**_out(ctx, hook, 0), "secret": secret}, 201, headers={"Location": f"/v1/webhooks/{hook.id}"})


@router.get("")
async def index(ctx: Ctx) -> Response:
    """All targets, without their secrets."""
    found = await ctx.store.read(webhooks.all_webhooks)
    pending = await ctx.store.read(webhooks.count_open)
    return JSONResponse({"data": [_out(ctx, hook, pending.get(hook.id, 0)) for hook in found]})


@router.get("/{webhook_id}")
async def show(ctx: Ctx, webhook_id: str) -> Response:
    """One target: its state, how much it has open and how far it is behind."""
    return JSONResponse(await _answer(ctx, webhook_id))


@router.patch("/{webhook_id}")
async def change(ctx: Ctx, webhook_id: str, body: WebhookPatch) -> Response:
    """Change a target's address, filters or order."""
    if body.url is not None:
        await _check(ctx, body.url)
    changes: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in body.model_dump(exclude_none=True).items()
    }
    await ctx.webhooks.alter(webhook_id, lambda hook: replace(hook, **changes))
    return JSONResponse(await _answer(ctx, webhook_id))


@router.delete("/{webhook_id}", status_code=204)
async def delete(ctx: Ctx, webhook_id: str) -> Response:
    """Remove a target with its delivery log. What is under way to it may still arrive."""
    if not await ctx.store.write(lambda tx: webhooks.delete(tx, webhook_id)):
        raise Problem("not_found", f"there is no webhook {webhook_id!r}")
    await ctx.webhooks.refresh(webhook_id)
    return Response(status_code=204)


@router.post("/{webhook_id}/secrets", status_code=201)
async def rotate(ctx: Ctx, webhook_id: str, body: SecretRotation | None = None) -> Response:
    """Give a target a new secret, shown this once. Until the former ones expire, requests are signed by all."""
    wanted = body or SecretRotation(secret=None, keep_former=86_400)
    secret = wanted.secret or new_secret()
    now_ms, keep_ms = ctx.clock.wall_ms(), wanted.keep_former * 1000
    await ctx.webhooks.alter(webhook_id, lambda hook: webhooks.rotated(hook, secret, now_ms, keep_ms, MOST_SECRETS))
    return JSONResponse({**await _answer(ctx, webhook_id), "secret": secret}, 201)


@router.post("/{webhook_id}/pause")
async def pause(ctx: Ctx, webhook_id: str) -> Response:
    """Deliver nothing for now; what happens meanwhile is delivered later."""
    hook = await _load(ctx, webhook_id)
    now_ms = ctx.clock.wall_ms()
    if not await ctx.store.write(lambda tx: webhooks.pause(tx, now_ms, hook, "paused", "paused by request", "request")):
        raise Problem("wrong_state", f"it is {hook.state} already")
    await ctx.webhooks.refresh(webhook_id)
    return JSONResponse(await _answer(ctx, webhook_id))


@router.post("/{webhook_id}/resume")
async def resume(ctx: Ctx, webhook_id: str, body: ResumeIn | None = None) -> Response:
    """Let a paused or disabled target go on where it stopped, with new tries."""
    hook = await _load(ctx, webhook_id)
    now_ms = ctx.clock.wall_ms()
    skip = body is not None and body.skip
    if not await ctx.store.write(lambda tx: webhooks.resume(tx, now_ms, hook, skip=skip)):
        raise Problem("wrong_state", "it is active already")
    await ctx.webhooks.refresh(webhook_id)
    return JSONResponse(await _answer(ctx, webhook_id))


@router.post("/{webhook_id}/test")
async def test(ctx: Ctx, webhook_id: str) -> Response:
    """Post a ``webhook.test`` event now, once, and tell what came of it."""
    hook = await _load(ctx, webhook_id)
    if not ctx.webhooks.has_test(hook):
        detail = f"a webhook of the {hook.format} bridge gets only events of its messages and cannot be tested"
        raise Problem("wrong_state", detail)
    return JSONResponse(_delivery_out(await ctx.webhooks.test(hook)))


@router.post("/{webhook_id}/replay", status_code=202)
async def replay(ctx: Ctx, webhook_id: str, body: ReplayIn) -> Response:
    """Deliver one event once more, or all that the target wants since an event or a moment."""
    hook = await _load(ctx, webhook_id)
    now_ms = ctx.clock.wall_ms()
    if body.event is not None:
        event = body.event
        if await ctx.store.write(lambda tx: webhooks.replay_one(tx, now_ms, hook.id, event)) is None:
            raise Problem("not_found", f"there is no event {event}")
    else:
        since = body.since
        if isinstance(since, int):
            first = since
        else:
            moment_ms = 0 if since is None else round(since.timestamp() * 1000)
            first = await ctx.store.read(lambda db: webhooks.first_event_since(db, moment_ms))
        await ctx.store.write(lambda tx: webhooks.replay_since(tx, hook.id, first))
    await ctx.webhooks.refresh(webhook_id)
    return JSONResponse(await _answer(ctx, webhook_id), 202)


@router.get("/{webhook_id}/deliveries")
async def deliveries(
    ctx: Ctx,
    webhook_id: str,
    state: Literal["pending", "delivered", "failed"] | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    cursor: EventId | None = None,
) -> Response:
    """The delivery log, newest first: each delivery with its tries. The last 1000 that have ended are kept."""
    hook = await _load(ctx, webhook_id)
    found = await ctx.store.read(lambda db: webhooks.log(db, hook.id, state, cursor, limit + 1))
    more = str(found[limit - 1].id) if len(found) > limit else None
    return await page_response(found[:limit], _delivery_out, more)
