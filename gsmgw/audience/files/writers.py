"""Write contacts as CSV (RFC 4180), vCards of version 3.0 (RFC 2426) or lines of JSON. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence

from gsmgw.audience.field_values import written
from gsmgw.audience.files.entries import SEVERAL
from gsmgw.model.contacts import BUILT_IN_TEXTS, Contact, FieldValue
from gsmgw.wire.contacts import contact_resource
from gsmgw.wire.encoding import dumped

#: Columns of a CSV file before the declared fields.
COLUMNS = ("number", *BUILT_IN_TEXTS, "groups")
#: The mark by which spreadsheets know UTF-8.
BOM = "\ufeff"
#: Beginnings of a cell that spreadsheets take for a formula (owasp.org, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_SPECIAL = re.compile(r"([\\,;])")
#: Maximum bytes of a line of a vCard (RFC 2426 2.6).
_LINE = 75


def write_head(format: str, fields: Sequence[str], *, spreadsheet: bool) -> bytes:
    """Return what comes before the contacts."""
    if format != "csv":
        return b""
    return ((BOM if spreadsheet else "") + csv_rows([[*COLUMNS, *fields]])).encode()


def write_contacts(format: str, contacts: Iterable[Contact], fields: Sequence[str], *, spreadsheet: bool) -> bytes:
    """Return contacts in a format: ``csv``, ``vcard`` or ``ndjson``.

    For a spreadsheet, a number is a formula that gives a text, and no other cell can be a formula.
    """
    if format == "csv":
        cell = safe_cell if spreadsheet else str
        return csv_rows(_row(contact, fields, cell, spreadsheet=spreadsheet) for contact in contacts).encode()
    if format == "vcard":
        return "".join(map(_card, contacts)).encode()
    return b"".join(dumped(contact_resource(contact)) + b"\n" for contact in contacts)


def _row(contact: Contact, fields: Sequence[str], cell: Callable[[str], str], *, spreadsheet: bool) -> list[str]:
    person = contact.person
    return [
        f'="{contact.number}"' if spreadsheet else contact.number,
        *(cell(text or "") for text in (person.name, person.language, person.time_zone)),
        cell(f" {SEVERAL} ".join(person.groups)),
        *(_value(person.fields.get(name), cell) for name in fields),
    ]


def _value(value: FieldValue | None, cell: Callable[[str], str]) -> str:
    if value is None:
        return ""
    return cell(value) if isinstance(value, str) else written(value)


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_rows(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as CSV."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue()


def _card(contact: Contact) -> str:
    person = contact.person
    name = person.name or contact.number
    given, _, family = name.rpartition(" ")
    lines = [
        "BEGIN:VCARD",
        "VERSION:3.0",
        f"FN:{_text(name)}",
        f"N:{_text(family)};{_text(given)};;;",
        f"TEL;TYPE=CELL:{contact.number}",
    ]
    if person.time_zone:
        lines.append(f"TZ;VALUE=text:{_text(person.time_zone)}")
    if person.groups:
        lines.append(f"CATEGORIES:{','.join(map(_text, person.groups))}")
    return "".join(_folded(line) + "\r\n" for line in [*lines, "END:VCARD"])


def _text(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text).replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> str:
    """Break a line after at most 75 bytes, between characters."""
    lines, size = [""], 0
    for char in line:
        octets = len(char.encode())
        if size + octets > _LINE:
            lines.append(" ")
            size = 1
        lines[-1] += char
        size += octets
    return "\r\n".join(lines)
