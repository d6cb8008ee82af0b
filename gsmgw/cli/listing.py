"""What people read: tables that fit where they are shown, and texts that cannot steer the terminal."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from gsmgw.escaping import STEERING, visible

#: A last column narrower than that, in which not every text fits, goes below the others.
_NARROWEST = 36
_GAP = "  "


def shown(value: object, *, lines: bool = False) -> str:
    """A value in words; what would steer a terminal stands there as an escape. With ``lines`` line ends stay."""
    text = _words(value)
    if lines:
        return "\n".join(map(shown, re.split("\r\n|\r|\n", text)))
    return visible(text)


def escaped_json(text: str) -> str:
    """The same for JSON, which allows all but C0 in its strings: each as JSON's own escape."""
    return STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def count(number: int, unit: str) -> str:
    """A number of things in words."""
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def say(text: object = "", *, err: bool = False, lines: bool = False, label: str = "", **style: Any) -> None:
    """Print a line for people, escaped; the only way out besides :func:`write_data`.

    With ``lines`` line ends stay. ``label`` is of the program itself, may be styled, and comes first.
    """
    words = shown(text, lines=lines)
    click.echo(label + (click.style(words, **style) if style else words), err=err)


def write_data(text: str) -> None:
    """Write data to standard output as it is: for programs. At a terminal it is for a person, and escaped."""
    sys.stdout.write(shown(text, lines=True) if sys.stdout.isatty() else text)


def _words(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(item)}" for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_words, value))
    return str(value)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> None:
    """A table for people; its last column takes the room that is left.

    In a pipe each row is one line, however long. At a terminal that is too narrow for the last column it goes below.
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
    """Print a table of rich, whose cells are escaped already."""
    from rich.console import Console

    Console().print(table)


def layout(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """The lines of a table, the names of its columns first; no line is longer than ``width``."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, column)) for column in zip(columns[:-1], *(row[:-1] for row in rows), strict=True)]
    used = sum(widths) + len(_GAP) * len(widths)
    longest = max(cell_len(line) for row in rows for line in row[-1].split("\n"))
    if width is not None and width - used < min(longest, _NARROWEST):
        return _below([columns, *rows], width)
    room = None if width is None else width - used
    found: list[str] = []
    for row in (columns, *rows):
        head = _GAP.join(cell + " " * (size - cell_len(cell)) for cell, size in zip(row[:-1], widths, strict=True))
        for number, line in enumerate(fold(row[-1], room)):
            found.append(f"{' ' * len(head) if number else head}{_GAP}{line}".rstrip() if widths else line)
    return found


def _below(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Each row's last cell under the others, further in."""
    found = []
    for row in rows:
        found += fold(_GAP.join(cell for cell in row[:-1] if cell), width)
        found += [f"    {line}".rstrip() for line in fold(row[-1], max(width - 4, 1)) if line or row[-1]]
    return found


def fold(text: str, width: int | None) -> list[str]:
    """The lines of a text, broken between words, or within one that is longer than a line."""
    from rich.cells import cell_len

    found: list[str] = []
    for line in text.split("\n"):
        if width is None or cell_len(line) <= width:
            found.append(line)
            continue
        current = ""
        for word in line.split(" "):
            if current and cell_len(current) + 1 + cell_len(word) <= width:
                current += f" {word}"
                continue
            if current:
                found.append(current.rstrip())
            *whole, current = _pieces(word, width)
            found += whole
        found.append(current)
    return found


def _pieces(word: str, width: int) -> list[str]:
    """A word in pieces that fit. A character that is wider than the line stands alone."""
    from rich.cells import cell_len

    pieces, taken = [""], 0
    for char in word:
        size = cell_len(char)
        if pieces[-1] and taken + size > width:
            pieces.append("")
            taken = 0
        pieces[-1] += char
        taken += size
    return pieces
