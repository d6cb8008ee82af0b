"""gsmgw doctor"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from gsmgw.cli.common import print_json
from gsmgw.cli.exits import FAILED, fail
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import say
from gsmgw.errors import GsmgwError
from gsmgw.places import find_config

_MARKS = {"ok": ("ok", "green"), "note": ("note", "blue"), "warning": ("warning", "yellow"), "error": ("ERROR", "red")}


@click.command()
@click.option("--config", "config_file", type=click.Path(dir_okay=False), help="Use this configuration file.")
@click.option(
    "--thorough", is_flag=True, help="Check every page, index and reference of the database; slow if it is large."
)
@click.option(
    "--bundle", type=click.Path(dir_okay=False, path_type=Path), help="Write a support bundle to this file (.tar.gz)."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per finding.")
@click.pass_context
def doctor(context: click.Context, config_file: str | None, thorough: bool, bundle: Path | None, as_json: bool) -> None:
    """Find problems and how to fix them. Works with and without a running gateway.

    Exit code 1 if a problem prevents sending or receiving, else 0. The support bundle contains the findings,
    versions, the log and the configuration. Secrets, phone numbers and texts are masked, so you can share it.
    """
    from gsmgw.doctor import examine, write_bundle

    with connect(context, config_file) as client:
        found = examine(client, find_config(config_file), thorough=thorough)
    for finding in found.findings:
        if as_json:
            print_json(asdict(finding))
            continue
        word, colour = _MARKS[finding.level]
        say(f"{finding.subject}: {finding.says}", label=click.style(f"{word:>7}", fg=colour) + "  ")
        if finding.cure:
            say(f"         {finding.cure}")
    if bundle is not None:
        try:
            names = write_bundle(found, bundle)
        except GsmgwError as exc:
            fail(str(exc))
        say(f"{bundle} contains {', '.join(names)}; numbers, texts and secrets are masked", err=True)
    if not found.is_healthy:
        sys.exit(FAILED)
