"""gsmgw fleet"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gsmgw.cli.common import json_option, print_json, talks
from gsmgw.cli.exits import fail
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import count, print_table, say
from gsmgw.cli.params import NAME
from gsmgw.cli.waiting import local_time

if TYPE_CHECKING:
    from gsmgw.install.nats import FleetFiles
    from gsmgw.wire import resources

_DEFAULT = "/etc/gsmgw-nats"
_RELOAD = "sudo systemctl reload gsmgw-nats"
#: The file of credentials at a node.
_AT_NODE = "/etc/gsmgw/fleet.json"

_directory = click.option(
    "--directory",
    type=click.Path(file_okay=False),
    default=_DEFAULT,
    show_default=True,
    help="Directory that gsmgw fleet init has made.",
)


@click.group()
def fleet() -> None:
    """Set up a fleet of gateways, and show its state.

    A hub accepts messages for all nodes; a NATS server carries them. Run init, add and remove where the NATS server is.
    """


def _files(directory: str) -> FleetFiles:
    from gsmgw.install.nats import FleetFiles  # imports the bridges

    return FleetFiles(Path(directory))


@fleet.command()
@click.argument("directory", type=click.Path(file_okay=False), default=_DEFAULT)
@click.option("--listen", metavar="HOST:PORT", required=True, help="Let the NATS server listen here: 0.0.0.0:4222.")
@click.option("--tls-cert", type=click.Path(dir_okay=False, exists=True), help="Certificate of the server (PEM).")
@click.option("--tls-key", type=click.Path(dir_okay=False, exists=True), help="Its key (PEM).")
@click.option(
    "--store",
    type=click.Path(file_okay=False),
    default="/var/lib/gsmgw-nats",
    show_default=True,
    help="Directory where the NATS server keeps messages.",
)
def init(directory: str, listen: str, tls_cert: str | None, tls_key: str | None, store: str) -> None:
    """Write the configuration of a NATS server to DIRECTORY.

    The credentials of the hub are made as well.

    The default is /etc/gsmgw-nats. Existing files are not overwritten.
    """
    from gsmgw.install.nats import Listener

    certificates = [None if each is None else Path(each) for each in (tls_cert, tls_key)]
    listener = Listener.parse(listen, *certificates)
    files = _files(directory)
    files.create(listener, Path(store))
    say(f"{files.server_file} written")
    if listener.tls_cert is None and not listener.is_private:
        say("warning: without TLS, texts and passwords cross the network in the clear. See --tls-cert", err=True)
    say()
    say("Start the server:")
    say("  sudo systemctl enable --now gsmgw-nats")
    say()
    say("In the configuration of the hub:")
    say("  [fleet]")
    say(f'  url = "{listener.url}"')
    say("  hub = true")
    say(f'  credentials = "{files.credentials_of("hub")}"')
    say()
    say(f"Then for each node: sudo gsmgw fleet add NAME{_option(directory)} --url URL")


def _option(directory: str) -> str:
    return "" if directory == _DEFAULT else f" --directory {directory}"


@fleet.command()
@click.argument("node", metavar="NODE", type=NAME)
@click.option("--url", metavar="URL", required=True, help="Address of the NATS server as NODE reaches it.")
@_directory
def add(node: str, url: str, directory: str) -> None:
    """Make a user of the NATS server for NODE, with its file.

    The file holds the credentials: copy it to the node.

    The user may take NODE's own messages and tell its own events, and nothing else.
    """
    from pydantic import ValidationError

    from gsmgw.config.fleet import FleetSection

    try:
        FleetSection(url=url, node=node)
    except ValidationError as exc:
        fail("; ".join(f"{error['loc'][0]}: {error['msg'].removeprefix('Value error, ')}" for error in exc.errors()))
    file = _files(directory).add(node)
    say(f"{file} written")
    say()
    say("1. Let the NATS server read its users again:")
    say(f"     {_RELOAD}")
    say(f"2. Copy the file to {node}. It is a secret: only the service may read it there:")
    say(f"     sudo scp {file} root@{node}:{_AT_NODE}")
    say(f"     sudo chown gsmgw:gsmgw {_AT_NODE}; sudo chmod 600 {_AT_NODE}")
    say(f"3. In the configuration of {node}, then restart it:")
    say("     [fleet]")
    say(f'     url = "{url}"')
    say(f'     node = "{node}"')
    say(f'     credentials = "{_AT_NODE}"')


@fleet.command()
@click.argument("node", metavar="NODE", type=NAME)
@_directory
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(node: str, directory: str, yes: bool) -> None:
    """Take the user of NODE away from the NATS server. Its messages stay where they are."""
    if not yes:
        click.confirm(f"Remove the node {node}? It can no longer connect", abort=True, err=True)
    _files(directory).remove(node)
    say(f"{node} removed. Let the NATS server read its users again, which ends the connection of {node}:")
    say(f"  {_RELOAD}")
    say(f"Messages that {node} had are shown by gsmgw fleet status; others send them after: gsmgw fleet move {node}")


@fleet.command()
@json_option
@click.pass_context
@talks
def status(context: click.Context, as_json: bool) -> None:
    """Show the fleet: all nodes at the hub, else the connection."""
    with connect(context) as client:
        found = client.fleet()
    if as_json:
        print_json(found)
        return
    if not found["hub"] and found["node"] is None:
        say("this gateway is in no fleet: [fleet] url is not set")
        return
    link = "connected" if found["connected"] else f"not connected: {found['trouble']}"
    say(f"hub, {link}" if found["hub"] else f"node {found['node']}, {link}")
    if found["behind"]:
        say(f"events that the hub was not told yet: {found['behind']}")
    if not found["hub"]:
        return
    rows = [row for node in sorted(found["nodes"], key=lambda each: not each["silent"]) for row in _rows(node)]
    print_table(("node", "state", "heard", "waiting", "begun", "signal", "operator", "detail"), rows, "no nodes yet")


def _rows(node: resources.FleetNode) -> list[tuple[object, ...]]:
    heard = local_time(node["heard_at"]) if node["heard_at"] else "not since the start"
    state = "silent" if node["silent"] else "connected"
    rows: list[tuple[object, ...]] = [
        (node["name"], state, heard, node["waiting"], node["begun"], None, None, f"version {node['version']}")
        if node["version"]
        else (node["name"], state, heard, node["waiting"], node["begun"], None, None, None)
    ]
    for modem in node["modems"]:
        signal = None if modem["signal_dbm"] is None else f"{modem['signal_dbm']} dBm"
        rows.append(
            (modem["name"], modem["state"], None, modem["waiting"], None, signal, modem["operator"], modem["detail"])
        )
    return rows


@fleet.command()
@click.argument("node", metavar="NODE", type=NAME)
@click.option("--risk", is_flag=True, help="Move also what NODE may have sent: some texts may be sent twice.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
@talks
def move(context: click.Context, node: str, risk: bool, yes: bool, as_json: bool) -> None:
    """Let other nodes send what the silent NODE has not taken. Nothing is sent twice.

    With --risk also what it has taken: it may have sent some of that already, and those texts are sent twice.
    """
    if not yes:
        click.confirm(_question(node, risk=risk), abort=True, err=True)
    with connect(context) as client:
        done = client.move_node(node, risk=risk)
    if as_json:
        print_json(done)
        return
    say(f"moved: {count(done['moved'], 'message')}" + (f", in doubt: {done['in_doubt']}" if risk else ""))
    if done["left"] and not risk:
        say(
            f"left: {count(done['left'], 'message')} that {node} may have sent. It sends them when it is back, or "
            f"others send them now, some perhaps twice: gsmgw fleet move {node} --risk"
        )


def _question(node: str, *, risk: bool) -> str:
    if not risk:
        return f"Let other nodes send what {node} has not taken?"
    return (
        f"Let other nodes send all that {node} has? What it has sent already without telling so is sent twice, "
        "and its recipients get the text again"
    )
