"""gsmgw audit"""

from __future__ import annotations

import click

from gsmgw.cli.common import connect, local_time, print_json, print_table, talks
from gsmgw.cli.params import MOMENT


@click.command()
@click.option("--who", help="Only this token's, or this user's.")
@click.option("--since", type=MOMENT, help="From then on: 2026-12-01.")
@click.option("--until", type=MOMENT, help="And before then.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_context
@talks
def audit(
    context: click.Context, who: str | None, since: str | None, until: str | None, limit: int, as_json: bool
) -> None:
    """List who managed what, and what came of it, newest first."""
    with connect(context) as client:
        found = list(client.audit(limit=limit, who=who, since=since, until=until))
    if as_json:
        for entry in found:
            print_json(entry)
        return
    rows = [
        (local_time(entry["at"]), entry["who"], entry["from"], entry["method"], entry["path"], entry["status"])
        for entry in found
    ]
    print_table(("time", "who", "from", "method", "text", "status"), rows, "nothing was managed yet")


COMMANDS = (audit,)
