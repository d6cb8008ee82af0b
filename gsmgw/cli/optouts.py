"""gsmgw optouts"""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING, Any, TextIO

import click

from gsmgw.cli.common import json_lines_option, json_option, print_json, progress, talks
from gsmgw.cli.exits import FAILED, USAGE, fail
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import count, print_table, say, write_data
from gsmgw.cli.params import NAME
from gsmgw.cli.waiting import local_time

if TYPE_CHECKING:  # importing it takes most of the time of a command
    from gsmgw.wire import resources

#: Numbers in one request of an import.
PORTION = 10_000
#: Names of the column with the numbers; without one of them, it is the first column.
_COLUMNS = ("number", "phone", "to", "mobile", "handy", "telefon")
_list_option = click.option(
    "--list", "list_name", default="*", help="Opt out of this list only (default: of everything)."
)
_reason_option = click.option("--reason", help="Give the reason; it is kept in the trail of the number.")


@click.group(invoke_without_command=True, short_help="List and change opt-outs, and decide about suspects.")
@json_lines_option
@click.pass_context
def optouts(context: click.Context, as_json: bool) -> None:
    """List, add, remove, import and export opt-outs, and decide about suspects."""
    if context.invoked_subcommand is None:
        context.invoke(listing, list_name=None, limit=50, as_json=as_json)
    elif as_json:
        raise click.UsageError(f"put --json at the end: gsmgw optouts {context.invoked_subcommand} ... --json")


@optouts.command("list")
@click.option("--list", "list_name", help='Show only opt-outs of this list; "*" is everything.')
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Maximum number of results.")
@json_lines_option
@click.pass_context
@talks
def listing(context: click.Context, list_name: str | None, limit: int, as_json: bool) -> None:
    """List the opt-outs, the newest number first."""
    with connect(context) as client:
        found = list(client.optouts(limit=limit, list=list_name))
    if as_json:
        for each in found:
            print_json(each)
        return
    rows = [(each["number"] or "(erased)", local_time(each["at"]), each["list"]) for each in found]
    print_table(("number", "since", "list"), rows, "nobody has opted out")


@optouts.command()
@click.argument("number", type=NAME)
@_list_option
@_reason_option
@json_option
@click.pass_context
@talks
def add(context: click.Context, number: str, list_name: str, reason: str | None, as_json: bool) -> None:
    """Opt NUMBER out. Messages that wait for it are canceled."""
    with connect(context) as client:
        found = client.opt_out(number, list=list_name, reason=reason)
    if as_json:
        print_json(found)
    else:
        say(f"{found['number']} has opted out of {_words(list_name)}")


@optouts.command()
@click.argument("number", type=NAME)
@click.option("--list", "list_name", default="*", help="End the opt-out of this list (default: of everything).")
@click.option("--reason", required=True, help="Give the reason; it is kept in the trail of the number.")
@click.pass_context
@talks
def remove(context: click.Context, number: str, list_name: str, reason: str) -> None:
    """End the opt-out of NUMBER. Do this only if the person asked for it."""
    with connect(context) as client:
        client.end_opt_out(number, list=list_name, reason=reason)
    say(f"{number} may be texted again: the opt-out of {_words(list_name)} has ended")


@optouts.command()
@click.argument("number", type=NAME)
@json_option
@click.pass_context
@talks
def show(context: click.Context, number: str, as_json: bool) -> None:
    """Show the consent of NUMBER, and how it came about."""
    with connect(context) as client:
        found = client.consent(number)
    if as_json:
        print_json(found)
        return
    for each in found["lists"]:
        state = each["state"] or "nothing said"
        say(f"{_words(each['list'])}: {state}{', suspected' if each['suspected_at'] else ''}")
    rows = [
        (local_time(each["at"]), each["list"], each["action"], each["source"], each["text"] or each["reason"])
        for each in found["trail"]
    ]
    print_table(("time", "list", "action", "source", "text or reason"), rows, f"{found['number']} has said nothing")


@optouts.command()
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="Maximum number of results.")
@json_lines_option
@click.pass_context
@talks
def suspects(context: click.Context, limit: int, as_json: bool) -> None:
    """List numbers whose text may be an opt-out. Marketing to them is on hold until you decide."""
    with connect(context) as client:
        found = list(client.suspects(limit=limit))
    if as_json:
        for each in found:
            print_json(each)
        return
    rows = [(each["number"] or "(erased)", local_time(each["at"]), each["text"]) for each in found]
    print_table(("number", "time", "text"), rows, "no suspects")


