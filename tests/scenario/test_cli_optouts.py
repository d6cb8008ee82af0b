"""gsmgw optouts and gsmgw lists as a person types them, against the real daemon process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.processes import Site, site
from support.shell import command

ANNA, BEN = "+4915112345671", "+4915112345672"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site"), modems=1, gateway='country = "DE"') as found, found.start():
        yield found


def gsmgw(place: Site, *arguments: str, code: int = 0, stdin: str = "") -> str:
    """Run a command; its output, or what it says on standard error if it fails."""
    done = command("--socket", str(place.socket), *arguments, stdin=stdin)
    assert done.exit_code == code, done.output
    return done.stdout if code == 0 else done.stderr


def test_the_day_of_a_person_who_opts_out(place: Site, tmp_path: Path) -> None:
    assert "nobody has opted out" in gsmgw(place, "optouts")
    assert "STOP newsletter" in gsmgw(
        place, "lists", "set", "news", "--keyword", "newsletter", "--stop-reply", "de=Tschüs"
    )
    assert "newsletter" in gsmgw(place, "lists")
    assert f"{ANNA} has opted out of everything" in gsmgw(
        place, "optouts", "add", "0151 12345671", "--reason", "by phone"
    )
    assert "the recipient has opted out" in gsmgw(place, "send", ANNA, "hello", code=1)
    assert "the recipient has opted out" in gsmgw(place, "send", ANNA, "hello", "--dry-run", code=1)
    shown = gsmgw(place, "optouts", "show", ANNA)
    assert "everything: out" in shown
    assert "by phone" in shown
    assert json.loads(gsmgw(place, "optouts", "show", ANNA, "--json"))["trail"][0]["action"] == "manual"
    assert "may be texted again" in gsmgw(place, "optouts", "remove", ANNA, "--reason", "asked for it")
    assert "Missing option '--reason'" in gsmgw(place, "optouts", "remove", ANNA, code=2)
    gsmgw(place, "send", ANNA, "hello", "--purpose", "marketing", "--list", "news", "--wait")
    (message,) = gsmgw(place, "messages", "--list", "news", "--purpose", "marketing", "--json").splitlines()
    assert json.loads(message)["purpose"] == "marketing"
    assert "did you mean 'news'" in gsmgw(place, "send", ANNA, "x", "--purpose", "marketing", "--list", "nwes", code=1)

    old = tmp_path / "old.csv"
    old.write_text(f"name;Phone\nBen;{BEN}\nEve;12\n", encoding="utf-8")
    assert "old.csv:3: '12' " in gsmgw(place, "optouts", "import", str(old), code=1)
    assert BEN in gsmgw(place, "optouts")
    assert "0 numbers would be imported, 1 had opted out before" in gsmgw(
        place, "optouts", "import", "-", "--dry-run", stdin=f"{BEN}\n"
    )
    exported = tmp_path / "out.csv"
    gsmgw(place, "optouts", "export", str(exported))
    assert [line.split(",")[0] for line in exported.read_text().splitlines()] == ["number", BEN]
    assert gsmgw(place, "optouts", "export").startswith("number,list,at\n")
    table = tmp_path / "people.csv"
    table.write_text(f"to,name\n{ANNA},Anna\n{BEN},Ben\n", encoding="utf-8")
    refused = gsmgw(place, "send", "--file", str(table), "Hello {{ name }}", "--purpose", "marketing", code=1)
    assert "the recipient has opted out" in refused
    assert "no suspects" in gsmgw(place, "optouts", "suspects")
    assert "is not a suspect" in gsmgw(place, "optouts", "decide", ANNA, "dismiss", code=1)
    assert "list news deleted" in gsmgw(place, "lists", "delete", "news")
