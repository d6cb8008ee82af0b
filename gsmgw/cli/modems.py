"""gsmgw modems, modem NAME ..."""

from __future__ import annotations

import os
from typing import IO, Any

import click

from gsmgw.cli.common import USAGE, fail, json_lines_option, json_option, print_json, talks
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import print_table, say, shown
from gsmgw.cli.params import NAME


@click.command()
@json_lines_option
@click.pass_context
@talks
def modems(context: click.Context, as_json: bool) -> None:
    """List the modems and their state."""
    with connect(context) as client:
        found = client.modems()
    if as_json:
        for modem in found:
            print_json(modem)
        return
    rows = [
        (
            modem["name"],
            modem["state"],
            modem["operator"],
            _signal(modem["signal_dbm"]),
            modem["number"],
            modem["port"],
            modem["detail"],
        )
        for modem in found
    ]
    print_table(("name", "state", "operator", "signal", "number", "port", "detail"), rows, "no modems")


def _signal(dbm: int | None) -> str:
    return "" if dbm is None else f"{dbm} dBm"


_ACTIONS = ["info", "reset", "enable", "disable", "ussd", "pin", "signal", "tap"]


@click.command(short_help="Show or control a modem.")
@click.argument("name", metavar="NAME", type=NAME)
@click.argument("action", type=click.Choice(_ACTIONS), default="info")
@click.argument("value", required=False)
@click.option("--masked", is_flag=True, help="With tap: mask numbers and texts, so that you can share the output.")
@click.option("--output", type=click.Path(dir_okay=False), help="With tap: write to this file, readable only by you.")
@json_option
@click.pass_context
@talks
def modem(
    context: click.Context, name: str, action: str, value: str | None, masked: bool, output: str | None, as_json: bool
) -> None:
    """Show or control modem NAME.

    \b
    info       show its state and its SIM (default)
    reset      restart it
    enable     start using it
    disable    stop using it
    ussd CODE  send a USSD code, for example '*100#'
    pin [PIN]  enter the PIN of its SIM
    signal     show its signal strength
    tap        print the traffic on its port until Ctrl-C
    """
    body: dict[str, Any] | None = None
    if action != "tap" and (masked or output):
        raise click.UsageError("--masked and --output need the action tap")
    if action == "tap":
        _tap(context, name, masked, output)
        return
    if action == "ussd":
        if value is None:
            raise click.UsageError("the USSD code is missing: gsmgw modem NAME ussd CODE, for example '*100#'")
        body = {"code": value}
    elif action == "pin":
        body = {"pin": value or click.prompt("PIN", hide_input=True)}
    elif value is not None:
        raise click.UsageError(f"{action} takes no value")
    with connect(context) as client:
        answer = client.modem(name, None if action in ("info", "signal") else action, body)
    if as_json:
        print_json(answer)
    elif action == "ussd":
        say(answer["answer"] or f"({answer['outcome']})", lines=True)
        if answer["more"]:
            say(f"(the network expects a reply: gsmgw modem {name} ussd REPLY)", err=True)
    elif action == "signal":
        say(_signal(answer["signal_dbm"]) or "unknown")
    else:
        for key, known in answer.items():
            if known not in (None, {}, []):
                say(f"{key:>14}  {shown(known)}")


def _tap(context: click.Context, name: str, masked: bool, output: str | None) -> None:
    """Print the traffic on the port until Ctrl-C, or write it to a file with mode 0600."""
    file: IO[str] | None = None
    if output is not None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        try:
            file = os.fdopen(os.open(output, flags, 0o600), "w", encoding="utf-8", buffering=1)
            os.fchmod(file.fileno(), 0o600)
        except OSError as exc:
            fail(f"{output}: {exc.strerror}", USAGE)
    try:
        with connect(context) as client:
            for line in client.tap(name, masked=masked):
                if file is None:
                    say(line)
                else:
                    file.write(f"{line}\n")
    except KeyboardInterrupt:
        return
    finally:
        if file is not None:
            file.close()


COMMANDS = (modems, modem)
