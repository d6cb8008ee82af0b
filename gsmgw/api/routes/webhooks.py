"""/v1/webhooks"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Response

from gsmgw.api.context import Context
from gsmgw.api.dependencies import Ctx
from gsmgw.api.fields import Limit, RowId
from gsmgw.api.openapi import problems
from gsmgw.api.paging import ListQuery, page_of
from gsmgw.api.routes.webhook_bodies import ReplayIn, ResumeIn, SecretRotation, WebhookIn, WebhookPatch
from gsmgw.api.routing import QueryModel, api_router
from gsmgw.dispatch.target_policy import TargetRefused
from gsmgw.dispatch.webhooks import MOST_SECRETS, MOST_TARGETS, new_secret
from gsmgw.http.json_response import JSONResponse, page_response
from gsmgw.http.problems import Problem
from gsmgw.model.webhooks import WebhookState
from gsmgw.store import webhooks
from gsmgw.store.webhooks import Delivery, Secret, Webhook
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp
from gsmgw.wire.problems import ProblemCode

router = api_router("/v1/webhooks")

_UNKNOWN, _CHANGED = problems(404), problems(404, 409)

#: Time limit for resolving the name of a new webhook; it is resolved again for each delivery.
RESOLVE_S = 3.0


class DeliveryQuery(QueryModel):
    """Query parameters of the delivery log."""

    state: Literal["pending", "delivered", "failed"] | None = None
    limit: Limit = 50
    cursor: RowId | None = None


def _out(ctx: Context, hook: Webhook, pending: int) -> resources.Webhook:
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


def _delivery_out(delivery: Delivery) -> resources.Delivery:
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
        raise Problem(ProblemCode.NOT_FOUND, f"the webhook {webhook_id!r} does not exist")
    return hook


async def _answer(ctx: Context, webhook_id: str) -> resources.Webhook:
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
        raise Problem(ProblemCode.TARGET_REFUSED, f"url: {exc}", errors=errors) from None
    except (OSError, TimeoutError, UnicodeError):
        pass  # a name that cannot be resolved now may be later


@router.post("", status_code=201, response_model=resources.NewWebhook, responses=problems(409))
async def create(ctx: Ctx, body: WebhookIn) -> Response:
    """Add a webhook. It gets the events from now on. The response shows its ``secret`` only this once."""
    await _check(ctx, body.url)
    known = await ctx.store.read(webhooks.all_webhooks)
    if sum(hook.expires_ms is None for hook in known) >= MOST_TARGETS:
        raise Problem(ProblemCode.WRONG_STATE, f"at most {MOST_TARGETS} webhooks are possible")
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
        state=WebhookState.ACTIVE,
        reason=None,
        cursor=ctx.feed.last_id,
        created_ms=now_ms,
    )
    await ctx.webhooks.add(hook)
    return JSONResponse({**_out(ctx, hook, 0), "secret": secret}, 201, headers={"Location": f"/v1/webhooks/{hook.id}"})


@router.get("", response_model=resources.WebhookList)
async def index(ctx: Ctx, query: Annotated[ListQuery, Query()]) -> Response:
    """List all webhooks, oldest first, or a page of them, without their secrets."""
    found = await ctx.store.read(webhooks.all_webhooks)
    pending = await ctx.store.read(webhooks.count_open)
    page, more = page_of(found, query, lambda hook: (hook.created_ms, hook.id))
    return JSONResponse({"data": [_out(ctx, hook, pending.get(hook.id, 0)) for hook in page], "next_cursor": more})


@router.get("/{webhook_id}", response_model=resources.Webhook, responses=_UNKNOWN)
async def show(ctx: Ctx, webhook_id: str) -> Response:
    """Show one webhook: its state, its open deliveries, its backlog."""
    return JSONResponse(await _answer(ctx, webhook_id))


@router.patch("/{webhook_id}", response_model=resources.Webhook, responses=_UNKNOWN)
async def change(ctx: Ctx, webhook_id: str, body: WebhookPatch) -> Response:
    """Change the URL, the filters or the order of a webhook."""
    if body.url is not None:
        await _check(ctx, body.url)
    changes: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in body.model_dump(exclude_none=True).items()
    }
    await ctx.webhooks.alter(webhook_id, lambda hook: replace(hook, **changes))
    return JSONResponse(await _answer(ctx, webhook_id))


@router.delete("/{webhook_id}", status_code=204, responses=_UNKNOWN)
async def delete(ctx: Ctx, webhook_id: str) -> Response:
    """Remove a webhook with its delivery log. A request that is being sent may still arrive."""
    if not await ctx.store.write(lambda tx: webhooks.delete(tx, webhook_id)):
        raise Problem(ProblemCode.NOT_FOUND, f"the webhook {webhook_id!r} does not exist")
    await ctx.webhooks.refresh(webhook_id)
    return Response(status_code=204)


@router.post("/{webhook_id}/secrets", status_code=201, response_model=resources.NewWebhook, responses=_UNKNOWN)
async def rotate(ctx: Ctx, webhook_id: str, body: SecretRotation | None = None) -> Response:
    """Create a new secret, shown only this once. Requests are signed with the previous ones too until they expire."""
    wanted = body or SecretRotation(secret=None, keep_former=86_400)
    secret = wanted.secret or new_secret()
    now_ms, keep_ms = ctx.clock.wall_ms(), wanted.keep_former * 1000
    await ctx.webhooks.alter(webhook_id, lambda hook: webhooks.rotated(hook, secret, now_ms, keep_ms, MOST_SECRETS))
    return JSONResponse({**await _answer(ctx, webhook_id), "secret": secret}, 201)


@router.post("/{webhook_id}/pause", response_model=resources.Webhook, responses=_CHANGED)
async def pause(ctx: Ctx, webhook_id: str) -> Response:
    """Pause deliveries. Events of the meantime are delivered later."""
    hook = await _load(ctx, webhook_id)
    now_ms = ctx.clock.wall_ms()
    if not await ctx.store.write(
        lambda tx: webhooks.pause(tx, now_ms, hook, WebhookState.PAUSED, "paused by request", "request")
    ):
        raise Problem(ProblemCode.WRONG_STATE, f"the webhook is {hook.state} already")
    await ctx.webhooks.refresh(webhook_id)
    return JSONResponse(await _answer(ctx, webhook_id))


@router.post("/{webhook_id}/resume", response_model=resources.Webhook, responses=_CHANGED)
async def resume(ctx: Ctx, webhook_id: str, body: ResumeIn | None = None) -> Response:
    """Resume a paused or disabled webhook where it stopped, with new attempts."""
    hook = await _load(ctx, webhook_id)
    now_ms = ctx.clock.wall_ms()
    skip = body is not None and body.skip
    if not await ctx.store.write(lambda tx: webhooks.resume(tx, now_ms, hook, skip=skip)):
        raise Problem(ProblemCode.WRONG_STATE, "the webhook is active already")
    await ctx.webhooks.refresh(webhook_id)
    return JSONResponse(await _answer(ctx, webhook_id))


@router.post("/{webhook_id}/test", response_model=resources.Delivery, responses=_CHANGED)
async def test(ctx: Ctx, webhook_id: str) -> Response:
    """Send a ``webhook.test`` event now, once, and show the result."""
    hook = await _load(ctx, webhook_id)
    if not ctx.webhooks.has_test(hook):
        detail = f"a webhook of the {hook.format} bridge gets only events of its messages and cannot be tested"
        raise Problem(ProblemCode.WRONG_STATE, detail)
    return JSONResponse(_delivery_out(await ctx.webhooks.test(hook)))


@router.post("/{webhook_id}/replay", status_code=202, response_model=resources.Webhook, responses=_UNKNOWN)
async def replay(ctx: Ctx, webhook_id: str, body: ReplayIn) -> Response:
    """Deliver one event again, or all matching events since an event or a time."""
    hook = await _load(ctx, webhook_id)
    now_ms = ctx.clock.wall_ms()
    if body.event is not None:
        event = body.event
        if await ctx.store.write(lambda tx: webhooks.replay_one(tx, now_ms, hook.id, event)) is None:
            raise Problem(ProblemCode.NOT_FOUND, f"the event {event} does not exist")
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


@router.get("/{webhook_id}/deliveries", response_model=resources.DeliveryPage, responses=_UNKNOWN)
async def deliveries(
    ctx: Ctx,
    webhook_id: str,
    query: Annotated[DeliveryQuery, Query()],
) -> Response:
    """List deliveries with their attempts, newest first. The last 1000 that have ended are kept."""
    hook = await _load(ctx, webhook_id)
    limit = query.limit
    found = await ctx.store.read(lambda db: webhooks.log(db, hook.id, query.state, query.cursor, limit + 1))
    more = str(found[limit - 1].id) if len(found) > limit else None
    return await page_response(found[:limit], _delivery_out, more)


@router.get("/{webhook_id}/deliveries/{delivery_id}", response_model=resources.WholeDelivery, responses=_UNKNOWN)
async def delivery(ctx: Ctx, webhook_id: str, delivery_id: Annotated[RowId, Path(description="Its id")]) -> Response:
    """Show one delivery with its attempts, and the request as it would be made now, without its signatures."""
    hook = await _load(ctx, webhook_id)
    found = await ctx.store.read(lambda db: webhooks.get_delivery(db, delivery_id))
    if found is None or found.webhook_id != hook.id:
        raise Problem(ProblemCode.NOT_FOUND, f"the webhook {hook.id} has no delivery {delivery_id}")
    return JSONResponse({**_delivery_out(found), "request": await _request_of(ctx, hook, found)})


async def _request_of(ctx: Context, hook: Webhook, delivery: Delivery) -> resources.DeliveryRequest | None:
    number = delivery.event_id
    content = None if number is None else await ctx.store.read(lambda db: webhooks.content(db, number))
    if number is None or content is None:
        return None
    post = await ctx.webhooks.rendered(hook, number, *content)
    if post is None:
        return None
    return {"method": post.method, "url": post.url, "body": post.body.decode("utf-8", "replace")}
