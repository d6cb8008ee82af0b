"""Read contacts from vCards: 2.1 as phones export them, 3.0 (RFC 2426) and 4.0 (RFC 6350). Pure.

Only what a contact needs is decoded: TEL, FN, N, LANG, TZ, CATEGORIES. Pictures are skipped.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gsmgw.audience.files.entries import SEVERAL, Cell, RawEntry
from gsmgw.tables import Fault

_WANTED = frozenset({"TEL", "FN", "N", "LANG", "TZ", "CATEGORIES"})
#: Types of TEL, best first. A text does not reach a fax or a pager.
_NEVER = frozenset({"FAX", "PAGER", "MODEM", "BBS"})
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SEMICOLON = re.compile(r"(?<!\\);")
_COMMA = re.compile(r"(?<!\\),")
#: A card with more lines is not a contact.
_MAX_LINES = 20_000


@dataclass(slots=True)
class _Property:
    line: int
    name: str
    types: frozenset[str]
    value: str


@dataclass(slots=True)
class _Card:
    line: int
    properties: list[_Property] = field(default_factory=list)


class VcardContacts:
    """The entries of a file with one or many cards. ``fields`` are not in a vCard."""

    def __init__(self, text: Iterable[str]) -> None:
        self._lines = _unfolded(text)

    def __iter__(self) -> Iterator[RawEntry | Fault]:
        """Yield the entries, and the errors of cards that do not end."""
        card: _Card | None = None
        depth = count = 0
        for line, content in self._lines:
            word = content.strip().upper()
            if word == "BEGIN:VCARD":
                if card is None:
                    card, depth, count = _Card(line), 0, 0
                else:
                    depth += 1  # an AGENT of vCard 2.1 is a card in a card
            elif word == "END:VCARD" and card is not None:
                if depth:
                    depth -= 1
                    continue
                yield _entry(card)
                card = None
            elif card is None:
                if word:
                    yield Fault(
                        line, None, f"{content.strip()[:40]!r} stands outside of a card: BEGIN:VCARD is missing"
                    )
            elif not depth:
                count += 1
                if count > _MAX_LINES:
                    yield Fault(line, None, "the card is too long: END:VCARD is missing")
                    card = None
                elif (found := _property(line, content)) is not None:
                    card.properties.append(found)
        if card is not None:
            yield Fault(card.line, None, "the card does not end: END:VCARD is missing")


def _unfolded(text: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield whole lines, each with the number of its first one.

    A line that begins with white space continues the one before (RFC 6350 3.2); in a quoted-printable value, a line
    that ends with = is continued (RFC 2045 6.7).
    """
    first, whole, open_end = 0, "", False
    for number, line in enumerate(text, 1):
        content = line.rstrip("\r\n")
        if open_end:
            whole += "\n" + content
        elif content[:1] in (" ", "\t") and whole:
            whole += content[1:]
        else:
            if whole:
                yield first, whole
            first, whole = number, content
        open_end = content.endswith("=") and _is_quoted(whole)
    if whole:
        yield first, whole


def _is_quoted(whole: str) -> bool:
    head = whole.partition(":")[0].upper()
    return "QUOTED-PRINTABLE" in head


def _property(line: int, content: str) -> _Property | None:
    head, mark, value = _halves(content)
    if not mark:
        return None
    name, *parameters = head.split(";")
    name = name.rpartition(".")[2].strip().upper()  # item1.TEL: properties of a group
    if name not in _WANTED:
        return None
    types: set[str] = set()
    charset = None
    for parameter in parameters:
        key, given, text = parameter.partition("=")
        key, text = key.strip().upper(), text.strip().strip('"')
        if not given:
            types.add(key)  # vCard 2.1: TEL;CELL
        elif key == "TYPE":
            types.update(part.strip().upper() for part in text.split(","))
        elif key == "CHARSET":
            charset = text
        elif key == "ENCODING":
            types.add(text.upper())
    if "QUOTED-PRINTABLE" in types:
        value = _decoded(value, charset)
    return _Property(line, name, frozenset(types), value)


def _halves(content: str) -> tuple[str, str, str]:
    """Split a line at the first colon outside of quotation marks."""
    quoted = False
    for place, char in enumerate(content):
        if char == '"':
            quoted = not quoted
        elif char == ":" and not quoted:
            return content[:place], ":", content[place + 1 :]
    return content, "", ""


def _decoded(value: str, charset: str | None) -> str:
    raw = quopri.decodestring(value.encode("utf-8"))
    try:
        return raw.decode(charset or "utf-8")
    except (UnicodeDecodeError, LookupError):
        return raw.decode("windows-1252", "replace")


def _text(value: str) -> str:
    """Return a value without its escapes (RFC 6350 3.4)."""
    return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value).strip()


def _entry(card: _Card) -> RawEntry:
    raw = RawEntry(card.line)
    structured: Cell | None = None
    numbers: list[tuple[int, Cell]] = []
    for found in card.properties:
        match found.name:
            case "TEL":
                if (rank := _rank(found.types)) is not None:
                    numbers.append((rank, Cell("TEL", _number(found.value))))
            case "FN":
                raw.name = raw.name or Cell("FN", _text(found.value))
            case "N":
                structured = Cell("N", _joined(found.value))
            case "LANG":
                raw.language = raw.language or Cell("LANG", _text(found.value))
            case "TZ":
                if "/" in found.value:  # others are an offset, not a zone
                    raw.time_zone = raw.time_zone or Cell("TZ", _text(found.value))
            case _:
                raw.groups += [Cell("CATEGORIES", _text(part)) for part in _COMMA.split(found.value) if part.strip()]
    raw.numbers = [cell for _, cell in sorted(numbers, key=lambda each: each[0])]
    if raw.name is None or not raw.name.text:
        raw.name = structured
    return raw


def _rank(types: frozenset[str]) -> int | None:
    if types & _NEVER and not types & {"CELL", "VOICE", "TEXT"}:
        return None
    if types & {"CELL", "IPHONE", "TEXT"}:
        return 0
    return 1 if "PREF" in types else 2


def _number(value: str) -> str:
    """Return the number of a TEL: also of a URI, ``tel:+49-151-...;ext=1`` (RFC 3966)."""
    text = _text(value)
    if text[:4].lower() == "tel:":
        text = text[4:].partition(";")[0]
    return text.replace(SEVERAL, " ")


def _joined(value: str) -> str:
    """Return the name of an N: family; given; additional names."""
    parts = [_text(part) for part in _SEMICOLON.split(value)] + ["", "", ""]
    return " ".join(part for part in (parts[1], parts[2], parts[0]) if part)
