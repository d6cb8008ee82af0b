"""Read tables from CSV files of unknown encoding and delimiter, as a stream, and report errors by line."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

#: Byte order marks, longest first: UTF-32's begins with UTF-16's.
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SEPARATORS = ";,\t|"
_CHUNK = 65536


class TableError(Exception):
    """The file cannot be read as a table."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An error in a row, and the column if it concerns one."""

    line: int
    column: str | None
    detail: str

    def __str__(self) -> str:
        place = f"line {self.line}" + (f", column {self.column!r}" if self.column else "")
        return f"{place}: {self.detail}"


def detect_encoding(source: BinaryIO, encoding: str | None = None) -> str:
    """Return the encoding of a file: ``encoding`` if given, by its byte order mark, else UTF-16, UTF-8 or Windows-1252.

    Reads the file to its end, then returns to its beginning. Raises :class:`TableError` with the position of the first
    byte that is not valid.
    """
    head = source.read(4096)
    if encoding is None:
        encoding = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if encoding is None and b"\0" in head:
        encoding = "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
    if encoding is not None:
        _check(source, encoding)
    else:
        try:
            _check(source, "utf-8")
            encoding = "utf-8"
        except TableError:
            encoding = "windows-1252"
            _check(source, encoding)
    source.seek(0)
    return encoding


def _check(source: BinaryIO, encoding: str) -> None:
    """Raise :class:`TableError` for a file that is not text in this encoding."""
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        if not codecs.lookup(encoding)._is_text_encoding:
            raise LookupError
    except (LookupError, ValueError):
        raise TableError(f"unknown encoding {encoding!r}") from None
    source.seek(0)
    offset = lines = 0
    while True:
        chunk = source.read(_CHUNK)
        held = decoder.getstate()[0]
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as exc:
            at = offset - len(held) + exc.start
            line = lines + (held + chunk).count(b"\n", 0, exc.start) + 1
            byte = exc.object[exc.start]
            raise TableError(
                f"line {line}: byte 0x{byte:02x} at offset {at} is not valid {encoding}. "
                "Save the file as UTF-8, or name its encoding: --file-encoding NAME"
            ) from None
        except ValueError:
            raise TableError(f"unknown encoding {encoding!r}") from None
        if "\0" in text:
            raise TableError(
                "the file contains NUL characters: it is not a text file, or its encoding was detected wrongly"
            )
        if not chunk:
            return
        offset += len(chunk)
        lines += chunk.count(b"\n")


def open_text(source: BinaryIO, encoding: str) -> io.TextIOWrapper:
    """Return the text of a file, with its line ends as they are."""
    return io.TextIOWrapper(source, encoding=encoding, newline="")


def detect_separator(text: Iterable[str]) -> str:
    """Return the separator that occurs most often in the header, outside quotation marks."""
    header = next((line for line in text if line.strip()), "")
    bare = "".join(header.split('"')[::2])
    return max(_SEPARATORS, key=lambda mark: (bare.count(mark), mark == ","))


def read_records(text: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the records that are not empty, each with the number of its first line."""
    lines = csv.reader(text, delimiter=separator, strict=True)
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


def check_header(cells: Sequence[str], line: int) -> tuple[str, ...]:
    """Return the names of the columns. Raises :class:`TableError` for one without a name, or two of the same."""
    names = tuple(cell.strip() for cell in cells)
    for number, name in enumerate(names, 1):
        if not name:
            raise TableError(f"line {line}: column {number} has no name")
        if name in names[: number - 1]:
            raise TableError(f"line {line}: two columns are named {name!r}")
    return names
