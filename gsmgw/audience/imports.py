"""Import of contacts from a file, in two passes: all of it is checked, then it is written in portions.

Nothing is half imported: a file with errors writes nothing, and an import that a restart interrupts is undone at the
next start.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import IO, BinaryIO, TextIO

from gsmgw.audience.contacts import checked_names
from gsmgw.audience.errors import Conflict, FileRefused, NotFound
from gsmgw.audience.files.csv_reader import CsvContacts
from gsmgw.audience.files.entries import Entry, EntryCheck, RawEntry, WithoutNumber
from gsmgw.audience.files.vcard_reader import VcardContacts
from gsmgw.model import format_id, parse_id
from gsmgw.model.contacts import ContactField, Person, fold
from gsmgw.model.events import ContactsImported, ContactsImportUndone
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, contact_fields, contact_groups, contact_imports
from gsmgw.store.contact_imports import RowOutcome
from gsmgw.tables import Fault, TableError, detect_encoding, open_text

#: Contacts that one transaction writes.
PORTION = 1000
#: Maximum number of errors that are listed; all are counted.
MAX_FAULTS = 1000
#: People that are shown as they would be imported.
SAMPLE = 5
#: Rows after which the check pauses for a part of the time that it worked, so that sending gets the interpreter.
BREATH, BREATH_PART = 100, 0.3
#: Pause after each transaction, so that sending gets the database; seconds.
WRITE_PAUSE_S = 0.005


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How a file is imported. ``mapping`` names columns by what they are; all contacts are added to ``groups``."""

    dry_run: bool = False
    skip_bad: bool = False
    mapping: Mapping[str, str] = field(default_factory=dict)
    groups: Sequence[str] = ()
    encoding: str | None = None
    #: Columns that are not imported.
    ignored: Sequence[str] = ()


@dataclass(slots=True)
class ImportReport:
    """The result of an import, or the expected result in a dry run."""

    import_id: int | None = None
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    #: Entries without a number.
    skipped: int = 0
    #: Rows with errors, and the first of their errors.
    bad: int = 0
    faults: list[Fault] = field(default_factory=list)
    #: Columns that are not imported.
    ignored: list[str] = field(default_factory=list)
    #: The columns of a table, with what each one is.
    columns: list[tuple[str, str | None]] = field(default_factory=list)
    #: The first people.
    sample: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class _Checked:
    """The entries of a file that passed the check, as lines of JSON in a temporary file."""

    entries: IO[str]
    groups: dict[str, str] = field(default_factory=dict)


class Imports:
    """Imports files and undoes imports, one at a time."""

    def __init__(self, store: Store, clock: Clock, country: Callable[[], str | None]) -> None:
        self._store = store
        self._clock = clock
        self._country = country
        self._turn = asyncio.Lock()

    def spool(self) -> BinaryIO:
        """Return a temporary file beside the database, for a file that is received."""
        return tempfile.TemporaryFile(dir=self._store.path.parent)

    async def run(self, source: BinaryIO, options: ImportOptions) -> ImportReport:
        """Import a file. Raises :class:`FileRefused` if it has errors, and then writes nothing."""
        added = checked_names(options.groups, "group")
        async with self._turn:
            fields = await self._store.read(contact_fields.all_fields)
            groups = await self._store.read(contact_groups.all_groups)
            smart = frozenset(fold(group.name) for group in groups if group.segment is not None)
            if known := [name for name in added if fold(name) in smart]:
                raise Conflict(f"{known[0]!r} is a smart group: its segment decides who is in it")
            check = EntryCheck(fields, self._country(), smart, added)
            with tempfile.TemporaryFile("w+", encoding="utf-8", dir=self._store.path.parent) as entries:
                report, checked = ImportReport(), _Checked(entries)
                try:
                    await asyncio.to_thread(_check_all, source, options, fields, check, report, checked)
                except TableError as exc:
                    raise FileRefused(str(exc)) from None
                if report.bad and not options.skip_bad and not options.dry_run:
                    raise FileRefused(_bad_rows(report), report.faults)
                entries.seek(0)
                await self._write(checked, options, report)
            return report

    async def undo(self, import_id: str) -> Counter[str]:
        """Undo an import: ``removed``, ``restored``, and ``kept`` for contacts that were changed since."""
        number = parse_id(import_id)
        state = None if number is None else await self._store.read(lambda db: contact_imports.state(db, number))
        if number is None or state is None:
            raise NotFound(f"the import {import_id[:40]!r} does not exist. Imports are kept for 30 days")
        if state == "undone":
            raise Conflict(f"the import {import_id!r} is undone already")
        async with self._turn:
            return await self._undo(number)

    async def recover(self) -> None:
        """Undo imports that a restart interrupted."""
        for number in await self._store.read(contact_imports.unfinished):
            await self._undo(number)

    async def _undo(self, number: int) -> Counter[str]:
        done: Counter[str] = Counter()
        now_ms = self._clock.wall_ms()
        while True:
            portion = await self._store.write(lambda tx: contact_imports.undo(tx, now_ms, number, PORTION))
            done += portion
            if await self._store.read(lambda db: contact_imports.state(db, number)) == "undone":
                break
        event = ContactsImportUndone(format_id(number), done["removed"], done["restored"], done["kept"])
        await self._store.write(lambda tx: tx.event(now_ms, event))
        return done

    async def _write(self, checked: _Checked, options: ImportOptions, report: ImportReport) -> None:
        """Write the entries in portions; in a dry run, only count what would be done."""
        now_ms = self._clock.wall_ms()
        if not options.dry_run:
            names = list(checked.groups.values())
            report.import_id = await self._store.write(lambda tx: contact_imports.begin(tx, now_ms, names))
        number, done = report.import_id, Counter[RowOutcome]()
        lines = iter(checked.entries)
        seen: set[str] = set()
        while portion := await asyncio.to_thread(_portion, lines):
            if number is None:
                done += await self._store.read(partial(contact_imports.foresee, people=portion, seen=seen))
            else:
                done += await self._store.write(
                    partial(contact_imports.write, now_ms=now_ms, import_id=number, people=portion)
                )
            await self._clock.sleep(WRITE_PAUSE_S)
        report.created, report.updated = done[RowOutcome.CREATED], done[RowOutcome.UPDATED]
        report.unchanged = done[RowOutcome.UNCHANGED]
        if number is not None:
            event = ContactsImported(format_id(number), report.created, report.updated, report.unchanged)

            def finish(tx: Tx) -> None:
                contact_imports.finish(tx, number)
                tx.event(now_ms, event)

            await self._store.write(finish)


