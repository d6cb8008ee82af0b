"""gsmgw modems, modem NAME ..."""

from __future__ import annotations

from typing import Any

import click

from gsmgw.cli.common import connect, print_json, print_table, talks


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_context
@talks
def modems(context: click.Context, as_json: bool) -> None:
    """List the modems and how they are."""
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
    print_table(("name", "state", "operator", "signal", "number", "port", "text"), rows, "no modems")


def _signal(dbm: int | None) -> str:
    return "" if dbm is None else f"{dbm} dBm"


@click.command()
@click.argument("name")
@click.argument("action", type=click.Choice(["info", "reset", "enable", "disable", "pin", "signal"]), default="info")
@click.argument("value", required=False)
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
@talks
def modem(context: click.Context, name: str, action: str, value: str | None, as_json: bool) -> None:
    """Look at modem NAME, or do something with it: reset, enable, disable, pin, signal."""
    body: dict[str, Any] | None = None
    if action == "pin":
        body = {"pin": value or click.prompt("PIN", hide_input=True)}
    elif value is not None:
        raise click.UsageError(f"{action} takes no value")
    with connect(context) as client:
        answer = client.modem(name, None if action in ("info", "signal") else action, body)
    if as_json:
        print_json(answer)
    elif action == "signal":
        click.echo(_signal(answer["signal_dbm"]) or "unknown")
    else:
        for key, known in answer.items():
            if known not in (None, {}, []):
                click.echo(f"{key:>14}  {known}")


COMMANDS = (modems, modem)
