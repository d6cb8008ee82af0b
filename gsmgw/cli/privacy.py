"""gsmgw privacy"""

from __future__ import annotations

import json
import os
from typing import cast

import click

from gsmgw.cli.common import json_option, print_json, talks
from gsmgw.cli.exits import fail
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import count, say
from gsmgw.cli.params import NAME

#: How a new file is opened: never one that exists.
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


@click.group()
def privacy() -> None:
    """Export or erase what is known about one number."""


@privacy.command("export", short_help="Export all that is known about a number.")
@click.argument("number", metavar="NUMBER", type=NAME)
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(dir_okay=False))
@click.pass_context
@talks
def export_(context: click.Context, number: str, file: str | None) -> None:
    """Export all that is known about NUMBER as JSON, to FILE (mode 0600) or standard output."""
    with connect(context) as client:
        found = client.export_person(number)
    if file is None:
        print_json(found)
        return
    try:
        with open(os.open(file, _NEW, 0o600), "w", encoding="utf-8") as target:
            json.dump(found, target, ensure_ascii=False, indent=2)
    except OSError as exc:
        fail(f"{file} cannot be written: {exc.strerror}. Name a file that does not exist yet")
    say(f"{count(len(found['messages']), 'message')} written to {file}")


@privacy.command()
@click.argument("number", metavar="NUMBER", type=NAME)
@click.option("--reason", help="Save this reason in the trail of the consent. Do not name the person.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
@talks
def erase(context: click.Context, number: str, reason: str | None, yes: bool, as_json: bool) -> None:
    """Erase all that is known about NUMBER. This cannot be undone. An opt-out stays in force."""
    if not yes:
        click.confirm(f"Erase all messages, events and the contact of {number} for ever?", abort=True, err=True)
    with connect(context) as client:
        done = client.erase_person(number, reason=reason)
    if as_json:
        print_json(done)
    else:
        erased = ", ".join(count(amount, _unit(name)) for name, amount in cast("dict[str, int]", done).items())
        say(f"erased: {erased}. Backups still have them")


def _unit(name: str) -> str:
    return "consent record" if name == "consent" else name.removesuffix("s")
