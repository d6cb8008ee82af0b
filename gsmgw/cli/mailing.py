"""Build messages from a table and a template, each with its line in the table. Pure."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gsmgw.cli.table import Fault, Row, Table, TableError
from gsmgw.numbers import lacks_digits
from gsmgw.wire import resources

#: Names of the recipient column; the first one that exists is used.
RECIPIENT = ("to", "phone", "number", "recipient", "mobile")
TEXT = "text"
#: Messages per request: small enough to show progress, large enough to keep the cost of commits low.
PORTION = 1000

_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message, and its line in the table."""

    line: int
    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """The messages as the table has them, and the rows with errors. Only ``--ref`` sets ``client_ref`` here."""

    letters: tuple[Letter, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A row with the number and the text of an earlier one."""

    line: int
    earlier: int


@dataclass(frozen=True, slots=True)
class Mailing:
    """The messages to send with their previews, the rows with errors, and the rows that are left out."""

    letters: tuple[Letter, ...]
    previews: tuple[resources.SeenMessage, ...]
    faults: tuple[Fault, ...]
    repeats: tuple[Repeat, ...]


class Template:
    """A text with ``{column}`` placeholders; ``{{`` and ``}}`` stand for literal braces."""

    def __init__(self, text: str, columns: Sequence[str], what: str = "the text") -> None:
        self._pieces: list[tuple[str, str | None]] = []
        by_name = {column.lower(): column for column in columns}
        end = 0
        for match in _PLACE.finditer(text):
            literal, name = text[end : match.start()], match[1]
            end = match.end()
            if match[0] in ("{{", "}}"):
                self._pieces.append((literal + match[0][0], None))
                continue
            if name is None:
                raise TableError(
                    f"{what}: unmatched {match[0]!r} at character {match.start() + 1}; for a literal brace, double it"
                )
            column = by_name.get(name.strip().lower())
            if column is None:
                near = difflib.get_close_matches(name.strip().lower(), by_name, 1)
                hint = f"; did you mean {{{by_name[near[0]]}}}?" if near else ""
                raise TableError(f"{what}: column {name!r} does not exist (columns: {', '.join(columns)}){hint}")
            self._pieces.append((literal, column))
        self._pieces.append((text[end:], None))

    @property
    def columns(self) -> list[str]:
        """The columns that the template uses."""
        return [column for _, column in self._pieces if column is not None]

    def fill(self, row: Row) -> str:
        """Return the text for a row."""
        return "".join(literal + (row.cells[column] if column else "") for literal, column in self._pieces)


def compose(
    table: Table, text: str | None, fields: dict[str, Any], *, ref: str | None = None, allow_empty: bool = False
) -> Draft:
    """Return the messages of a table. ``ref`` is the template of ``client_ref``.

    Raises :class:`TableError` for a missing column.
    """
    recipient = _recipient_column(table)
    if text is None and TEXT not in map(str.lower, table.columns):
        raise TableError('no text: give one as an argument, "Hello {name}", or add a column named text')
    template = Template(text if text is not None else "{text}", table.columns)
    ref_template = None if ref is None else Template(ref, table.columns, "--ref")
    needed = dict.fromkeys([recipient, *([] if allow_empty else template.columns)])
    letters: list[Letter] = []
    faults = list(table.faults)
    for row in table.rows:
        empty = [Fault(row.line, column, "is empty") for column in needed if not row.cells[column]]
        faults += empty
        if not empty:
            message = {"to": row.cells[recipient], "text": template.fill(row), **fields}
            own = {"client_ref": ref_template.fill(row)} if ref_template else {}
            letters.append(Letter(row.line, {**message, **own}))
    return Draft(tuple(letters), tuple(faults))


def _recipient_column(table: Table) -> str:
    by_name = {column.lower(): column for column in table.columns}
    recipient = next((by_name[name] for name in RECIPIENT if name in by_name), None)
    if recipient is None:
        wanted = ", ".join(RECIPIENT[:3])
        raise TableError(f"no recipient column: name it {wanted} (columns: {', '.join(table.columns)})")
    return recipient


def settle(
    draft: Draft, previews: Sequence[resources.SeenMessage | resources.RefusedMessage], *, run: str, duplicates: bool
) -> Mailing:
    """Return the messages to send, by the numbers that the gateway made of the cells.

    Without ``--ref``, the reference is a digest of number, text and ``run``, so that sending an extended or reformatted
    table again sends only its new rows. A row that repeats number and text is left out without ``duplicates``.
    """
    letters: list[Letter] = []
    kept: list[resources.SeenMessage] = []
    faults, repeats = list(draft.faults), list[Repeat]()
    lines: dict[tuple[str, str], list[int]] = {}
    for letter, seen in zip(draft.letters, previews, strict=True):
        if "to" not in seen:
            faults.append(_refused(letter, seen))
            continue
        to, text = seen["to"], letter.message["text"]
        if lacks_digits(to):
            detail = f"to: {letter.message['to']!r} lacks digits ({to}): write the whole number"
            faults.append(Fault(letter.line, None, detail))
            continue
        earlier = lines.setdefault((to, text), [])
        earlier.append(letter.line)
        if len(earlier) > 1 and not duplicates:
            repeats.append(Repeat(letter.line, earlier[0]))
            continue
        ref = letter.message.get("client_ref") or _reference(run, to, text, len(earlier) - 1)
        letters.append(Letter(letter.line, {**letter.message, "to": to, "client_ref": ref}))
        kept.append(seen)
    ordered = sorted(faults, key=lambda fault: fault.line)
    return Mailing(tuple(letters), tuple(kept), tuple(ordered), tuple(repeats))


def _refused(letter: Letter, seen: resources.RefusedMessage) -> Fault:
    detail = seen["error"]["detail"]
    place, _, words = detail.partition(": ")
    return Fault(letter.line, None, words if place.startswith("message ") else detail)


def _reference(run: str, to: str, text: str, number: int) -> str:
    digest = hashlib.sha256("\0".join((run, to, text, str(number))).encode("utf-8", "surrogatepass"))
    return f"file:{digest.hexdigest()[:32]}"


def portions(letters: Sequence[Letter]) -> Iterator[tuple[str, Sequence[Letter]]]:
    """Split a mailing into requests; yield each with its Idempotency-Key."""
    for start in range(0, len(letters), PORTION):
        portion = letters[start : start + PORTION]
        digest = hashlib.sha256(repr([letter.message for letter in portion]).encode())
        yield f"file:{digest.hexdigest()[:32]}", portion
