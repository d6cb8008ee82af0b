"""gsmgw reload"""

from __future__ import annotations

import click

from gsmgw.cli.common import json_option, print_json, talks
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import say


@click.command("reload", short_help="Apply a changed configuration without a restart.")
@json_option
@click.pass_context
@talks
def reload_(context: click.Context, as_json: bool) -> None:
    """Have the gateway read its configuration again, and show what changed.

    Messages in transmission and connected modems are not disturbed. Settings that need a restart are named. A file that
    is not valid changes nothing.
    """
    with connect(context) as client:
        found = client.reload()
    if as_json:
        print_json(found)
        return
    for problem in found["missing"]:
        say(f"warning: {problem}", err=True)
    if found["applied"]:
        say(f"applied: {', '.join(found['applied'])}")
    if found["needs_restart"]:
        say(f"needs a restart (sudo systemctl restart gsmgw): {', '.join(found['needs_restart'])}")
    if not found["applied"] and not found["needs_restart"]:
        say("nothing has changed")
