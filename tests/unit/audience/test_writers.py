"""Exported contacts: what spreadsheets and phones read, and what an import reads again."""

from __future__ import annotations

import csv
import io
import json

import pytest

from gsmgw.audience.files.csv_reader import CsvContacts
from gsmgw.audience.files.entries import Entry, EntryCheck
from gsmgw.audience.files.vcard_reader import VcardContacts
from gsmgw.audience.files.writers import write_contacts, write_head
from gsmgw.model.contacts import Contact, ContactField, FieldType, Person
from gsmgw.tables import Fault, detect_encoding, open_text

FIELDS = [
    ContactField("note", FieldType.TEXT),
    ContactField("points", FieldType.NUMBER),
    ContactField("vip", FieldType.BOOLEAN),
]
NAMES = [field.name for field in FIELDS]
PEOPLE = [
    Person("Anna; Bauer, \\ Ulm", "de", "Europe/Berlin", {"note": "=1+1", "points": -2.5, "vip": True}, ("A", "B, C")),
    Person("=cmd|' /C calc'!A0", None, None, {"note": "@x"}, ("-1",)),
    Person("'t Hooft", "nl", None, {"note": 'two\nlines, "quoted"'}, ()),
    Person("Jörg " + "ß" * 90, None, None, {}, ()),
]
CONTACTS = [Contact(n, f"+49151123456{n:02d}", person, 0, 0) for n, person in enumerate(PEOPLE, 10)]


def written(format: str, *, spreadsheet: bool = False) -> bytes:
    head = write_head(format, NAMES, spreadsheet=spreadsheet)
    return head + write_contacts(format, CONTACTS, NAMES, spreadsheet=spreadsheet)


def read_csv(raw: bytes) -> list[Entry]:
    source = io.BytesIO(raw)
    text = open_text(source, detect_encoding(source))

    def again() -> io.TextIOWrapper:
        text.seek(0)
        return text

    check = EntryCheck(FIELDS, None)
    found = [check(row) for row in CsvContacts(again, NAMES) if not isinstance(row, Fault)]
    return [each for each in found if isinstance(each, Entry)]


def test_csv_for_spreadsheets_has_whole_numbers_and_no_formula() -> None:
    raw = written("csv", spreadsheet=True)
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert rows[0] == ["number", "name", "language", "time_zone", "groups", "note", "points", "vip"]
    for row, contact in zip(rows[1:], CONTACTS, strict=True):
        assert row[0] == f'="{contact.number}"'
        assert not [cell for cell in (*row[1:6], row[7]) if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize("spreadsheet", [False, True])
def test_an_import_reads_exported_csv_again(spreadsheet: bool) -> None:
    found = read_csv(written("csv", spreadsheet=spreadsheet))
    assert [entry.number for entry in found] == [contact.number for contact in CONTACTS]
    assert [entry.person for entry in found] == PEOPLE


def test_an_import_reads_exported_cards_again() -> None:
    text = written("vcard").decode()
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert text.count("VERSION:3.0\r\n") == len(CONTACTS)
    check = EntryCheck([], None)
    found = [check(card) for card in VcardContacts(io.StringIO(text, newline="")) if not isinstance(card, Fault)]
    for outcome, contact in zip(found, CONTACTS, strict=True):
        assert isinstance(outcome, Entry)
        assert (outcome.number, outcome.person.name) == (contact.number, contact.person.name)
        assert (outcome.person.groups, outcome.person.time_zone) == (contact.person.groups, contact.person.time_zone)


def test_lines_of_json_have_the_resources() -> None:
    lines = [json.loads(line) for line in written("ndjson").splitlines()]
    assert [line["number"] for line in lines] == [contact.number for contact in CONTACTS]
    assert lines[0]["fields"] == {"note": "=1+1", "points": -2.5, "vip": True}
