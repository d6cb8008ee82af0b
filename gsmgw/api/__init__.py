"""The API: one application for the Unix socket and the TCP listener, behind a guard for each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from gsmgw.api import openapi
from gsmgw.api.access.audit_log import Audit
from gsmgw.api.access.authentication import Access
from gsmgw.api.access.guards import PeerGuard, SocketUsers, TokenGuard
from gsmgw.api.access.request_log import RequestLog
from gsmgw.api.context import Context, ManagedModem
from gsmgw.api.fast_path import FastPath
from gsmgw.api.message_bodies import BatchIn, MessageIn
from gsmgw.api.routes import (
    answers,
    assignees,
    audit,
    backups,
    campaign_export,
    campaigns,
    configuration,
    consent,
    contact_export,
    contact_fields,
    contact_imports,
    contacts,
    conversations,
    drips,
    events,
    fleet,
    groups,
    health,
    integrations,
    message_export,
    message_wait,
    messages,
    metrics,
    modems,
    pages,
    privacy,
    quarantine,
    questions,
    reload,
    rules,
    segments,
    sessions,
    setup,
    statistics,
    stats,
    templates,
    tokens,
    users,
    webhooks,
)
from gsmgw.http import problems
from gsmgw.http.event_streams import EventStreams
from gsmgw.http.json_response import JSONResponse
from gsmgw.http.mounts import Mount, prefixes_of
from gsmgw.http.normalize import Normalized
from gsmgw.http.origins import Proxies
from gsmgw.http.routes import RouteTable

__all__ = ["Access", "Apps", "Context", "EventStreams", "ManagedModem", "SocketUsers", "create_app", "create_apps"]

#: The routes of the API. /v1/messages/export comes before /v1/messages/{message_id}, which would match it too;
#: so does /v1/contacts/import.
ROUTERS = (
    message_export.router,
    message_wait.router,
    messages.router,
    conversations.router,
    answers.router,
    assignees.router,
    consent.optouts,
    consent.suspects,
    consent.consent,
    consent.lists,
    contact_imports.router,
    contact_export.router,
    contacts.router,
    groups.router,
    contact_fields.router,
    segments.router,
    templates.router,
    privacy.router,
    rules.router,
    campaigns.router,
    campaign_export.router,
    drips.router,
    questions.router,
    quarantine.router,
    events.router,
    modems.router,
    webhooks.router,
    tokens.router,
    users.router,
    sessions.router,
    setup.router,
    audit.router,
    backups.router,
    reload.router,
    configuration.router,
    integrations.router,
    fleet.router,
    health.router,
    stats.router,
    statistics.router,
    metrics.router,
)


@dataclass(frozen=True, slots=True)
class Apps:
    """The applications for the Unix socket and for TCP."""

    socket: ASGIApp
    tcp: ASGIApp


class Application(FastAPI):
    """An application whose OpenAPI document also has what its middleware answers."""

    table: RouteTable

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document; it is made once."""
        if self.openapi_schema is None:
            self.openapi_schema = openapi.describe(self, self.table.routes, (BatchIn, MessageIn))
        return self.openapi_schema


def create_app(context: Context, mounts: Sequence[Mount] = ()) -> Application:
    """Return the application with all routes."""
    app = Application(
        title="gsmgw",
        version=context.version,
        summary="Send and receive text messages through GSM/LTE modems.",
        openapi_url=None,  # served by ``pages``; FastAPI's own pages load scripts from another host
        default_response_class=JSONResponse,
        redirect_slashes=False,  # few clients follow a redirect of a POST
    )
    app.state.context = context
    app.state.pages, app.state.page_lock = {}, asyncio.Lock()
    app.state.tally = metrics.Tally(context.feed)
    app.table = RouteTable([pages.router, *ROUTERS, *(mount.router for mount in mounts if mount.router is not None)])
    app.router.routes.append(app.table)
    problems.install(app, app.table.methods_at)
    return app


def create_apps(
    context: Context, users: SocketUsers | None = None, proxies: Proxies | None = None, mounts: Sequence[Mount] = ()
) -> Apps:
    """Return the application behind its guards.

    ``users`` say who may use the socket; without, everybody whom the mode of the socket allows. ``proxies`` are
    trusted to name their clients.
    """
    beside = prefixes_of(mounts)
    audited = Audit(FastPath(create_app(context, mounts), context, beside), context.store, context.clock)
    socket = PeerGuard(audited, users or SocketUsers(), context.access, audited, beside)
    tcp = TokenGuard(audited, context.access, audited, proxies, beside)
    return Apps(Normalized(RequestLog(socket)), Normalized(RequestLog(tcp)))
