"""Output for people: tables that fit the terminal, and texts that cannot control it."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from gsmgw.escaping import STEERING, visible

#: If the last column would be narrower than this and its texts do not fit, it goes below the other columns.
_MIN_WIDTH = 36
_GAP = "  "


def shown(value: object, *, lines: bool = False) -> str:
    """Return a value as readable text, with control characters escaped; with ``lines``, line breaks stay."""
    text = _readable(value)
    if lines:
        return "\n".join(map(shown, re.split("\r\n|\r|\n", text)))
    return visible(text)


def escaped_json(text: str) -> str:
    """Return JSON with the control characters that it allows in strings (all but C0) replaced by JSON escapes."""
    return STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def count(number: int, unit: str) -> str:
    """Return a number with its unit in singular or plural."""
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def say(text: object = "", *, err: bool = False, lines: bool = False, label: str = "", **style: Any) -> None:
    """Print an escaped line for people. All output goes through this function, :func:`write_data` or rich.

    With ``lines``, line breaks stay. ``label`` is printed first and unescaped: it may be styled.
    """
    words = shown(text, lines=lines)
    click.echo(label + (click.style(words, **style) if style else words), err=err)


def write_data(text: str) -> None:
    """Write data for programs to standard output unchanged; at a terminal, escape it."""
    sys.stdout.write(shown(text, lines=True) if sys.stdout.isatty() else text)


def _readable(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_readable(item)}" for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_readable, value))
    return str(value)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> None:
    """Print a table for people, or ``empty`` if it has no rows. The last column takes the remaining width.

    In a pipe, each row is one line of any length. At a narrow terminal, the last column goes below the others.
    """
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() or os.environ.get("COLUMNS") else None
    cells = [
        [*(shown(value) for value in row[:-1]), shown(row[-1], lines=width is not None).rstrip("\n")] for row in rows
    ]
    if not cells:
        say(empty)
        return
    for number, line in enumerate(layout(columns, cells, width)):
        say(line, bold=True) if number == 0 else say(line)


def print_rich(table: object) -> None:
    """Print a table of rich. Its cells must be escaped."""
    from rich.console import Console

    Console().print(table)


def layout(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Return the lines of a table, the column names first; no line is longer than ``width``."""
    from rich.cells import cell_len

    others = sum(max(map(cell_len, column)) for column in zip(columns[:-1], *(row[:-1] for row in rows), strict=True))
    others += len(_GAP) * (len(columns) - 1)
    last = max(cell_len(line) for row in rows for line in row[-1].split("\n"))
    if width is None:
        return _table(columns, rows, others + max(last, cell_len(columns[-1])))
    if width - others < min(last, _MIN_WIDTH):
        return _stacked([columns, *rows], width)
    return _table(columns, rows, width)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return the lines of a table with one column beside the other."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, len(_GAP), 0, 0))
    for _ in columns[:-1]:
        table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for row in (columns, *rows):
        table.add_row(*map(Text, row))
    console = Console(width=width, color_system=None, legacy_windows=False)
    rendered = console.render_lines(table, console.options, pad=False)
    return ["".join(segment.text for segment in line).rstrip() for line in rendered]


def _stacked(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Return each row's last cell below its other cells, indented."""
    found = []
    for row in rows:
        found += fold(_GAP.join(cell for cell in row[:-1] if cell), width)
        found += [f"    {line}".rstrip() for line in fold(row[-1], max(width - 4, 1)) if line or row[-1]]
    return found


def fold(text: str, width: int) -> list[str]:
    """Break a text into lines of at most ``width`` cells: between words, or within a word longer than a line."""
    from rich.console import Console
    from rich.text import Text

    width = max(width, 2)  # rich drops a wide character that does not fit into a line
    return [line.plain.rstrip() for line in Text(text).wrap(Console(width=width), width, overflow="fold")]
