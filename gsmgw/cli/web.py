"""gsmgw web"""

from __future__ import annotations

import logging
import socket
import sys
from typing import Any

import click
from pydantic import ValidationError

from gsmgw.cli.exits import NOT_NOW, USAGE, fail
from gsmgw.cli.failures import explained
from gsmgw.cli.gateway import socket_path
from gsmgw.cli.listing import say
from gsmgw.config import Config, load_config
from gsmgw.config.service import WebSection
from gsmgw.digits import is_digits
from gsmgw.errors import ConfigError
from gsmgw.places import find_config


@click.command()
@click.option("--config", "config_file", type=click.Path(dir_okay=False), help="Read [web] from this file.")
@click.option(
    "--listen",
    metavar="HOST:PORT",
    envvar="GSMGW_WEB_LISTEN",
    help="Listen at this address (default: [web] listen, 127.0.0.1:8776).  [env: GSMGW_WEB_LISTEN]",
)
@click.option(
    "--prefix", metavar="PATH", envvar="GSMGW_WEB_PREFIX", help="Serve below this path: /sms.  [env: GSMGW_WEB_PREFIX]"
)
@click.option(
    "--trusted-proxy",
    "proxies",
    metavar="ADDRESS",
    multiple=True,
    envvar="GSMGW_WEB_TRUSTED_PROXIES",
    help="Trust the forwarded headers of this proxy; may be repeated.  [env: GSMGW_WEB_TRUSTED_PROXIES]",
)
@click.option("--tls-cert", metavar="FILE", envvar="GSMGW_WEB_TLS_CERT", help="Certificate.  [env: GSMGW_WEB_TLS_CERT]")
@click.option("--tls-key", metavar="FILE", envvar="GSMGW_WEB_TLS_KEY", help="Its key.  [env: GSMGW_WEB_TLS_KEY]")
@click.option(
    "--simulator",
    metavar="SOCKET",
    envvar="GSMGW_WEB_SIMULATOR",
    help="Show the phones of the modem simulator with this control socket.  [env: GSMGW_WEB_SIMULATOR]",
)
@click.pass_context
def web(context: click.Context, /, config_file: str | None, **options: Any) -> None:
    """Serve the dashboard until SIGTERM or SIGINT. People sign in with their accounts.

    It connects to the gateway over the socket and needs the extra gsmgw[web].
    """
    try:
        from gsmgw.web.application import serve
        from gsmgw.web.settings import WebSettings
    except ImportError as exc:
        fail(f'the dashboard needs more packages ({exc.name}). Run: pip install "gsmgw[web]"', USAGE)
    settings = _section(config_file, options)
    explicit = context.find_root().params.get("socket")
    listener = _listen(settings.listen)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    host, port = listener.getsockname()[:2]
    scheme = "https" if settings.tls_cert else "http"
    say(f"the dashboard is at {scheme}://{f'[{host}]' if ':' in host else host}:{port}{settings.prefix}/", err=True)
    certificate, key = (None if path is None else str(path) for path in (settings.tls_cert, settings.tls_key))
    serve(
        WebSettings(
            socket=socket_path(explicit, config_file),
            prefix=settings.prefix,
            frame_ancestors=tuple(settings.frame_ancestors),
            trusted_proxies=tuple(settings.trusted_proxies),
            simulator="" if settings.simulator is None else str(settings.simulator),
        ),
        listener,
        certificate,
        key,
    )


def _section(config_file: str | None, options: dict[str, Any]) -> WebSection:
    """Return the settings of the configuration, with those that options replace."""
    named = {name: value for name, value in options.items() if name != "proxies" and value is not None}
    if options["proxies"]:
        named["trusted_proxies"] = list(options["proxies"])
    try:
        return WebSection.model_validate({**_settings(config_file).web.model_dump(), **named})
    except ValidationError as exc:
        raise click.UsageError("; ".join(f"{error['loc'][0]}: {error['msg']}" for error in exc.errors())) from None


def _settings(config_file: str | None) -> Config:
    """Return the configuration; the defaults if there is none."""
    path = find_config(config_file)
    if path is None:
        return Config()
    try:
        return load_config(path)
    except ConfigError as exc:
        say(explained(exc), err=True, lines=True)
        sys.exit(USAGE)


def _listen(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    if not is_digits(port) or int(port) > 65535:
        fail(f"{address!r} is not a valid address: write HOST:PORT, for example 127.0.0.1:8776", USAGE)
    try:
        (family, kind, protocol, _, place), *_ = socket.getaddrinfo(host or None, int(port), type=socket.SOCK_STREAM)
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(256)
    except OSError as exc:
        fail(f"cannot listen at {address}: {exc.strerror or exc}", NOT_NOW)
    return listener
