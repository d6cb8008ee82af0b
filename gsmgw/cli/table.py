"""Read a CSV file into rows, and report errors by line. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: Byte order marks, longest first: UTF-32's begins with UTF-16's.
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SEPARATORS = ";,\t|"


class TableError(Exception):
    """The file cannot be read as a table."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table. ``line`` is its first line in the file, counted from 1."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """An error in a row, and the column if it concerns one."""

    line: int
    column: str | None
    detail: str

    def __str__(self) -> str:
        place = f"line {self.line}" + (f", column {self.column!r}" if self.column else "")
        return f"{place}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Table:
    """The valid rows, the errors, and the format of the file."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    encoding: str
    separator: str


def decode(raw: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Return the text of a file and its encoding: by its byte order mark, else UTF-16, UTF-8 or Windows-1252.

    Raises :class:`TableError` with the position of the first byte that is not valid.
    """
    if encoding is None:
        encoding = next((name for mark, name in _MARKS if raw.startswith(mark)), None) or _guess(raw)
    try:
        return raw.decode(encoding), encoding.removesuffix("-sig")
    except UnicodeDecodeError as exc:
        line = raw.count(b"\n", 0, exc.start) + 1
        raise TableError(
            f"line {line}: byte 0x{raw[exc.start]:02x} at offset {exc.start} is not valid {encoding}. "
            "Save the file as UTF-8, or name its encoding: --file-encoding NAME"
        ) from None
    except (LookupError, ValueError):
        raise TableError(f"unknown encoding {encoding!r}") from None


def _guess(raw: bytes) -> str:
    head = raw[:4096]
    if b"\0" in head:
        return "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return "windows-1252"
    return "utf-8"


def read_table(raw: bytes, encoding: str | None = None) -> Table:
    """Read a CSV file with a header. Empty lines are ignored; all other errors are reported with their lines."""
    text, encoding = _checked_text(raw, encoding)
    separator = _separator(text)
    records = _records(text, separator)
    columns = next((_header(cells, line) for line, cells in records), None)
    if columns is None:
        raise TableError("the file is empty: its first line must name the columns")
    rows: list[Row] = []
    faults: list[Fault] = []
    for line, cells in records:
        if len(cells) == len(columns):
            rows.append(Row(line, dict(zip(columns, map(str.strip, cells), strict=True))))
        else:
            faults.append(Fault(line, None, f"has {len(cells)} cells, but the header has {len(columns)}"))
    return Table(columns, tuple(rows), tuple(faults), encoding, separator)


def _checked_text(raw: bytes, encoding: str | None) -> tuple[str, str]:
    """Return the text and its encoding. Raises :class:`TableError` for what cannot be a text file."""
    text, encoding = decode(raw, encoding)
    if "\0" in text:
        raise TableError(
            "the file contains NUL characters: it is not a text file, or its encoding was detected wrongly"
        )
    return text, encoding


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the records that are not empty, each with the number of its first line."""
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    before = 0
    while True:
        try:
            cells = next(lines, None)
        except csv.Error as exc:
            raise TableError(
                f"line {before + 1}: {exc}. Check for a quotation mark that is not closed or not doubled"
            ) from None
        if cells is None:
            return
        line, before = before + 1, lines.line_num
        if any(cell.strip() for cell in cells):
            yield line, cells


def _separator(text: str) -> str:
    """Return the separator that occurs most often in the header, outside quotation marks."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    bare = "".join(header.split('"')[::2])
    return max(_SEPARATORS, key=lambda mark: (bare.count(mark), mark == ","))


def _header(cells: Sequence[str], line: int) -> tuple[str, ...]:
    names = tuple(cell.strip() for cell in cells)
    for number, name in enumerate(names, 1):
        if not name:
            raise TableError(f"line {line}: column {number} has no name")
        if name in names[: number - 1]:
            raise TableError(f"line {line}: two columns are named {name!r}")
    return names
