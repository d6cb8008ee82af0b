"""gsmgw templates"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gsmgw.cli.common import json_lines_option, json_option, print_json, talks
from gsmgw.cli.contacts import listed, pair
from gsmgw.cli.exits import USAGE, fail
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import count, print_table, say, shown
from gsmgw.cli.params import NAME


@click.group(invoke_without_command=True)
@json_lines_option
@click.pass_context
def templates(context: click.Context, as_json: bool) -> None:
    """List, change and try saved texts with fields."""
    listed(context, as_json, template_list)


@templates.command("list")
@json_lines_option
@click.pass_context
@talks
def template_list(context: click.Context, as_json: bool = False) -> None:
    """List templates by name."""
    with connect(context) as client:
        found = client.templates()
    if as_json:
        for each in found:
            print_json(each)
        return
    print_table(("name", "text"), [(each["name"], each["text"]) for each in found], "no templates")


@templates.command("show")
@click.argument("name", type=NAME)
@json_option
@click.pass_context
@talks
def template_show(context: click.Context, name: str, as_json: bool) -> None:
    """Print the text of the template NAME."""
    with connect(context) as client:
        found = client.template(name)
    if as_json:
        print_json(found)
    else:
        say(shown(found["text"]))


@templates.command("set")
@click.argument("name", type=NAME)
@click.argument("text", required=False)
@click.option("--file", type=click.Path(dir_okay=False, allow_dash=True), help="Read the text from this file.")
@json_option
@click.pass_context
@talks
def template_set(context: click.Context, name: str, text: str | None, file: str | None, as_json: bool) -> None:
    """Save TEXT as the template NAME, or replace its text. Fields are written {{ name }}."""
    if (text is None) == (file is None):
        raise click.UsageError('give the text, or --file FILE: gsmgw templates set welcome "Hello {{ name }}"')
    source = _read(file) if file is not None else text or ""
    with connect(context) as client:
        saved = client.put_template(name, source)
    if as_json:
        print_json(saved)
    else:
        say(f"template {saved['name']!r} saved")


def _read(file: str) -> str:
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return raw.decode("utf-8-sig").removesuffix("\n")
    except OSError as exc:
        fail(f"{file}: {exc.strerror}", USAGE)
    except UnicodeDecodeError as exc:
        fail(f"{file} is not valid UTF-8: byte 0x{exc.object[exc.start]:02x} at offset {exc.start}", USAGE)


@templates.command("delete")
@click.argument("name", type=NAME)
@click.pass_context
@talks
def template_delete(context: click.Context, name: str) -> None:
    """Delete the template NAME."""
    with connect(context) as client:
        client.delete_template(name)
    say(f"template {name!r} deleted")


@templates.command("preview", short_help="Show the text that a template gives.")
@click.argument("name", required=False)
@click.option("--text", help="Try this text instead of a saved template.")
@click.option("--contact", metavar="NUMBER", help="Write it for this contact.")
@click.option("--field", "fields", multiple=True, metavar="NAME=VALUE", help="Set a field; may be repeated.")
@json_option
@click.pass_context
@talks
def template_preview(
    context: click.Context,
    /,
    name: str | None,
    text: str | None,
    contact: str | None,
    fields: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show the text that the template NAME gives, its encoding and segments."""
    if (name is None) == (text is None):
        raise click.UsageError("give a name or --text, for example: gsmgw templates preview welcome --contact NUMBER")
    given = dict(pair(each) for each in fields)
    with connect(context) as client:
        found = client.preview_template(template=name, text=text, contact=contact, fields=given)
    if as_json:
        print_json(found)
        return
    say(shown(found["text"]))
    say(f"{found['encoding']}, {count(found['segments'], 'segment')}, {found['units_left']} units left", err=True)
    if found["forcing"]:
        say(f"because of {' '.join(found['forcing'])}: not in the GSM alphabet, so each segment holds less", err=True)
