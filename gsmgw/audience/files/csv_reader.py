"""Read contacts from a CSV file: its columns are recognised by their names, in English and German. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gsmgw.audience.field_values import nearest
from gsmgw.audience.files.entries import Cell, RawEntry
from gsmgw.audience.files.header_words import MOBILE, NAME_PARTS, OTHER_PHONE, OTHERS, PHONE, plain
from gsmgw.tables import Fault, TableError, detect_separator, read_records

#: Targets that columns can be mapped to, besides the declared fields.
TARGETS = ("number", "name", "first_name", "middle_name", "last_name", "language", "time_zone", "groups")
_ALIASES = {"phone": "number", "mobile": "number", "group": "groups"}
_NAME_TARGETS = {"first_name": 0, "middle_name": 1, "last_name": 2}
_PART_NAMES = {part: target for target, part in _NAME_TARGETS.items()}


@dataclass(slots=True)
class Columns:
    """The places of columns in a file, by what they are."""

    names: tuple[str, ...]
    #: Best first.
    numbers: list[int] = field(default_factory=list)
    name: int | None = None
    #: Their places, with the part of the name.
    name_parts: list[tuple[int, int]] = field(default_factory=list)
    language: int | None = None
    time_zone: int | None = None
    groups: list[int] = field(default_factory=list)
    fields: dict[str, int] = field(default_factory=dict)
    #: Columns that are not imported.
    ignored: list[str] = field(default_factory=list)

    def targets(self) -> list[str | None]:
        """Return what each column is; None if it is not imported."""
        single = {"name": self.name, "language": self.language, "time_zone": self.time_zone, **self.fields}
        found: list[str | None] = [None] * len(self.names)
        for target, place in single.items():
            if place is not None:
                found[place] = target
        for target, places in (("number", self.numbers), ("groups", self.groups)):
            for place in places:
                found[place] = target
        for place, part in self.name_parts:
            found[place] = _PART_NAMES[part]
        return found

    def without_numbers(self) -> str:
        """Return the sentence that no column has phone numbers."""
        return (
            f"no column has phone numbers (columns: {', '.join(self.names)}). Name one phone or mobile, "
            "or map it: number=COLUMN"
        )


def recognised(
    header: Sequence[str], fields: Iterable[str], mapping: Mapping[str, str], ignored: Iterable[str] = ()
) -> Columns:
    """Return what the columns of a header are. ``mapping`` names columns by what they are and goes before all else.

    Columns that are ``ignored`` are not imported. Raises :class:`TableError` if the mapping names something that does
    not exist.
    """
    names = tuple(name.strip() for name in header)
    known = {plain(name): name for name in fields}
    given = _given(names, list(known.values()), mapping)
    ranks: list[tuple[int, int]] = []
    parts: list[tuple[int, int]] = []
    columns = Columns(names)
    unwanted = {name.strip().casefold() for name in ignored}
    for place, name in enumerate(names):
        word = plain(name)
        if name.casefold() in unwanted:
            columns.ignored.append(name)
        elif place in given:
            _put(columns, given[place], place, ranks, parts)
        elif word in known:
            columns.fields.setdefault(known[word], place)
        elif (rank := _number_rank(word)) is not None and "number" not in given.values():
            ranks.append((rank, place))
        elif word in NAME_PARTS:
            parts.append((NAME_PARTS[word], place))
        elif word not in OTHERS or not _place(columns, OTHERS[word], place):
            columns.ignored.append(name)
    columns.numbers = [place for _, place in sorted(ranks)]
    columns.name_parts = [(place, part) for part, place in sorted(parts)]
    return columns


def _given(names: Sequence[str], fields: list[str], mapping: Mapping[str, str]) -> dict[int, str]:
    """Return the targets that the mapping gives, by column."""
    by_folded = {name.casefold(): place for place, name in enumerate(names)}
    found: dict[int, str] = {}
    for target, column in mapping.items():
        wanted = _ALIASES.get(target, target)
        if wanted not in TARGETS and wanted not in fields:
            raise TableError(
                f"mapping: {target!r} is neither {', '.join(TARGETS)} nor a declared field"
                f"{nearest(target, [*TARGETS, *fields])}"
            )
        place = by_folded.get(column.strip().casefold())
        if place is None:
            raise TableError(
                f"mapping: the column {column!r} does not exist (columns: {', '.join(names)})"
                f"{nearest(column, list(names))}"
            )
        found[place] = wanted
    return found


def _put(columns: Columns, target: str, place: int, ranks: list[tuple[int, int]], parts: list[tuple[int, int]]) -> None:
    if target == "number":
        ranks.append((-1, place))
    elif target in _NAME_TARGETS:
        parts.append((_NAME_TARGETS[target], place))
    elif not _place(columns, target, place):
        columns.fields[target] = place


def _place(columns: Columns, target: str, place: int) -> bool:
    """Note a column by what it is. Return False if it is something else, or there was one before."""
    if target == "groups":
        columns.groups.append(place)
        return True
    if target not in ("name", "language", "time_zone") or getattr(columns, target) is not None:
        return False
    setattr(columns, target, place)
    return True


def _number_rank(word: str) -> int | None:
    for rank, words in enumerate((MOBILE, PHONE, OTHER_PHONE)):
        if word in words:
            return rank
    return None


class CsvContacts:
    """The entries of a CSV file. ``text`` opens the file from its beginning."""

    def __init__(
        self,
        text: Callable[[], Iterable[str]],
        fields: Iterable[str] = (),
        mapping: Mapping[str, str] | None = None,
        ignored: Iterable[str] = (),
    ) -> None:
        self._text = text
        self._separator = detect_separator(text())
        self._records = read_records(text(), self._separator)
        found = next(self._records, None)
        if found is None:
            raise TableError("the file is empty: its first line must name the columns")
        self.columns = recognised(found[1], fields, mapping or {}, ignored)

    def __iter__(self) -> Iterator[RawEntry | Fault]:
        """Yield the entries, and the errors of rows that have too many or too few cells.

        Raises :class:`TableError` if no column has numbers.
        """
        columns, count = self.columns, len(self.columns.names)
        if not columns.numbers:
            raise TableError(columns.without_numbers())
        for line, cells in self._records:
            if len(cells) != count:
                yield Fault(line, None, f"has {len(cells)} cells, but the header has {count}")
            else:
                yield _entry(line, cells, columns)


def _entry(line: int, cells: list[str], columns: Columns) -> RawEntry:
    def cell(place: int | None) -> Cell | None:
        return None if place is None else Cell(columns.names[place], cells[place])

    def several(places: Iterable[int]) -> list[Cell]:
        return [Cell(columns.names[place], cells[place]) for place in places if cells[place]]

    name = cell(columns.name)
    if (name is None or not name.text.strip()) and columns.name_parts:
        text = " ".join(cells[place].strip() for place, _ in columns.name_parts if cells[place].strip())
        name = Cell(columns.names[columns.name_parts[0][0]], text)
    return RawEntry(
        line,
        several(columns.numbers),
        name,
        cell(columns.language),
        cell(columns.time_zone),
        {field: Cell(columns.names[place], cells[place]) for field, place in columns.fields.items()},
        several(columns.groups),
    )
