"""gsmgw status, config, demo"""

from __future__ import annotations

import sys

import click

from gsmgw.cli.common import json_option, print_json, talks
from gsmgw.cli.exits import FAILED, USAGE, configuration_file, exit_with
from gsmgw.cli.gateway import connect
from gsmgw.cli.lazy import LazyGroup
from gsmgw.cli.listing import say
from gsmgw.cli.waiting import local_time
from gsmgw.errors import ConfigError


@click.command()
@json_option
@click.pass_context
@talks
def status(context: click.Context, as_json: bool) -> None:
    """Show the state of the gateway, its queue and its modems."""
    with connect(context) as client:
        stats, modems = client.stats(), client.modems()
    if as_json:
        print_json({**stats, "modem_list": modems})
        return
    say(f"gsmgw {stats['version']}, up since {local_time(stats['started_at'])}, at {client.where}")
    for name, found in (
        ("messages", stats["messages"]),
        ("since the start", stats["since_start"]),
        ("webhooks", stats["webhooks"]),
    ):
        counts = ", ".join(f"{count} {state}" for state, count in sorted(found.items()))
        if counts or name == "messages":
            say(f"{name}: {counts or 'none waiting'}")
    if stats["oldest_queued_at"]:
        say(f"oldest queued message: {local_time(stats['oldest_queued_at'])}")
    state = "ok" if stats["database_ok"] else "WRITES ARE FAILING"
    size_mb = stats["database_octets"] / 1e6
    say(f"database: {state}, {size_mb:.1f} MB, {stats['commit_ms']:.1f} ms per commit")
    for task, count in stats["task_failures"].items():
        say(f"task {task}: failed and restarted {count} times. See: journalctl -u gsmgw")
    if stats.get("database_loss"):
        say(f"DATA LOSS: {stats['database_loss']}")
    say(f"events: {stats['first_event']} to {stats['last_event']}" if stats["last_event"] else "events: none")
    for modem in modems:
        say(f"modem {modem['name']}: {modem['state']}, {modem['detail']}")
    if not modems:
        say("no modems")


@click.group(cls=LazyGroup, modules={"export": "backup:export_config", "import": "backup:import_config"})
def config() -> None:
    """Check and show the configuration."""


@config.command(short_help="Check the configuration.")
@click.option("--config", "config_file", type=click.Path(dir_okay=False), help="Use this configuration file.")
def check(config_file: str | None) -> None:
    """Check the configuration and this machine, and report all problems with their lines.

    Exit codes: 0 valid, 1 the gateway starts, but something that it needs is missing, 2 the gateway does not start.
    """
    path = configuration_file(config_file)
    from gsmgw.checking import load_checked

    try:
        missing = load_checked(path).missing
    except ConfigError as exc:
        exit_with(exc, USAGE)
    for problem in missing:
        say(f"{path}: {problem}", err=True)
    if missing:
        sys.exit(FAILED)
    say(f"{path} is valid")


@config.command(short_help="Print the configuration in effect as JSON.")
@click.option("--config", "config_file", type=click.Path(dir_okay=False), help="Use this configuration file.")
def show(config_file: str | None) -> None:
    """Print the configuration in effect as JSON, with defaults and without secrets."""
    path = configuration_file(config_file)
    from gsmgw.config import load_config, redacted

    try:
        loaded = load_config(path)
    except ConfigError as exc:
        exit_with(exc, USAGE)
    print_json({"file": str(path), **redacted(loaded)})


@click.command(short_help="Try gsmgw with simulated modems.")
@click.option("--once", is_flag=True, help="Exit after the demonstration, with 0 only if all messages arrived.")
@click.option("--fleet", is_flag=True, help="Show a hub and two nodes instead of one gateway. Needs nats-server.")
def demo(once: bool, fleet: bool) -> None:
    """Send and receive messages over simulated modems. Needs no hardware."""
    from gsmgw.demo import tell, tell_fleet

    sys.exit((tell_fleet if fleet else tell)(once=once or not sys.stdout.isatty()))
