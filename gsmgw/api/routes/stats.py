"""/v1/stats"""

from __future__ import annotations

from collections import Counter

from fastapi import Request, Response

from gsmgw.api.dependencies import Ctx
from gsmgw.api.routes.metrics import size_of
from gsmgw.api.routing import api_router
from gsmgw.http.json_response import JSONResponse
from gsmgw.store import messages, webhooks
from gsmgw.wire import resources
from gsmgw.wire.encoding import stamp

router = api_router("/v1/stats")


@router.get("", response_model=resources.Stats)
async def index(ctx: Ctx, request: Request) -> Response:
    """Show the state of the gateway: queue, modems, webhooks, database."""
    waiting = await ctx.store.read(messages.counts)
    oldest_ms = await ctx.store.read(messages.oldest_queued_ms)
    targets = Counter(hook.state for hook in await ctx.store.read(webhooks.all_webhooks))
    since_start: Counter[str] = Counter()
    for (_, outcome, _), count in request.app.state.tally.outcomes.items():
        since_start[outcome] += count
    return JSONResponse(
        {
            "version": ctx.version,
            "started_at": stamp(ctx.started_ms),
            "uptime_s": max(0, (ctx.clock.wall_ms() - ctx.started_ms) // 1000),
            "messages": waiting,
            "oldest_queued_at": stamp(oldest_ms),
            "queue_done_at": stamp(await ctx.queue_done_ms(waiting.get("queued", 0))),
            "since_start": since_start,
            "modems": Counter(modem.status.state.value for modem in ctx.modems.values()),
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
