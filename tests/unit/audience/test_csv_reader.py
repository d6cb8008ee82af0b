"""CSV files of other programs as contacts: columns, encodings, and cells that spreadsheets have changed."""

from __future__ import annotations

import io

import pytest

from gsmgw.audience.files.csv_reader import CsvContacts
from gsmgw.audience.files.entries import Entry, EntryCheck, WithoutNumber
from gsmgw.model.contacts import ContactField, FieldType
from gsmgw.tables import Fault, TableError, detect_encoding, open_text

ANNA = "+4915112345671"
FIELDS = [
    ContactField("city", FieldType.TEXT),
    ContactField("born", FieldType.DATE),
    ContactField("vip", FieldType.BOOLEAN),
    ContactField("size", FieldType.CHOICE, ("S", "L")),
    ContactField("points", FieldType.NUMBER),
]


def outcomes(
    raw: bytes | str, mapping: dict[str, str] | None = None, country: str | None = "DE"
) -> list[Entry | WithoutNumber | list[Fault]]:
    source = io.BytesIO(raw.encode() if isinstance(raw, str) else raw)
    text = open_text(source, detect_encoding(source))

    def again() -> io.TextIOWrapper:
        text.seek(0)
        return text

    table = CsvContacts(again, [field.name for field in FIELDS], mapping)
    check = EntryCheck(FIELDS, country, frozenset({"smart"}))
    return [[row] if isinstance(row, Fault) else check(row) for row in table]


def one(raw: bytes | str, **how: dict[str, str]) -> Entry:
    (found,) = outcomes(raw, **how)
    assert isinstance(found, Entry), found
    return found


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "windows-1252"])
def test_delimiter_and_encoding_are_found(separator: str, encoding: str) -> None:
    rows = [["Vorname", "Nachname", "Handy"], ["Jörg", "Müller", "0151 12345671"]]
    found = one("\r\n".join(separator.join(row) for row in rows).encode(encoding))
    assert (found.number, found.person.name, found.line) == (ANNA, "Jörg Müller", 2)


@pytest.mark.parametrize(
    "header",
    ["phone", "Phone Number", "Mobile", "Mobile Phone", "Handy", "Handy-Nr.", "Telefon", "TELEFONNUMMER", "Tel.",
     "Mobiltelefon", "Phone 1 - Value", "cell", "to", "Rufnummer", "Telefon (mobil)", "number"],
)  # fmt: skip
def test_columns_of_numbers_are_recognised(header: str) -> None:
    assert one(f'"{header}",x\n{ANNA},1').number == ANNA


@pytest.mark.parametrize("cell", [f'"=""{ANNA}"""', f"'{ANNA}", f" {ANNA} ", "0049 151 12345671", "(0151) 123-456-71"])
def test_notations_of_spreadsheets_are_accepted(cell: str) -> None:
    assert one(f"phone,name\n{cell},Anna").number == ANNA


@pytest.mark.parametrize("cell", ["4.9176E+11", "4,9176E+11", "4.9e11", "+4,91512E+12"])
def test_a_number_that_a_spreadsheet_destroyed_is_an_error_and_never_guessed(cell: str) -> None:
    found = outcomes(f"name;phone\nAnna;{ANNA}\nBen;{cell}")
    assert isinstance(found[0], Entry)
    assert isinstance(found[1], list)
    (fault,) = found[1]
    assert (fault.line, fault.column) == (3, "phone")
    assert "a spreadsheet destroyed" in fault.detail


def test_lists_of_google_are_split_and_the_mobile_number_is_taken() -> None:
    found = one(
        "First Name,Last Name,Labels,Phone 1 - Label,Phone 1 - Value\n"
        f"Anna,Bauer,* myContacts ::: Kunden ::: Ulm,Home,+49 731 1234567 ::: {ANNA}"
    )
    assert (found.number, found.person.name, found.person.groups) == (
        ANNA,
        "Anna Bauer",
        ("myContacts", "Kunden", "Ulm"),
    )


def test_of_several_columns_the_mobile_one_goes_first() -> None:
    assert one(f"Telefon privat,Mobiltelefon\n0731 1234567,{ANNA}").number == ANNA
    assert one("Telefon privat,Mobiltelefon\n0731 1234567,").number == "+497311234567"
    assert one(f"phone,phone 2\nrubbish,{ANNA}").number == ANNA


def test_declared_fields_are_columns() -> None:
    found = one(f'phone,City,BORN,vip,size,points\n{ANNA},Ulm,17.4.1980,ja,l,"12,5"')
    assert found.person.fields == {"city": "Ulm", "born": "1980-04-17", "vip": True, "size": "L", "points": 12.5}
    assert one(f"phone,city,vip\n{ANNA},,").person.fields == {}


def test_a_mapping_goes_before_the_names() -> None:
    raw = f"phone,Kontakt,Wohnort,Kennung\n1,Anna,Ulm,{ANNA}"
    found = one(raw, mapping={"phone": "kennung", "city": "Wohnort"})
    assert (found.number, found.person.name, found.person.fields) == (ANNA, "Anna", {"city": "Ulm"})
    for mapping, words in (
        ({"ctiy": "Wohnort"}, "did you mean 'city'"),
        ({"city": "Wohnrt"}, "did you mean 'Wohnort'"),
    ):
        with pytest.raises(TableError, match=words):
            outcomes(raw, mapping=mapping)


def test_errors_have_their_line_and_column() -> None:
    found = outcomes(
        "phone,name,language,time_zone,born,groups\n"
        f'{ANNA},"two\nlines",de,Europe/Berlin,1980-04-17,A\n'
        "12,Ben,german,Ulm,31.2.1980,smart\n"
        f"{ANNA},Carla\n"
        ",Dora,,,,\n"
    )
    assert isinstance(found[0], Entry)
    assert found[0].person.name == "two lines"
    assert isinstance(found[1], list)
    assert [(fault.line, fault.column) for fault in found[1]] == [
        (4, "phone"), (4, "language"), (4, "time_zone"), (4, "born"), (4, "groups"),
    ]  # fmt: skip
    assert found[2] == [Fault(5, None, "has 2 cells, but the header has 6")]
    assert found[3] == WithoutNumber(6)


def test_a_file_that_is_not_a_list_of_contacts_is_refused() -> None:
    for raw, words in (
        ("", "is empty"),
        ("name,city\nAnna,Ulm", "no column has phone numbers"),
        (f'phone,name\n{ANNA},"Anna', "line 2: .*quotation mark"),
        (b"PK\x03\x04\x00\x00\x00", "NUL"),
    ):
        with pytest.raises(TableError, match=words):
            outcomes(raw)


def test_without_a_country_a_national_number_is_an_error() -> None:
    (found,) = outcomes("phone\n0151 12345671", country=None)
    assert isinstance(found, list)
    assert "[gateway] country" in found[0].detail
