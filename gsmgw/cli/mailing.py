"""Build messages from a table and a template, each with its line in the table. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gsmgw.cli.table import Fault, Row, Table, TableError
from gsmgw.numbers import lacks_digits
from gsmgw.templates import EmptyField, Setting, TemplateError, field_name

if TYPE_CHECKING:  # importing it takes most of the time of a command
    from gsmgw.wire import resources

#: Names of the recipient column; the first one that exists is used.
RECIPIENT = ("to", "phone", "number", "recipient", "mobile")
TEXT = "text"
#: Messages per request: small enough to show progress, large enough to keep the cost of commits low.
PORTION = 1000


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


class Text:
    """A template whose fields are the columns of a table. ``{name}`` is short for ``{{ name }}``."""

    def __init__(self, text: str, columns: Sequence[str], what: str = "the text") -> None:
        from gsmgw.templates.template import Template, expand_braces  # loads the engine

        self.columns: dict[str, str] = {}
        for column in columns:
            self.columns.setdefault(field_name(column), column)
        self._what = what
        try:
            self._template = Template(expand_braces(text, self.columns, "column"), self.columns, "column")
        except TemplateError as exc:
            raise TableError(f"{what}: {exc}") from None

    def fill(self, row: Row, setting: Setting, *, allow_empty: bool = False) -> str:
        """Return the text for a row. Raises :class:`gsmgw.templates.TemplateError`."""
        values = {name: row.cells[column] for name, column in self.columns.items()}
        return self._template.render(values, setting, allow_empty=allow_empty)


def compose(
    table: Table,
    text: str | None,
    fields: dict[str, Any],
    setting: Setting,
    *,
    ref: str | None = None,
    allow_empty: bool = False,
) -> Draft:
    """Return the messages of a table. ``ref`` is the template of ``client_ref``.

    A column ``language`` decides how dates and money are written in its row. Raises :class:`TableError` for a missing
    column.
    """
    recipient = _recipient_column(table)
    by_name = {column.lower(): column for column in table.columns}
    language = by_name.get("language")
    if text is None and TEXT not in by_name:
        raise TableError('no text: give one as an argument, "Hello {{ name }}", or add a column named text')
    own = None if text is not None else by_name[TEXT]
    template = None if text is None else Text(text, table.columns)
    ref_template = None if ref is None else Text(ref, table.columns, "--ref")
    letters: list[Letter] = []
    faults = list(table.faults)
    for row in table.rows:
        needed = [recipient, *([own] if own and not allow_empty else [])]
        wrong = [Fault(row.line, column, "is empty") for column in needed if not row.cells[column]]
        here = replace(setting, language=row.cells[language]) if language and row.cells[language] else setting
        written = row.cells[own] if own else ""
        reference: dict[str, str] = {}
        if template is not None:
            written, fault = _filled(template, row, here, allow_empty=allow_empty)
            wrong += fault
        if ref_template is not None:
            filled, fault = _filled(ref_template, row, here, allow_empty=True)
            reference, wrong = {"client_ref": filled}, wrong + fault
        faults += wrong
        if not wrong:
            letters.append(Letter(row.line, {"to": row.cells[recipient], "text": written, **fields, **reference}))
    return Draft(tuple(letters), tuple(faults))


def _filled(template: Text, row: Row, setting: Setting, *, allow_empty: bool) -> tuple[str, list[Fault]]:
    """Return the text for a row, or the fault that keeps it from being one."""
    try:
        return template.fill(row, setting, allow_empty=allow_empty), []
    except EmptyField as exc:
        return "", [Fault(row.line, template.columns[exc.field], "is empty")]
    except TemplateError as exc:
        return "", [Fault(row.line, None, str(exc))]


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
