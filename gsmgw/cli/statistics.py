"""gsmgw statistics"""

from __future__ import annotations

import time
from typing import Any

import click

from gsmgw.cli.common import json_option, print_json, talks
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import print_table, say
from gsmgw.cli.params import PAST
from gsmgw.cli.waiting import local_time

_DIMENSIONS = ("hour", "day", "modem", "campaign", "tag", "country")
_COLUMNS = ("", "accepted", "sent", "delivered", "rate", "undelivered", "failed", "received", "half within", "cost")


@click.command(short_help="Show how many messages were sent and delivered.")
@click.option("--by", type=click.Choice(_DIMENSIONS), default="day", show_default=True, help="Count by this.")
@click.option("--since", type=PAST, help="Start with the hour of this time (default: 30 days ago; by hour: 1 day).")
@click.option("--until", type=PAST, help="End before the hour of this time (default: now).")
@click.option("--time-zone", help="Begin days at midnight of this time zone (default: the one of this machine).")
@json_option
@click.pass_context
@talks
def statistics(context: click.Context, /, as_json: bool, **filters: Any) -> None:
    """Show how many messages were sent, delivered and received, how fast, and at what cost."""
    filters["time_zone"] = filters["time_zone"] or _local_zone()
    with connect(context) as client:
        found = client.statistics(**filters)
    if as_json:
        print_json(found)
        return
    currency = found["currency"] or ""
    shown = local_time if filters["by"] == "hour" else str
    rows = [(shown(entry["key"]) or "", *_cells(entry, currency)) for entry in found["data"]]
    print_table(_COLUMNS, [*rows, ("total", *_cells(found["total"], currency))], "")
    causes = ", ".join(f"{code} {count}" for code, count in found["total"]["causes"].items())
    if causes:
        say(f"failures: {causes}")


def _cells(sums: Any, currency: str) -> tuple[str, ...]:
    rate, took, cost = sums["delivery_rate"], sums["delivery_time"], sums["cost"]
    return (
        *(str(sums[name]) for name in ("accepted", "sent", "delivered")),
        "" if rate is None else f"{rate:.1%}",
        *(str(sums[name]) for name in ("undelivered", "failed", "received")),
        "" if took is None else f"{took['p50_s']:g} s",
        "" if cost is None else f"{cost:.2f} {currency}".strip(),
    )


def _local_zone() -> str | None:
    """Return the name of this machine's time zone, if it has one."""
    from pathlib import Path

    name = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")[2]
    return name or (None if time.timezone else "UTC")
