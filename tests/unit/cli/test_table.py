"""Tables of recipients: what a spreadsheet may save, and what is said of what it got wrong."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from gsmgw.cli.mailing import Mailing, Repeat, compose, portions, settle
from gsmgw.cli.table import TableError, read_table
from gsmgw.numbers import NumberError, parse_recipient
from gsmgw.templates import Setting
from gsmgw.wire import resources

NOW = Setting(datetime(2026, 12, 24, 18, 5, tzinfo=UTC))
TEXT = 'phone;name;amount\n+491511234567;Zoë;3,50\n\n+491511234568;Ömer;"4;00"\n'


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (b"\xef\xbb\xbf" + TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-32"), "utf-32"),
        (TEXT.encode("windows-1252"), "windows-1252"),
        (TEXT.replace("\n", "\r\n").encode(), "utf-8"),
        (TEXT.replace("\n", "\r").encode(), "utf-8"),
    ],
)
def test_what_spreadsheets_save_is_read(raw: bytes, encoding: str) -> None:
    table = read_table(raw)
    assert (table.encoding, table.separator) == (encoding, ";")
    assert [row.cells["name"] for row in table.rows] == ["Zoë", "Ömer"]
    assert [row.cells["amount"] for row in table.rows] == ["3,50", "4;00"]
    assert [row.line for row in table.rows] == [2, 4]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_the_header_s(separator: str) -> None:
    table = read_table(f'to{separator}"a,b;c"{separator}d\n1{separator}2{separator}3\n'.encode())
    assert table.columns == ("to", "a,b;c", "d")


def test_a_line_break_within_quotes_counts_for_the_line_of_what_follows() -> None:
    table = read_table(b'to,text\n1,"two\nlines"\n2,x,y\n')
    assert table.rows[0].cells["text"] == "two\nlines"
    assert [str(fault) for fault in table.faults] == ["line 4: has 3 cells, but the header has 2"]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "is empty"),
        (b"\n  \n", "is empty"),
        (b"to,,x\n", "line 1: column 2 has no name"),
        (b"to,a,a\n", "line 1: two columns are named 'a'"),
        (b'to,a\n1,"open\n', "line 2: unexpected end of data. Check for a quotation mark that is not closed"),
        (b"to,a\n1,\x81\n", "line 2: byte 0x81 at offset 7 is not valid windows-1252"),
        (b"\xff\xfet\x00o\x00\n", "is not valid utf-16"),
        (b"PK\x03\x04\x00\x01\x00\x00", "not a text file|not valid utf-16|column"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(raw: bytes, words: str) -> None:
    with pytest.raises(TableError, match=words):
        compose(read_table(raw), "x", {}, NOW)


def test_a_named_encoding_decides() -> None:
    assert read_table("to,a\n1,Ж\n".encode("koi8-r"), "koi8-r").rows[0].cells["a"] == "Ж"
    for name in ("klingon", "undefined", "hex", "\0"):
        with pytest.raises(TableError, match=re.escape(f"unknown encoding {name!r}")):
            read_table(b"to\n", name)


def test_a_template_is_filled_in_per_row() -> None:
    mailing = compose(
        read_table(b"Phone,Name\n1,Anna\n2,Ben\n"),
        "Hi {{ name }}, {% raw %}{not}{% endraw %} { Name }",
        {"priority": "bulk"},
        NOW,
    )
    assert [letter.message["text"] for letter in mailing.letters] == ["Hi Anna, {not} Anna", "Hi Ben, {not} Ben"]
    assert [letter.message["to"] for letter in mailing.letters] == ["1", "2"]
    assert {letter.message["priority"] for letter in mailing.letters} == {"bulk"}


@pytest.mark.parametrize(
    ("header", "text", "words"),
    [
        (b"to,name", "Hi {nam}", 'line 1, column 4: the column "nam" does not exist; did you mean name\\?'),
        (b"to,name", "Hi {name", "line 1, column 4: unmatched '{'; for a brace write {% raw %}"),
        (b"to,name", "Hi }", "line 1, column 4: unmatched '}'"),
        (b"tel,name", "Hi", r"no recipient column: name it to, phone, number \(columns: tel, name\)"),
        (b"to,name", None, "no text: give one"),
    ],
)
def test_a_template_that_does_not_fit_is_explained(header: bytes, text: str | None, words: str) -> None:
    with pytest.raises(TableError, match=words):
        compose(read_table(header + b"\n1,2\n"), text, {}, NOW)


def test_columns_with_spaces_have_names_and_a_column_names_the_language() -> None:
    table = read_table("to;First name;amount;language\n1;Zoë;1234.5;de\n2;Ann;1234.5;\n".encode())
    mailing = compose(table, '{First name} {{ first_name }}: {{ amount | money: "EUR" }}', {}, NOW)
    assert [letter.message["text"] for letter in mailing.letters] == [
        "Zoë Zoë: 1.234,50 €",
        "Ann Ann: €1,234.50",
    ]


def test_a_row_that_cannot_be_written_is_a_fault_with_its_line() -> None:
    table = read_table(b"to,when\n1,2026-12-24\n2,soon\n")
    mailing = compose(table, '{{ when | date: "%d.%m." }}', {}, NOW)
    assert [letter.message["text"] for letter in mailing.letters] == ["24.12."]
    assert len(mailing.faults) == 1
    assert str(mailing.faults[0]).startswith("line 3: ")
    assert "'soon' is not a date" in str(mailing.faults[0])


def test_a_text_column_is_no_template() -> None:
    mailing = compose(read_table(b"to,text\n1,{{ x }} {to}\n"), None, {}, NOW)
    assert mailing.letters[0].message["text"] == "{{ x }} {to}"


def test_cells_that_are_needed_and_empty_are_named_exactly() -> None:
    table = read_table(b"to,name,note\n1,Anna,\n,Ben,x\n3,,x\n")
    mailing = compose(table, "Hi {name}", {}, NOW)
    assert [str(fault) for fault in mailing.faults] == [
        "line 3, column 'to': is empty",
        "line 4, column 'name': is empty",
    ]
    assert len(mailing.letters) == 1
    assert len(compose(table, "Hi {name}", {}, NOW, allow_empty=True).letters) == 2


def settled(raw: bytes, *, run: str = "", duplicates: bool = False, ref: str | None = None) -> Mailing:
    """The mailing, checked by a gateway that knows Germany."""
    draft = compose(read_table(raw), "Hi {name}", {}, NOW, ref=ref)
    return settle(draft, [seen(letter.message["to"]) for letter in draft.letters], run=run, duplicates=duplicates)


def seen(to: str) -> resources.SeenMessage | resources.RefusedMessage:
    try:
        return {"to": parse_recipient(to, "DE"), "encoding": "gsm7", "segments": 1}
    except NumberError as exc:
        problem: Any = {"detail": f"message 0: to: {to!r} {exc}"}
        return {"error": problem}


ANNA, BEN = "015112345678", "015112345679"


def test_references_are_made_of_the_number_and_not_of_its_spelling() -> None:
    def refs(raw: str, **options: Any) -> list[str]:
        return [letter.message["client_ref"] for letter in settled(raw.encode(), **options).letters]

    first = refs(f"to,name\n{ANNA},Anna\n{BEN},Ben\n")
    assert len(set(first)) == 2
    assert refs("to,name\n+49 151 12345679,Ben\n0049-151-12345678,Anna\n") == first[::-1]
    assert not set(first) & set(refs(f"to,name\n{ANNA},Anna\n{BEN},Ben\n", run="again"))
    assert refs(f"to,name\n{ANNA},a7\n", ref="order-{name}") == ["order-a7"]


def test_a_row_that_repeats_number_and_text_is_left_out_unless_asked_for() -> None:
    raw = f"to,name\n{ANNA},Anna\n{BEN},Ben\n+49 151 12345678,Anna\n{ANNA},Carl\n".encode()
    mailing = settled(raw)
    assert [letter.line for letter in mailing.letters] == [2, 3, 5]
    assert mailing.repeats == (Repeat(4, 2),)
    both = settled(raw, duplicates=True)
    assert [letter.line for letter in both.letters] == [2, 3, 4, 5]
    assert both.repeats == ()
    assert len({letter.message["client_ref"] for letter in both.letters}) == 4
    assert [letter.message["client_ref"] for letter in both.letters if letter.line != 4] == [
        letter.message["client_ref"] for letter in mailing.letters
    ]


def test_numbers_that_cannot_be_right_are_faults_with_their_lines() -> None:
    mailing = settled(b"to,name\n112,a\n0151,b\n0151 1234,c\n+4915112345678,d\n")
    assert [letter.line for letter in mailing.letters] == [5]
    words = [str(fault) for fault in mailing.faults]
    assert [fault.line for fault in mailing.faults] == [2, 3, 4]
    assert "'112' is an emergency number" in words[0]
    assert "'0151' is not a whole phone number: write all digits" in words[1]
    assert "'0151 1234' lacks digits (+491511234): write the whole number" in words[2]


def test_portions_have_stable_keys() -> None:
    rows = b"".join(b"%d\n" % number for number in range(1001, 3502))
    letters = compose(read_table(b"to\n" + rows), "x", {}, NOW).letters
    keys = [(key, len(portion)) for key, portion in portions(letters)]
    assert [count for _, count in keys] == [1000, 1000, 501]
    assert keys == [(key, len(portion)) for key, portion in portions(letters)]
    assert len({key for key, _ in keys}) == 3
