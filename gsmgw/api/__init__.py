"""The API: one application for the Unix socket and the TCP listener, behind a guard for each."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Depends, FastAPI
from starlette.types import ASGIApp

from gsmgw.api import openapi
from gsmgw.api.access.audit_log import Audit
from gsmgw.api.access.authentication import Access
from gsmgw.api.access.guards import PeerGuard, TokenGuard
from gsmgw.api.context import Context, ManagedModem
from gsmgw.api.fast_path import FastPath
from gsmgw.api.parameters import no_unknown
from gsmgw.api.routes import (
    audit,
    backups,
    events,
    exports,
    health,
    messages,
    metrics,
    modems,
    pages,
    quarantine,
    tokens,
    webhooks,
)
from gsmgw.api.schemas import BatchIn, MessageIn
from gsmgw.http import problems
from gsmgw.http.event_streams import Streams
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.mounts import Mount, prefixes_of
from gsmgw.http.normalize import Addressed
from gsmgw.http.origins import Proxies

__all__ = ["Access", "Apps", "Context", "ManagedModem", "Streams", "create_app", "create_apps"]

ROUTERS = (exports, messages, quarantine, events, modems, webhooks, tokens, audit, backups, health, metrics)


@dataclass(frozen=True, slots=True)
class Apps:
    """What is served on the Unix socket, and on TCP."""

    socket: ASGIApp
    tcp: ASGIApp


class Application(FastAPI):
    """An application that describes itself with all that its routes can answer, also those that are served past it."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = openapi.describe(self, (BatchIn, MessageIn))
        return self.openapi_schema


def create_app(context: Context, mounts: Sequence[Mount] = ()) -> Application:
    """The routes over the parts of a gateway."""
    app = Application(
        title="gsmgw",
        version=context.version,
        summary="Send and receive text messages through GSM/LTE modems.",
        openapi_url=None,  # ``pages`` has it, and the pages, as FastAPI's own load their programs from elsewhere
        default_response_class=JSONResponse,
        redirect_slashes=False,  # a redirect names the host that the client named, and few clients follow one of a POST
    )
    app.state.context = context
    app.state.pages, app.state.page_lock = {}, asyncio.Lock()
    app.state.tally = metrics.Tally(context.feed)
    problems.install(app, openapi.methods_at)
    app.include_router(pages.router)
    for module in ROUTERS:
        app.include_router(module.router, dependencies=[Depends(no_unknown)])
    for mount in mounts:
        if mount.router is not None:
            app.include_router(mount.router)
    return app


def create_apps(
    context: Context, users: Collection[str] = (), proxies: Proxies | None = None, mounts: Sequence[Mount] = ()
) -> Apps:
    """The application behind its guards. ``users`` may use the socket; everybody whom its mode lets, where empty.

    ``proxies`` are those whose word about their clients is taken.
    """
    beside = prefixes_of(mounts)
    audited = Audit(FastPath(create_app(context, mounts), context, beside), context.store, context.clock)
    socket = PeerGuard(audited, users, beside)
    tcp = TokenGuard(audited, context.access, audited, proxies, beside)
    return Apps(Addressed(socket), Addressed(tcp))