def _check_all(
    source: BinaryIO,
    options: ImportOptions,
    fields: Iterable[ContactField],
    check: EntryCheck,
    report: ImportReport,
    checked: _Checked,
) -> None:
    """Check all entries of a file and keep the good ones. Called in a thread."""
    source.seek(0)
    text = open_text(source, detect_encoding(source, options.encoding))
    try:
        _check_text(text, options, fields, check, report, checked)
    finally:
        text.detach()  # the file is the caller's


def _check_text(
    text: TextIO,
    options: ImportOptions,
    fields: Iterable[ContactField],
    check: EntryCheck,
    report: ImportReport,
    checked: _Checked,
) -> None:
    began_s, bad = time.thread_time(), set[int]()
    for count, raw in enumerate(_entries(text, options, fields, report)):
        outcome = [raw] if isinstance(raw, Fault) else check(raw)
        if isinstance(outcome, Entry):
            checked.entries.write(_line(outcome))
            report.sample += [outcome][: SAMPLE - len(report.sample)]
            checked.groups.update((fold(name), name) for name in outcome.person.groups)
        elif isinstance(outcome, WithoutNumber):
            report.skipped += 1
        else:
            bad.update(fault.line for fault in outcome)
            report.faults += outcome[: MAX_FAULTS - len(report.faults)]
        if count % BREATH == BREATH - 1:
            time.sleep((time.thread_time() - began_s) * BREATH_PART)
            began_s = time.thread_time()
    report.bad = len(bad)


def _entries(
    text: TextIO, options: ImportOptions, fields: Iterable[ContactField], report: ImportReport
) -> Iterator[RawEntry | Fault]:
    """Return the entries of a file: vCards if it begins with one, else rows of a table."""
    begins = text.read(200).lstrip("\ufeff \r\n\t").upper()
    text.seek(0)
    if begins.startswith("BEGIN:VCARD"):
        if options.mapping:
            raise TableError("mapping: a vCard has no columns to map")
        return iter(VcardContacts(text))

    def again() -> Iterable[str]:
        text.seek(0)
        return text

    table = CsvContacts(again, [field.name for field in fields], options.mapping, options.ignored)
    report.ignored = table.columns.ignored
    report.columns = list(zip(table.columns.names, table.columns.targets(), strict=True))
    if options.dry_run and not table.columns.numbers:  # so that one sees the columns and can map them
        return iter([Fault(1, None, table.columns.without_numbers())])
    return iter(table)


def _bad_rows(report: ImportReport) -> str:
    rows = "1 row has errors" if report.bad == 1 else f"{report.bad} rows have errors"
    return f"{rows}; nothing was imported. The first: {report.faults[0]}"


def _line(entry: Entry) -> str:
    person = entry.person
    values = [entry.number, person.name, person.language, person.time_zone, dict(person.fields), list(person.groups)]
    return json.dumps(values, ensure_ascii=True, separators=(",", ":")) + "\n"


def _portion(lines: Iterator[str]) -> list[tuple[str, Person]]:
    """Read the next entries that passed the check."""
    found = []
    for line in islice(lines, PORTION):
        number, name, language, zone, fields, groups = json.loads(line)
        found.append((number, Person(name, language, zone, fields, tuple(groups))))
    return found
