"""gsmgw contacts and groups as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from support.processes import Site
from support.shell import command

ANNA, BEN = "+4915112345671", "+4915112345672"


class Shell:
    def __init__(self, place: Site) -> None:
        self.place = place

    def __call__(self, *arguments: str, fails: bool = False) -> Result:
        result = command("--socket", str(self.place.socket), *arguments)
        assert (result.exit_code != 0) is fails, result.output
        return result


@pytest.fixture
def gsmgw(place: Site) -> Shell:
    return Shell(place)


def test_a_contact_and_its_groups(gsmgw: Shell) -> None:
    gsmgw("contacts", "fields", "set", "city", "text", "--searchable")
    gsmgw("contacts", "fields", "set", "age", "number")
    gsmgw("contacts", "fields", "set", "vip", "boolean")
    assert "city  text" in gsmgw("contacts", "fields").output
    gsmgw("contacts", "set", ANNA, "--name", "Anna", "--field", "city=Ulm", "--field", "age=41", "--group", "A")
    gsmgw("contacts", "set", ANNA, "--field", "vip=yes", "--group", "B", "--no-group", "a", "--language", "de")
    shown = json.loads(gsmgw("contacts", "show", ANNA, "--json").output)
    assert shown["fields"] == {"age": 41, "city": "Ulm", "vip": True}
    assert (shown["name"], shown["language"], shown["groups"]) == ("Anna", "de", ["B"])
    assert "vip  true" in gsmgw("contacts", "show", ANNA).output
    assert ANNA in gsmgw("contacts", "list", "--search", "ulm").output
    gsmgw("contacts", "set", ANNA, "--field", "city=", "--language", "")
    assert "no contacts" in gsmgw("contacts", "list", "--search", "ulm").output
    assert "'ctiy' is not declared" in gsmgw("contacts", "set", ANNA, "--field", "ctiy=Ulm", fails=True).output
    gsmgw("groups", "create", "Regulars")
    assert "2 numbers added" in gsmgw("groups", "add", "Regulars", ANNA, BEN).output
    assert "Regulars  2" in gsmgw("groups").output
    members = gsmgw("groups", "members", "Regulars", "--json").output.splitlines()
    assert [json.loads(line)["number"] for line in members] == [BEN, ANNA]
    gsmgw("groups", "remove", "Regulars", BEN)
    gsmgw("contacts", "merge", ANNA, BEN)
    assert "does not exist" in gsmgw("contacts", "show", BEN, fails=True).output
    gsmgw("groups", "delete", "Regulars")
    gsmgw("contacts", "delete", ANNA)
    gsmgw("contacts", "fields", "delete", "age")
    assert "no contacts" in gsmgw("contacts").output


def test_an_address_book_is_imported_and_the_import_undone(gsmgw: Shell, tmp_path: Path) -> None:
    file = tmp_path / "book.csv"
    file.write_text(f"Name;Kontaktnummer\nAnna;{ANNA}\nBen;4.9E+11\n;\n")
    refused = gsmgw("contacts", "import", str(file), fails=True).output
    assert "no column has phone numbers (columns: Name, Kontaktnummer)" in refused
    mapped = ("contacts", "import", str(file), "--map", "phone=Kontaktnummer")
    refused = gsmgw(*mapped, fails=True).output
    assert "line 3, column 'Kontaktnummer': '4.9E+11' is a number that a spreadsheet destroyed" in refused
    assert "1 row has errors; nothing was imported. Correct them" in refused
    assert refused.count("a spreadsheet destroyed") == 1
    assert "1 created" in gsmgw(*mapped, "--dry-run", fails=True).output
    assert "no contacts" in gsmgw("contacts").output
    done = json.loads(gsmgw(*mapped, "--skip-bad", "--group", "Book", "--json").output)
    assert (done["created"], done["bad"]) == (1, 1)
    assert "1 contact removed, 0 restored" in gsmgw("contacts", "undo", done["import_id"]).output
    assert "Book" not in gsmgw("groups").output


def test_a_segment_is_previewed_and_makes_a_smart_group(gsmgw: Shell) -> None:
    gsmgw("contacts", "set", ANNA, "--name", "Anna", "--language", "de")
    gsmgw("contacts", "set", BEN, "--name", "Ben")
    seen = json.loads(gsmgw("segments", "preview", 'language = "de"', "--json").output)
    assert (seen["count"], seen["tree"]["field"]) == (1, "language")
    assert '1 contact in language = "de"' in gsmgw("segments", "preview", 'language="de"').output
    assert "did you mean 'language'?" in gsmgw("segments", "preview", 'langage = "de"', fails=True).output
    assert "German created, 1 member" in gsmgw("groups", "create", "German", "--segment", 'language = "de"').output
    assert BEN not in gsmgw("groups", "members", "German").output
    assert ANNA not in gsmgw("contacts", "list", "--segment", "language is empty").output


def test_contacts_are_exported_to_a_file(gsmgw: Shell, tmp_path: Path) -> None:
    gsmgw("contacts", "set", ANNA, "--name", "Anna")
    file = tmp_path / "book.csv"
    gsmgw("contacts", "export", str(file), "--spreadsheet", "--search", "anna")
    assert file.read_text(encoding="utf-8-sig").splitlines()[1].startswith(f'"=""{ANNA}""",Anna')
    assert "already exists" in gsmgw("contacts", "export", str(file), fails=True).output
    gsmgw("contacts", "export", str(file), "--force")
    assert "0 created, 0 updated" in gsmgw("contacts", "import", str(file), "--dry-run").output
    assert f"TEL;TYPE=CELL:{ANNA}" in gsmgw("contacts", "export", "-", "--format", "vcard").output
    assert "name it .csv, .vcf or .ndjson" in gsmgw("contacts", "export", str(tmp_path / "x.xlsx"), fails=True).output
