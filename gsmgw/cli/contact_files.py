"""gsmgw contacts import, export, undo"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gsmgw.cli.common import json_option, print_json, progress, talks
from gsmgw.cli.exits import USAGE, fail
from gsmgw.cli.exports import write_whole
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import count, say, shown, write_data
from gsmgw.cli.params import NAME
from gsmgw.client import ApiError

if TYPE_CHECKING:  # importing it takes most of the time of a command
    from gsmgw.wire import resources

#: Maximum number of errors to print; the rest is counted.
_SHOWN = 50
#: Format by the ending of the file.
_FORMATS = {".csv": "csv", ".vcf": "vcard", ".ndjson": "ndjson", ".jsonl": "ndjson"}


def _mapping(pairs: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        target, mark, column = pair.partition("=")
        if not mark or not target or not column:
            raise click.BadParameter(f"{pair!r} is not FIELD=COLUMN", param_hint="--map")
        found[target] = column
    return found


@click.command("import", short_help="Import contacts from a CSV file or vCards.")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Check the file and say what would be done.")
@click.option("--skip-bad", is_flag=True, help="Import the other rows if some have errors.")
@click.option(
    "--map", "pairs", multiple=True, metavar="FIELD=COLUMN", help="Say what a column is: phone=Handy; may be repeated."
)
@click.option("--ignore", "ignored", multiple=True, metavar="COLUMN", help="Leave out a column; may be repeated.")
@click.option("--group", "groups", multiple=True, help="Add all contacts to this group; may be repeated.")
@click.option("--file-encoding", "encoding", metavar="NAME", help="Encoding of the file (default: detected).")
@json_option
@click.pass_context
@talks
def contact_import(
    context: click.Context,
    /,
    file: str,
    pairs: tuple[str, ...],
    ignored: tuple[str, ...],
    groups: tuple[str, ...],
    dry_run: bool,
    skip_bad: bool,
    encoding: str | None,
    as_json: bool,
) -> None:
    """Import contacts from FILE, a CSV file or vCards; - reads standard input.

    Columns are recognised by their names, in English and German. A row of a known number completes its contact; an
    empty cell changes nothing. If a row has errors, nothing is imported.
    """
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as exc:
        fail(f"{file}: {exc.strerror}", USAGE)
    with connect(context) as client, progress("importing", None):
        try:
            done = client.import_contacts(
                raw,
                dry_run=dry_run,
                skip_bad=skip_bad,
                mapping=_mapping(pairs),
                ignore=ignored,
                groups=groups,
                encoding=encoding,
            )
        except ApiError as exc:
            if exc.code != "invalid_file":
                raise
            errors = exc.problem.get("errors", [])
            if not errors:
                fail(f"{file}: {exc.problem['detail']}")
            _print_errors(errors)
            detail = exc.problem["detail"].partition(". The first: ")[0]
            fail(f"{file}: {detail}. Correct them, or import the others with --skip-bad")
    if as_json:
        print_json(done)
    else:
        _print_report(done)
    sys.exit(1 if done["bad"] and dry_run else 0)


def _print_report(done: resources.ContactImport) -> None:
    _print_errors(done["errors"])
    if done["ignored_columns"]:
        say(f"columns that are not imported: {shown(done['ignored_columns'])}", err=True)
    numbers = f"{done['created']} created, {done['updated']} updated, {done['unchanged']} unchanged"
    others = [(done["skipped"], "without a number"), (done["bad"], "with errors")]
    numbers += "".join(f", {number} {words}" for number, words in others if number)
    if done["dry_run"]:
        say(f"{numbers}; nothing imported: this was a dry run")
    else:
        say(f"{numbers}. To undo it: gsmgw contacts undo {done['import_id']}")


def _print_errors(errors: list[resources.RowError]) -> None:
    for error in errors[:_SHOWN]:
        column = f", column {shown(error['column'])!r}" if error.get("column") else ""
        say(f"line {error['line']}{column}: {shown(error['detail'])}", err=True)
    if len(errors) > _SHOWN:
        say(f"and {len(errors) - _SHOWN} more", err=True)


@click.command("export", short_help="Export contacts to a CSV file or vCards.")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True))
@click.option(
    "--format",
    "format_",
    type=click.Choice(["csv", "vcard", "ndjson"]),
    help="Output format (default: by the ending of FILE: .csv, .vcf, .ndjson; ndjson for -).",
)
@click.option("--spreadsheet", is_flag=True, help="Write CSV for a spreadsheet: whole numbers, no formulas.")
@click.option("--search", "q", metavar="WORDS", help="Export only contacts with these words in name, number or fields.")
@click.option("--group", help="Export only the members of this group.")
@click.option("--segment", help="Export only the contacts in this segment.")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.pass_context
@talks
def contact_export(
    context: click.Context, /, file: str, format_: str | None, spreadsheet: bool, force: bool, **filters: str | None
) -> None:
    """Export contacts to FILE, newest first. FILE may be - for standard output.

    The file appears when the export is complete. contacts import reads it again.
    """
    target = None if file == "-" else Path(file)
    kind = format_ or ("ndjson" if target is None else _FORMATS.get(target.suffix.lower()))
    if kind is None:
        fail(f"{file}: name it .csv, .vcf or .ndjson, or set the format: --format csv", USAGE)
    if target is not None and target.is_file() and not force:
        fail(f"{file} already exists. Replace it with --force", USAGE)
    with connect(context) as client:
        portions = client.export_contacts(kind, spreadsheet=spreadsheet, **filters)
        if target is None:
            for portion in portions:
                write_data(portion)
            return
        try:
            size = write_whole(target, portions)
        except OSError as exc:
            fail(f"{file}: {exc.strerror}")
    say(f"{size} bytes written to {file}", err=True)


@click.command("undo")
@click.argument("import_id", metavar="IMPORT", type=NAME)
@json_option
@click.pass_context
@talks
def contact_undo(context: click.Context, import_id: str, as_json: bool) -> None:
    """Undo the import IMPORT. Contacts that were changed after it stay as they are."""
    with connect(context) as client:
        done = client.undo_import(import_id)
    if as_json:
        print_json(done)
        return
    kept = f", {count(done['kept'], 'contact')} kept: changed after the import" if done["kept"] else ""
    say(f"{count(done['removed'], 'contact')} removed, {done['restored']} restored{kept}")
