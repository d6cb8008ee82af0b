"""The API: one FastAPI application for the Unix socket and the TCP listener."""

from __future__ import annotations

from fastapi import FastAPI

from gsmgw.api import (
    backups,
    events,
    exports,
    health,
    messages,
    metrics,
    modems,
    problems,
    quarantine,
    tokens,
    webhooks,
)
from gsmgw.api.context import Context, ManagedModem
from gsmgw.api.limits import Border
from gsmgw.api.tokens import TokenGuard

__all__ = ["Context", "ManagedModem", "TokenGuard", "create_app"]


def create_app(context: Context) -> FastAPI:
    """The application over the parts of a gateway."""
    app = FastAPI(
        title="gsmgw",
        version=context.version,
        summary="Send and receive text messages through GSM/LTE modems.",
        docs_url="/docs",
        redoc_url=None,
    )
    app.state.context = context
    app.state.tally = metrics.Tally(context.feed)
    app.add_middleware(Border)
    problems.install(app)
    for module in (exports, messages, quarantine, events, modems, webhooks, tokens, backups, health, metrics):
        app.include_router(module.router)
    return app
