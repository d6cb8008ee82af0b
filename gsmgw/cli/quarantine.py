"""gsmgw quarantine"""

from __future__ import annotations

import click

from gsmgw.cli.common import json_lines_option, print_json, talks
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import print_table, say
from gsmgw.cli.waiting import local_time


@click.command(short_help="List received PDUs that could not be decoded.")
@click.option("--reread", is_flag=True, help="Decode all of them again, for example after an upgrade.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Maximum number of results.")
@json_lines_option
@click.pass_context
@talks
def quarantine(context: click.Context, reread: bool, limit: int, as_json: bool) -> None:
    """List received PDUs that could not be decoded, newest first."""
    with connect(context) as client:
        if reread:
            result = client.reread_quarantine()
            if as_json:
                print_json(result)
            else:
                say(f"{result['understood']} decoded now, {result['left']} left")
            return
        found = list(client.quarantine(limit=limit))
    if as_json:
        for entry in found:
            print_json(entry)
        return
    rows = [(local_time(entry["received_at"]), entry["modem"], entry["problem"], entry["pdu"]) for entry in found]
    print_table(("received", "modem", "problem", "PDU"), rows, "the quarantine is empty")
