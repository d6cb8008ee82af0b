"""gsmgw export"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from secrets import token_hex
from shutil import copymode
from typing import Any, TextIO

import click

from gsmgw.cli.common import talks
from gsmgw.cli.exits import USAGE, fail
from gsmgw.cli.gateway import connect
from gsmgw.cli.listing import say, write_data
from gsmgw.cli.params import PAST

#: Format by the suffix of the file.
_FORMATS = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option(
    "--format",
    "format_",
    type=click.Choice(["csv", "ndjson"]),
    help="Output format (default: csv if FILE ends in .csv, ndjson for .ndjson, .jsonl and -).",
)
@click.option("--since", type=PAST, help="Start at this time of acceptance or receipt: 2026-12-01, 18:00 or -2h.")
@click.option("--until", type=PAST, help="End before this time.")
@click.option("--direction", type=click.Choice(["outbound", "inbound"]), help="Export only this direction.")
@click.option("--status", multiple=True, help="Export only messages in this state; may be repeated.")
@click.option("--peer", help="Export only messages to or from this number.")
@click.option("--modem", help="Export only messages of this modem.")
@click.option("--search", "q", metavar="WORDS", help="Export only texts that contain all these words.")
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@click.pass_context
@talks
def export(context: click.Context, /, file: str, format_: str | None, force: bool, **filters: Any) -> None:
    """Export all messages to FILE, newest first. FILE may be - for standard output.

    Write CSV if FILE ends in .csv, one JSON object per line if it ends in .ndjson or .jsonl. The file appears when the
    export is complete.
    """
    kind = format_ or _format_of(file)
    filters["status"] = list(filters["status"]) or None
    target = None if file == "-" else Path(file)
    if target is not None and target.is_file() and not force:
        fail(f"{file} already exists. Replace it with --force", USAGE)
    with connect(context) as client:
        portions = client.export(kind, **filters)
        if target is None:
            for portion in portions:
                write_data(portion)
            return
        try:
            count = write_whole(target, _counted(portions))
        except OSError as exc:
            fail(f"{file}: {exc.strerror}")
    say(f"{count} bytes written to {file}", err=True)


def _format_of(file: str) -> str:
    """Return the format that the name of a file asks for. Pipes and devices get NDJSON."""
    suffix = Path(file).suffix.lower()
    is_stream = file == "-" or (Path(file).exists() and not Path(file).is_file())
    if suffix not in _FORMATS and not is_stream:
        fail(
            f"{file}: name it .csv or .ndjson, or set the format: --format csv or --format ndjson{_excel(suffix)}",
            USAGE,
        )
    return _FORMATS.get(suffix, "ndjson")


def _excel(suffix: str) -> str:
    return ". Excel and LibreOffice open .csv" if suffix in (".xls", ".xlsx", ".ods") else ""


def write_whole(target: Path, portions: Iterable[str]) -> int:
    """Write a file that appears only when it is complete, and return its size in bytes.

    Pipes and devices are written directly. A symbolic link stays a link.
    """
    if target.exists() and not target.is_file():
        with target.open("w", encoding="utf-8", newline="") as stream:
            return _write(stream, portions)
    target = target.resolve()
    part = target.with_name(f".{target.name[:200]}.{token_hex(4)}.part")
    try:
        with part.open("x", encoding="utf-8", newline="") as stream:
            if target.exists():
                copymode(target, part)
            count = _write(stream, portions)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return count


def _write(stream: TextIO, portions: Iterable[str]) -> int:
    count = 0
    for portion in portions:
        stream.write(portion)
        count += len(portion.encode())
    return count


def _counted(portions: Iterable[str]) -> Iterator[str]:
    """Pass portions through, with a progress display if standard error is a terminal."""
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, SpinnerColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("export", total=None)
        for portion in portions:
            yield portion
            bar.update(task, advance=len(portion.encode()))
