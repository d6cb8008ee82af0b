"""Read a CSV file into rows, and report errors by line. Pure."""

from __future__ import annotations

import io
from dataclasses import dataclass

from gsmgw.tables import (
    Fault,
    TableError,
    check_header,
    detect_encoding,
    detect_separator,
    open_text,
    read_records,
)

__all__ = ["Fault", "Row", "Table", "TableError", "read_table"]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table. ``line`` is its first line in the file, counted from 1."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """The valid rows, the errors, and the format of the file."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    encoding: str
    separator: str


def read_table(raw: bytes, encoding: str | None = None) -> Table:
    """Read a CSV file with a header. Empty lines are ignored; all other errors are reported with their lines."""
    source = io.BytesIO(raw)
    encoding = detect_encoding(source, encoding)
    separator = detect_separator(open_text(io.BytesIO(raw), encoding))
    records = read_records(open_text(source, encoding), separator)
    columns = next((check_header(cells, line) for line, cells in records), None)
    if columns is None:
        raise TableError("the file is empty: its first line must name the columns")
    rows: list[Row] = []
    faults: list[Fault] = []
    for line, cells in records:
        if len(cells) == len(columns):
            rows.append(Row(line, dict(zip(columns, map(str.strip, cells), strict=True))))
        else:
            faults.append(Fault(line, None, f"has {len(cells)} cells, but the header has {len(columns)}"))
    return Table(columns, tuple(rows), tuple(faults), encoding.removesuffix("-sig"), separator)
