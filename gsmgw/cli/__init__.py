"""The command line: ``gsmgw``."""

from __future__ import annotations

import sys
from io import TextIOWrapper

import click

from gsmgw import __version__
from gsmgw.cli.lazy import SafeLazyGroup

#: The module below ``gsmgw.cli`` and the name of each command there.
_COMMANDS = {
    "answers": "conversations:answers",
    "audit": "audit:audit",
    "backup": "backup:backup",
    "campaigns": "campaigns:campaigns",
    "cancel": "messages:cancel",
    "config": "service:config",
    "contacts": "contacts:contacts",
    "conversations": "conversations:conversations",
    "demo": "service:demo",
    "doctor": "doctor:doctor",
    "drips": "drips:drips",
    "export": "exports:export",
    "fleet": "fleet:fleet",
    "groups": "groups:groups",
    "inbox": "messages:inbox",
    "lists": "lists:lists",
    "messages": "messages:messages",
    "modem": "modems:modem",
    "modems": "modems:modems",
    "optouts": "optouts:optouts",
    "pdu": "pdu:pdu",
    "privacy": "privacy:privacy",
    "quarantine": "quarantine:quarantine",
    "questions": "questions:questions",
    "reload": "reload:reload_",
    "resolve": "messages:resolve",
    "restore": "backup:restore",
    "retry": "messages:retry",
    "rules": "rules:rules",
    "run": "run:run",
    "segments": "groups:segments",
    "send": "send:send",
    "setup": "setup:setup",
    "show": "messages:show",
    "statistics": "statistics:statistics",
    "status": "service:status",
    "templates": "templates:templates",
    "tokens": "tokens:tokens",
    "users": "users:users",
    "wait": "arrivals:wait",
    "watch": "watch:watch",
    "web": "web:web",
    "webhooks": "webhooks:webhooks",
}


def _url(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.startswith(("http://", "https://")):
        raise click.BadParameter(f"{value!r} must begin with http:// or https://")
    return value


@click.group(cls=SafeLazyGroup, modules=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--socket",
    metavar="PATH",
    help="Connect to this Unix socket (default: from the configuration).  [env: GSMGW_SOCKET]",
)
@click.option("--url", metavar="URL", callback=_url, help="Connect to this TCP listener instead of the socket.")
@click.option(
    "--ca-file",
    type=click.Path(dir_okay=False, exists=True),
    envvar="GSMGW_CA_FILE",
    help="Trust the certificates in this file for https (PEM).  [env: GSMGW_CA_FILE]",
)
@click.option(
    "--token", metavar="TOKEN", envvar="GSMGW_TOKEN", help="Authenticate with this token at --url.  [env: GSMGW_TOKEN]"
)
@click.option("--debug", is_flag=True, help="Show the traceback of an unexpected error.")
@click.version_option(__version__, prog_name="gsmgw")
def main(**_: str | bool | None) -> None:
    """Send and receive text messages with GSM and LTE modems.

    Commands connect to the gateway over its Unix socket: --socket, the socket in the file of --config, $GSMGW_SOCKET,
    or the socket in the configuration file. Exit codes: 0 done, 1 request failed, 2 wrong usage, 3 gateway not
    reachable, 4 timed out.

    \b
    gsmgw modems                              list the modems and their state
    gsmgw send +4915112345678 "Hello" --wait  send a message and wait for delivery
    gsmgw inbox                               list received messages
    gsmgw watch                               follow events as they happen
    gsmgw doctor                              find problems and how to fix them
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal without emoji shows the code point
            stream.reconfigure(errors="backslashreplace")
