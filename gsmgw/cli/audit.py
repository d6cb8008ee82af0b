"""gsmgw audit"""

from __future__ import annotations

import click

from gsmgw.cli.common import json_lines_option, print_json, talks
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import print_table
from gsmgw.cli.params import PAST
from gsmgw.cli.waiting import local_time


@click.command()
@click.option("--who", help="List only actions of this token or user.")
@click.option("--since", type=PAST, help="Start at this time: 2026-12-01, 18:00 or -2h.")
@click.option("--until", type=PAST, help="End before this time.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Maximum number of results.")
@json_lines_option
@click.pass_context
@talks
def audit(
    context: click.Context, who: str | None, since: str | None, until: str | None, limit: int, as_json: bool
) -> None:
    """List management actions, newest first."""
    with connect(context) as client:
        found = list(client.audit(limit=limit, who=who, since=since, until=until))
    if as_json:
        for entry in found:
            print_json(entry)
        return
    rows = [
        (local_time(entry["at"]), entry["who"], entry["from"], entry["status"], entry["method"], entry["path"])
        for entry in found
    ]
    print_table(("time", "who", "from", "status", "method", "path"), rows, "no entries")
