"""gsmgw tokens"""

from __future__ import annotations

import click

from gsmgw.cli.common import connect, local_time, print_json, print_table, talks
from gsmgw.cli.params import SPAN

_SCOPES = ["send", "read", "manage"]


@click.group(invoke_without_command=True)
@click.pass_context
def tokens(context: click.Context) -> None:
    """List, create and revoke the tokens of the TCP listener."""
    if context.invoked_subcommand is None:
        context.invoke(listing)


@tokens.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
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
            ", ".join(token["scopes"]),
            local_time(token["created_at"]),
            local_time(token["expires_at"]) or "never",
            local_time(token["last_used_at"]) or "never",
        )
        for token in found
    ]
    print_table(("name", "scopes", "created", "expires", "last used"), rows, "no tokens")


@tokens.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(["send", "read", "manage"]), default=["send", "read"]
)
@click.option("--expires-in", type=SPAN, help="30d, 52w; never, where left out.")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
@talks
def create(context: click.Context, name: str, scopes: tuple[str, ...], expires_in: int | None, as_json: bool) -> None:
    """Create a token NAME. It is shown this once."""
    with connect(context) as client:
        body = {"name": name, "scopes": list(scopes), "expires_in": expires_in}
        made = client.request("POST", "/v1/tokens", json=body)
    if as_json:
        print_json(made)
    else:
        click.echo(made["token"])
        click.echo("Keep it: it is not shown again. Use it as: Authorization: Bearer TOKEN", err=True)


@tokens.command()
@click.argument("name")
@click.pass_context
@talks
def delete(context: click.Context, name: str) -> None:
    """Revoke the token NAME."""
    with connect(context) as client:
        client.request("DELETE", f"/v1/tokens/{name}")
    click.echo(f"{name} is revoked")


COMMANDS = (tokens,)