@optouts.command(short_help="Decide about a suspect.")
@click.argument("number", type=NAME)
@click.argument("decision", type=click.Choice(["opt-out", "dismiss"]))
@_reason_option
@click.pass_context
@talks
def decide(context: click.Context, number: str, decision: str, reason: str | None) -> None:
    """Decide about a suspect: opt NUMBER out, or dismiss the suspicion and send what is on hold."""
    with connect(context) as client:
        client.decide_suspect(number, decision.replace("-", "_"), reason=reason)
    say(f"{number} {'has opted out' if decision == 'opt-out' else 'may be texted'}")


@optouts.command("import", short_help="Opt out the numbers of a file.")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
@_list_option
@_reason_option
@click.option("--dry-run", is_flag=True, help="Check the numbers without changing anything.")
@json_option
@click.pass_context
@talks
def import_(
    context: click.Context, file: TextIO, list_name: str, reason: str | None, dry_run: bool, as_json: bool
) -> None:
    """Opt out the numbers in FILE: one on each line, or a CSV with a column number. - reads standard input."""
    numbers = _numbers(file)
    if not numbers:
        fail(f"{file.name} has no numbers", USAGE)
    total: dict[str, Any] = {"imported": 0, "unchanged": 0, "errors": []}
    with connect(context) as client, progress("importing", len(numbers)) as advance:
        for at in range(0, len(numbers), PORTION):
            part = numbers[at : at + PORTION]
            texts = [number for _, number in part]
            done = client.import_opt_outs(texts, list=list_name, reason=reason, dry_run=dry_run or None)
            total["imported"] += done["imported"]
            total["unchanged"] += done["unchanged"]
            total["errors"] += [_located(each, part) for each in done["errors"]]
            advance(len(part))
    if as_json:
        print_json(total)
    else:
        for each in total["errors"]:
            say(f"{file.name}:{each['line']}: {each['detail']}", err=True)
        verb = "would be imported" if dry_run else "imported"
        say(f"{count(total['imported'], 'number')} {verb}, {total['unchanged']} had opted out before")
    if total["errors"]:
        sys.exit(FAILED)


def _located(error: resources.OptOutImportError, part: list[tuple[int, str]]) -> dict[str, Any]:
    line, number = part[error["row"]]
    return {"line": line, "number": number, "detail": error["detail"]}


def _numbers(file: TextIO) -> list[tuple[int, str]]:
    """Return the numbers of a file with their lines. The first line may name the columns."""
    try:
        text = file.read()
    except UnicodeDecodeError as exc:
        fail(f"{file.name} is not valid UTF-8: byte 0x{exc.object[exc.start]:02x} at offset {exc.start}", USAGE)
    first = text.partition("\n")[0]
    delimiter = next((sign for sign in ";\t,|" if sign in first), ",")
    rows = csv.reader(text.splitlines(), delimiter=delimiter)
    column, found = 0, []
    for line, row in enumerate(rows, 1):
        if line == 1 and (named := _column(row)) is not None:
            column = named
        elif len(row) > column and row[column].strip():
            found.append((line, row[column].strip()))
    return found


def _column(row: list[str]) -> int | None:
    names = [cell.strip().lower() for cell in row]
    return next((names.index(name) for name in _COLUMNS if name in names), None)


@optouts.command()
@click.argument("file", type=click.File("w", encoding="utf-8", lazy=True), default="-")
@click.option("--list", "list_name", help='Export only opt-outs of this list; "*" is everything.')
@click.pass_context
@talks
def export(context: click.Context, file: TextIO, list_name: str | None) -> None:
    """Export the opt-outs as CSV to FILE, by default to standard output. Erased numbers are left out."""
    with connect(context) as client:
        rows = [each for each in client.optouts(list=list_name) if each["number"] is not None]
    lines = ["number,list,at\n", *(f"{each['number']},{each['list']},{each['at']}\n" for each in rows)]
    if file.name == "-":
        write_data("".join(lines))
    else:
        file.writelines(lines)
        say(f"{count(len(rows), 'opt-out')} exported to {file.name}", err=True)


def _words(list_name: str) -> str:
    return "everything" if list_name == "*" else f"the list {list_name}"
