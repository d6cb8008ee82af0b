"""gsmgw tokens"""

from __future__ import annotations

from typing import Any

import click

from gsmgw.cli.common import json_lines_option, json_option, print_json, talks
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import print_table, say
from gsmgw.cli.params import DURATION, NAME
from gsmgw.cli.waiting import local_time
from gsmgw.client import part

_SCOPES = ["send", "read", "manage"]


@click.group(invoke_without_command=True)
@json_lines_option
@click.pass_context
def tokens(context: click.Context, as_json: bool) -> None:
    """List, create and revoke the tokens of the TCP listener."""
    if context.invoked_subcommand is None:
        context.invoke(listing, as_json=as_json)
    elif as_json:
        raise click.UsageError(f"put --json at the end: gsmgw tokens {context.invoked_subcommand} ... --json")


@tokens.command("list")
@json_lines_option
@click.pass_context
@talks
def listing(context: click.Context, as_json: bool = False) -> None:
    """List the tokens."""
    with connect(context) as client:
        found = client.request("GET", "/v1/tokens")["data"]
    if as_json:
        for token in found:
            print_json(token)
        return
    rows = [
        (
            token["name"],
            ", ".join([*token["scopes"], *(["smpp"] if token["smpp"] else [])]),
            local_time(token["created_at"]),
            local_time(token["expires_at"]) or "never",
            local_time(token["last_used_at"]) or "never",
            _limits(token),
        )
        for token in found
    ]
    print_table(("name", "scopes", "created", "expires", "last used", "restricted to"), rows, "no tokens")


def _limits(token: dict[str, Any]) -> str:
    words = [f"{token[key]} {unit}" for key, unit in (("per_minute", "a minute"), ("per_day", "a day")) if token[key]]
    return ", ".join([*words, *token["modems"], *(f"pool {name}" for name in token["pools"])])


@tokens.command()
@click.argument("name", metavar="NAME", type=NAME)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(_SCOPES),
    default=["send", "read"],
    help="Grant this scope; may be repeated; manage includes the others (default: send and read).",
)
@click.option("--expires-in", type=DURATION, help="Expire after this time: 30d, 52w (default: never).")
@click.option("--per-minute", type=click.IntRange(1), help="Limit the messages in any 60 seconds.")
@click.option("--per-day", type=click.IntRange(1), help="Limit the messages in any 24 hours.")
@click.option("--modem", "modems", multiple=True, help="Restrict the token to this modem; may be repeated.")
@click.option("--pool", "pools", multiple=True, help="Restrict the token to this pool; may be repeated.")
@click.option("--smpp", is_flag=True, help="Also make an SMPP account of this name and print its password.")
@json_option
@click.pass_context
@talks
def create(context: click.Context, /, name: str, scopes: tuple[str, ...], as_json: bool, **limits: Any) -> None:
    """Create a token NAME and print it. It is shown only once."""
    with connect(context) as client:
        given = {key: list(value) if isinstance(value, tuple) else value for key, value in limits.items()}
        body = {"name": name, "scopes": list(scopes), **given}
        made = client.request("POST", "/v1/tokens", json=body)
    if as_json:
        print_json(made)
    else:
        say(made["token"])
        say("Save it now: it is not shown again. Use it in the header: Authorization: Bearer TOKEN", err=True)
        if made["smpp_password"] is not None:
            say(made["smpp_password"])
            say(f"Save it now: the SMPP password of the system_id {made['name']}, not shown again.", err=True)


@tokens.command()
@click.argument("name", metavar="NAME", type=NAME)
@click.pass_context
@talks
def delete(context: click.Context, name: str) -> None:
    """Revoke the token NAME."""
    with connect(context) as client:
        client.request("DELETE", f"/v1/tokens/{part(name)}")
    say(f"{name} revoked")
