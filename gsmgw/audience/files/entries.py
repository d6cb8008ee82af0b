"""An entry of an address book as it was read, and its check: who it is, or why it cannot be imported. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from gsmgw.audience.field_values import ValueRefused, parsed
from gsmgw.audience.people import MAX_NAME, checked_group, checked_language, checked_zone, contact_number
from gsmgw.model.contacts import ContactField, FieldValue, Person, fold
from gsmgw.numbers import NumberError, is_mobile, lacks_digits
from gsmgw.tables import Fault

#: A number that a spreadsheet has made a measurement of: its last digits are lost.
_DESTROYED = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE]\+?\d+", re.ASCII)
#: How spreadsheets are kept from that: ="+49..." and '+49...
_FORMULA = re.compile(r'="(.*)"', re.DOTALL)
#: Export for spreadsheets writes this before a formula. A name may begin with an apostrophe, too.
_DEFUSED = ("'=", "'+", "'-", "'@", "'\t", "'\r")
#: Google puts several values into one cell.
SEVERAL = ":::"


@dataclass(frozen=True, slots=True)
class Cell:
    """A text of a file, and the column or property that it stands in."""

    column: str
    text: str


@dataclass(slots=True)
class RawEntry:
    """A row or a card, unchecked. ``numbers`` are in the order of preference."""

    line: int
    numbers: list[Cell] = field(default_factory=list)
    name: Cell | None = None
    language: Cell | None = None
    time_zone: Cell | None = None
    fields: dict[str, Cell] = field(default_factory=dict)
    groups: list[Cell] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Entry:
    """A person to import."""

    line: int
    number: str
    person: Person


@dataclass(frozen=True, slots=True)
class WithoutNumber:
    """An entry that has no number: address books have many."""

    line: int


Outcome: TypeAlias = Entry | WithoutNumber | list[Fault]


def clean(text: str) -> str:
    """Return the text of a cell without what keeps spreadsheets from changing it."""
    text = text.strip()
    formula = _FORMULA.fullmatch(text)
    if formula is not None:
        return formula[1].replace('""', '"').strip()
    return text[1:] if text.startswith(_DEFUSED) else text


def clean_number(text: str) -> str:
    """Return the text of a cell with numbers: there, an apostrophe is none of a name."""
    return clean(text).removeprefix("'").strip()


def split(text: str) -> list[str]:
    """Return the values in one cell."""
    return [part.strip() for part in text.split(SEVERAL) if part.strip()]


class EntryCheck:
    """Checks entries. ``smart`` are the folded names of smart groups, ``added`` the groups that all are added to."""

    def __init__(
        self,
        fields: Iterable[ContactField],
        country: str | None,
        smart: frozenset[str] = frozenset(),
        added: Iterable[str] = (),
    ) -> None:
        self._fields = {each.name: each for each in fields}
        self._country = country
        self._smart = smart
        self._added = {fold(name): name for name in added}

    def __call__(self, raw: RawEntry) -> Outcome:
        """Return the person of an entry, or its errors."""
        faults: list[Fault] = []
        number = self._number(raw, faults)
        person = Person(
            _checked(raw, raw.name, _name, faults),
            _checked(raw, raw.language, checked_language, faults),
            _checked(raw, raw.time_zone, checked_zone, faults),
            self._values(raw, faults),
            self._groups(raw, faults),
        )
        if faults:
            return faults
        return WithoutNumber(raw.line) if number is None else Entry(raw.line, number, person)

    def _number(self, raw: RawEntry, faults: list[Fault]) -> str | None:
        """Return the best number: the first one of a mobile phone, else the first one that is valid."""
        found, wrong = list[str](), list[Fault]()
        for cell in raw.numbers:
            for text in split(clean_number(cell.text)):
                try:
                    found.append(self._parsed(text))
                except NumberError as exc:
                    wrong.append(Fault(raw.line, cell.column, f"{text[:40]!r} {exc}"))
        if not found:
            faults += wrong[:1]
            return None
        return found[0] if len(found) == 1 else next(filter(is_mobile, found), found[0])

    def _parsed(self, text: str) -> str:
        if _DESTROYED.fullmatch(text):
            raise NumberError(
                "is a number that a spreadsheet destroyed: its last digits are lost. "
                "Format the column as text, enter the number again and save the file"
            )
        number = contact_number(text, self._country)
        if lacks_digits(number):
            raise NumberError("lacks digits: write the whole number")
        return number

    def _values(self, raw: RawEntry, faults: list[Fault]) -> Mapping[str, FieldValue]:
        found: dict[str, FieldValue] = {}
        for name, cell in raw.fields.items():
            text = clean(cell.text)
            if text:
                try:
                    found[name] = parsed(self._fields[name], text)
                except ValueRefused as exc:
                    faults.append(Fault(raw.line, cell.column, str(exc)))
        return found

    def _groups(self, raw: RawEntry, faults: list[Fault]) -> tuple[str, ...]:
        if not raw.groups:
            return tuple(self._added.values())
        found: dict[str, str] = {}
        for cell in raw.groups:
            for part in split(clean(cell.text)):
                text = part.removeprefix("* ")  # Google marks its own groups so
                try:
                    name = checked_group(text)
                except ValueRefused as exc:
                    faults.append(Fault(raw.line, cell.column, str(exc)))
                    continue
                if fold(name) in self._smart:
                    detail = f"{name!r} is a smart group: its segment decides who is in it"
                    faults.append(Fault(raw.line, cell.column, detail))
                found.setdefault(fold(name), name)
        return tuple({**found, **self._added}.values())


def _checked(raw: RawEntry, cell: Cell | None, check: Callable[[str], str], faults: list[Fault]) -> str | None:
    text = "" if cell is None else clean(cell.text)
    if cell is None or not text:
        return None
    try:
        return check(text)
    except ValueRefused as exc:
        faults.append(Fault(raw.line, cell.column, str(exc)))
        return None


def _name(text: str) -> str:
    name = " ".join(text.split())
    if len(name) > MAX_NAME:
        raise ValueRefused(f"has {len(name)} characters; at most {MAX_NAME} are allowed")
    return name
