"""/health and /v1/stats"""

from __future__ import annotations

from collections import Counter

from fastapi import APIRouter, Request, Response

from gsmgw.api.dependencies import Ctx
from gsmgw.api.routes.metrics import size_of
from gsmgw.api.schemas import stamp
from gsmgw.http.json_response import JSONResponse
from gsmgw.store import messages, webhooks

router = APIRouter(tags=["health"])


@router.get("/health/live")
async def live() -> Response:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/health/ready")
async def ready(ctx: Ctx) -> Response:
    """Return whether messages are accepted and every task runs: 503 with the reason when not."""
    trouble = ctx.trouble()
    if trouble is not None:
        return JSONResponse({"status": "unavailable", "detail": trouble}, 503)
    return JSONResponse({"status": "ok"})


@router.get("/v1/stats")
async def stats(ctx: Ctx, request: Request) -> Response:
    """The gateway at a glance."""
    open_counts = await ctx.store.read(messages.counts)
    oldest_ms = await ctx.store.read(messages.oldest_queued_ms)
    targets = Counter(hook.state for hook in await ctx.store.read(webhooks.all_webhooks))
    since_start: Counter[str] = Counter()
    for (_, outcome, _), count in request.app.state.tally.outcomes.items():
        since_start[outcome] += count
    modems: dict[str, int] = {}
    for modem in ctx.modems.values():
        modems[modem.status.state.value] = modems.get(modem.status.state.value, 0) + 1
    return JSONResponse(
        {
            "version": ctx.version,
            "started_at": stamp(ctx.started_ms),
            "uptime_s": max(0, (ctx.clock.wall_ms() - ctx.started_ms) // 1000),
            "messages": open_counts,
            "oldest_queued_at": stamp(oldest_ms),
            "since_start": since_start,
            "modems": modems,
            "webhooks": targets,
            "first_event": await ctx.feed.first_kept(),
            "last_event": ctx.feed.last_id,
            "database_ok": ctx.database_trouble() is None,
            "task_failures": {task: count for task, count in ctx.task_failures.items() if count},
            "database_loss": ctx.database_loss,
            "database_octets": size_of(ctx),
            "commit_ms": round(ctx.store.commit_s * 1000, 3),
        }
    )
