"""The command line: ``gsmgw``."""

from __future__ import annotations

import sys
from io import TextIOWrapper

import click

from gsmgw import __version__
from gsmgw.cli import audit, backup, doctor, exports, messages, modems, quarantine, service, setup, tokens, webhooks
from gsmgw.cli.pdu import pdu


def _url(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value is not None and not value.startswith(("http://", "https://")):
        raise click.BadParameter(f"{value!r} does not begin with http:// or https://")
    return value


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--socket", metavar="PATH", help="The gateway's Unix socket.  [env: GSMGW_SOCKET]")
@click.option("--url", metavar="URL", callback=_url, help="The gateway's TCP listener, instead of the socket.")
@click.option(
    "--ca-file",
    type=click.Path(dir_okay=False, exists=True),
    envvar="GSMGW_CA_FILE",
    help="Certificates that an https URL is trusted by.  [env: GSMGW_CA_FILE]",
)
@click.option("--token", metavar="TOKEN", envvar="GSMGW_TOKEN", help="The token for it.  [env: GSMGW_TOKEN]")
@click.version_option(__version__, prog_name="gsmgw")
def main(**_: str | None) -> None:
    """A text-message gateway for GSM and LTE modems.

    The commands talk to the gateway over its socket: --socket, else $GSMGW_SOCKET, else the one of the configuration
    file. Exit codes: 0 done, 1 the request failed, 2 wrong usage, 3 no gateway answers, 4 timed out waiting.

    \b
    gsmgw modems                              which modems there are, and how they are
    gsmgw send +4915112345678 "Hello" --wait  send, and wait until it is delivered
    gsmgw inbox                               what was received
    gsmgw watch                               what happens, as it happens
    gsmgw doctor                              what is wrong, and what helps
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a terminal that knows no emoji shows its number
            stream.reconfigure(errors="backslashreplace")


_MODULES = (service, messages, exports, quarantine, modems, tokens, webhooks, audit, backup, doctor, setup)
for command in (*(command for module in _MODULES for command in module.COMMANDS), pdu):
    main.add_command(command)
for command in backup.CONFIG_COMMANDS:
    service.config.add_command(command)
