"""Find the gateway: one order for all commands.

``--url`` or ``--socket``; the socket of the file that ``--config`` names; $GSMGW_SOCKET; the socket of the
configuration file that is found; the default.
"""

from __future__ import annotations

import os
import ssl
import tomllib
from pathlib import Path
from typing import Any

import click

from gsmgw.client import DEFAULT_SOCKET, Client
from gsmgw.places import find_config

_VARIABLE = "GSMGW_SOCKET"


def connect(context: click.Context, config_file: str | Path | None = None) -> Client:
    """Return a client for the gateway that the options name."""
    options = context.find_root().params
    if options.get("url"):
        try:
            return Client(url=options["url"], token=options.get("token"), ca_file=options.get("ca_file"))
        except ssl.SSLError:
            raise click.UsageError(f"--ca-file {options['ca_file']}: contains no certificate in PEM form") from None
        except ValueError as exc:
            raise click.UsageError(str(exc)) from None
    return Client(socket_path(options.get("socket"), config_file))


def socket_path(explicit: str | None, config_file: str | Path | None = None) -> str:
    """Return the gateway's socket."""
    if explicit:
        return explicit
    if config_file is not None:
        return _socket_of(Path(config_file)) or DEFAULT_SOCKET
    if named := os.environ.get(_VARIABLE):
        return named
    found = find_config()
    return (_socket_of(found) if found is not None else None) or DEFAULT_SOCKET


def named_gateway(context: click.Context) -> str | None:
    """Return the address that --url, --socket or $GSMGW_SOCKET names; None if the configuration decides."""
    options = context.find_root().params
    return options.get("url") or options.get("socket") or os.environ.get(_VARIABLE)


def _socket_of(path: Path) -> str | None:
    """Return the socket in a configuration file; also of a file that has errors elsewhere. None if it names none."""
    try:
        raw: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        socket = raw["gateway"]["socket"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return socket if isinstance(socket, str) else None
