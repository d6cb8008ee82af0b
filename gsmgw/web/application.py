"""The application with all its screens, and the server that runs it."""

from __future__ import annotations

import logging
import socket

import uvicorn
from starlette.types import ASGIApp

from gsmgw.web.pages import (
    about,
    access,
    api_document,
    audit,
    backups,
    campaign_wizard,
    campaigns,
    compose,
    configuration,
    consent,
    contacts,
    conversations,
    drips,
    fleet,
    groups,
    health,
    imports,
    integrations,
    live,
    messages,
    modems,
    overview,
    quarantine,
    rules,
    segments,
    settings,
    simulator,
    start,
    statistics,
    system,
    texting,
    texts,
    transcripts,
    users,
    webhooks,
)
from gsmgw.web.routing import Page, Web
from gsmgw.web.settings import WebSettings

log = logging.getLogger(__name__)

_MODULES = (
    access,
    integrations,
    webhooks,
    users,
    audit,
    system,
    health,
    configuration,
    backups,
    fleet,
    api_document,
    about,
    overview,
    live,
    messages,
    compose,
    conversations,
    modems,
    transcripts,
    quarantine,
    statistics,
    imports,
    contacts,
    groups,
    texts,
    consent,
    campaign_wizard,
    campaigns,
    rules,
    drips,
    settings,
    segments,
    texting,
    start,
    simulator,
)
PAGES: list[Page] = [page for module in _MODULES for page in module.PAGES]


def make_application(web: WebSettings) -> ASGIApp:
    """Return the page as an ASGI application."""
    return Web(web, PAGES).application()


def serve(web: WebSettings, listener: socket.socket, certificate: str | None, key: str | None) -> None:
    """Serve the page on a socket until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        make_application(web),
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        lifespan="on",
    )
    log.info("web: serving address=%s", listener.getsockname())
    uvicorn.Server(config).run(sockets=[listener])
