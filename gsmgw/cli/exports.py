"""gsmgw conversations, export"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, TextIO

import click

from gsmgw.cli.common import connect, fail, local_time, print_json, print_table, talks
from gsmgw.cli.params import MOMENT
from gsmgw.client import Client


@click.command()
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_context
@talks
def conversations(context: click.Context, limit: int, as_json: bool) -> None:
    """List who was written with, each with the latest message."""
    with connect(context) as client:
        found = list(client.conversations(limit=limit))
    if as_json:
        for entry in found:
            print_json(entry)
        return
    rows = []
    for entry in found:
        last = entry["last_message"]
        inbound = last["direction"] == "inbound"
        moment = local_time(last["received_at"] or last["created_at"])
        rows.append((entry["peer"], moment, "from" if inbound else "to", last["status"], last["text"]))
    print_table(("peer", "time", "", "status", "text"), rows, "no conversations")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--format", "format_", type=click.Choice(["csv", "ndjson"]), help="By the ending of FILE, else.")
@click.option("--since", type=MOMENT, help="Accepted or received from then on: 2026-12-01.")
@click.option("--until", type=MOMENT, help="And before then.")
@click.option("--direction", type=click.Choice(["outbound", "inbound"]))
@click.option("--status", multiple=True, help="Only in this state.")
@click.option("--peer", help="Only this number.")
@click.option("--modem", help="Only this modem.")
@click.option("--search", "q", metavar="WORDS", help="Only texts with all of these words.")
@click.pass_context
@talks
def export(context: click.Context, /, file: str, format_: str | None, **filters: Any) -> None:
    """Write all messages to FILE, newest first, as CSV or one JSON object per line. FILE may be -."""
    kind = format_ or ("csv" if file.lower().endswith(".csv") else "ndjson")
    filters["status"] = list(filters["status"]) or None
    with connect(context) as client:
        if file == "-":
            for portion in client.export(kind, **filters):
                sys.stdout.write(portion)
            return
        try:
            with Path(file).open("w", encoding="utf-8", newline="") as target:
                count = _copy(client, target, kind, filters)
        except OSError as exc:
            fail(f"{file}: {exc.strerror}")
    click.echo(f"{count} octets are in {file}", err=True)


def _copy(client: Client, target: TextIO, kind: str, filters: dict[str, Any]) -> int:
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, SpinnerColumn, TimeElapsedColumn

    count = 0
    columns = (SpinnerColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("export", total=None)
        for portion in client.export(kind, **filters):
            target.write(portion)
            count += len(portion.encode())
            progress.update(task, completed=count)
    return count


COMMANDS = (conversations, export)
