"""One text for many: a table and a template become messages, each with the line it came from. Pure."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gsmgw.cli.table import Fault, Row, Table, TableError

#: Columns that may hold the recipient; the first one that is there does.
RECIPIENT = ("to", "phone", "number", "recipient", "mobile")
TEXT = "text"
#: Messages in one request: small enough for a bar that moves, large enough for one commit to count little.
PORTION = 1000

_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message of a table."""

    line: int
    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Mailing:
    """What a table and a template give."""

    letters: tuple[Letter, ...]
    faults: tuple[Fault, ...]
    #: Rows that are the same as an earlier one, recipient and text.
    repeated: int


class Template:
    """A text with ``{column}`` in it; ``{{`` and ``}}`` stand for the braces themselves."""

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
                    f"{what}: {match[0]!r} at character {match.start() + 1} is alone; double it to mean it"
                )
            column = by_name.get(name.strip().lower())
            if column is None:
                near = difflib.get_close_matches(name.strip().lower(), by_name, 1)
                hint = f"; did you mean {{{by_name[near[0]]}}}?" if near else ""
                raise TableError(f"{what}: there is no column {name!r} (there are: {', '.join(columns)}){hint}")
            self._pieces.append((literal, column))
        self._pieces.append((text[end:], None))

    @property
    def columns(self) -> list[str]:
        """The columns that it uses."""
        return [column for _, column in self._pieces if column is not None]

    def fill(self, row: Row) -> str:
        """The text of a row."""
        return "".join(literal + (row.cells[column] if column else "") for literal, column in self._pieces)


def compose(
    table: Table,
    text: str | None,
    fields: dict[str, Any],
    *,
    ref: str | None = None,
    run: str = "",
    allow_empty: bool = False,
) -> Mailing:
    """The messages of a table. ``ref`` is a template of each one's ``client_ref``.

    Without one it is made of recipient, text and ``run``: whoever sends the same table again sends nothing twice,
    whatever else was added to it. Raises :class:`TableError` for a column that is missing.
    """
    by_name = {column.lower(): column for column in table.columns}
    recipient = next((by_name[name] for name in RECIPIENT if name in by_name), None)
    if recipient is None:
        wanted = ", ".join(RECIPIENT[:3])
        raise TableError(f"no column holds the recipient: name it {wanted} (there are: {', '.join(table.columns)})")
    if text is None and TEXT not in by_name:
        raise TableError('there is no text: add it, "Hello {name}", or a column named text')
    template = Template(text if text is not None else "{text}", table.columns)
    ref_template = None if ref is None else Template(ref, table.columns, "--ref")
    needed = dict.fromkeys([recipient, *([] if allow_empty else template.columns)])
    letters: list[Letter] = []
    faults = list(table.faults)
    seen: Counter[tuple[str, str]] = Counter()
    for row in table.rows:
        empty = [Fault(row.line, column, "is empty") for column in needed if not row.cells[column]]
        faults += empty
        if empty:
            continue
        to, filled = row.cells[recipient], template.fill(row)
        number = seen[to, filled]
        seen[to, filled] += 1
        own = ref_template.fill(row) if ref_template else _reference(run, to, filled, number)
        letters.append(Letter(row.line, {"to": to, "text": filled, **fields, "client_ref": own}))
    repeated = sum(count - 1 for count in seen.values())
    return Mailing(tuple(letters), tuple(sorted(faults, key=lambda fault: fault.line)), repeated)


def _reference(run: str, to: str, text: str, number: int) -> str:
    digest = hashlib.sha256("\0".join((run, to, text, str(number))).encode("utf-8", "surrogatepass"))
    return f"file:{digest.hexdigest()[:32]}"


def portions(letters: Sequence[Letter]) -> Iterator[tuple[str, Sequence[Letter]]]:
    """The requests that a mailing is sent by, each with its Idempotency-Key."""
    for start in range(0, len(letters), PORTION):
        portion = letters[start : start + PORTION]
        digest = hashlib.sha256(repr([letter.message for letter in portion]).encode())
        yield f"file:{digest.hexdigest()[:32]}", portion
