"""Importing address books: a dry run, an import, its undoing, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.rig import Rig, make_config, running

from gsmgw.audience import imports
from gsmgw.client import ApiError
from gsmgw.model import format_id
from gsmgw.store import contact_imports

ANNA, BEN = "+4915112345671", "+4915112345672"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(make_config(tmp_path, {})) as found:
        await found.client.put_field("city", "text")
        yield found


async def people(rig: Rig) -> dict[str, Any]:
    return {contact["number"]: contact async for contact in rig.client.contacts()}


async def test_a_dry_run_says_what_the_import_then_does(rig: Rig) -> None:
    client = rig.client
    await client.create_contact(ANNA, name="Anna", groups=["A"])
    await client.create_contact("+4915112345679", name="Same")
    raw = (
        f"Handy;Name;City;Gruppe;Kundennr\n{ANNA};;Ulm;B;7\n0151 12345672;Ben;;;8\n{BEN};Ben B;;;9\n"
        "+4915112345679;Same;;;1\n;Nobody;;;\n"
    ).encode("windows-1252")
    counts = {"created": 1, "updated": 2, "unchanged": 1, "skipped": 1, "bad": 0, "errors": []}
    dry = await client.import_contacts(raw, dry_run=True)
    columns = dry.pop("columns")  # type: ignore[misc]
    assert [each["target"] for each in columns] == ["number", "name", "city", "groups", None]
    sample = dry.pop("sample")  # type: ignore[misc]
    first = {"line": 2, "number": ANNA, "name": None, "fields": {"city": "Ulm"}, "groups": ["B"]}
    assert sample[0] == {**first, "language": None, "time_zone": None}
    assert dry == {**counts, "import_id": None, "dry_run": True, "ignored_columns": ["Kundennr"]}
    less = await client.import_contacts(raw, dry_run=True, ignore=["city", "GRUPPE"])
    assert less["ignored_columns"] == ["City", "Gruppe", "Kundennr"]
    blind = await client.import_contacts(b"Vorname,Nachname,x\nAnna,B,+4915112345671\n", dry_run=True)
    assert (blind["bad"], blind["created"]) == (1, 0)
    assert [each["target"] for each in blind["columns"]] == ["first_name", "last_name", None]
    assert BEN not in await people(rig)
    real = await client.import_contacts(raw, groups=["Imported"])
    assert {name: real[name] for name in counts if name != "updated"} == {  # type: ignore[literal-required]
        name: value for name, value in counts.items() if name not in ("updated", "unchanged")
    } | {"unchanged": 0}
    found = await people(rig)
    assert (found[ANNA]["name"], found[ANNA]["fields"], found[ANNA]["groups"]) == (
        "Anna", {"city": "Ulm"}, ["A", "B", "Imported"],
    )  # fmt: skip
    assert found[BEN]["name"] == "Ben B"
    event = await rig.event(0, "contacts.imported")
    assert event["data"] == {"import_id": real["import_id"], "created": 1, "updated": 3, "unchanged": 0}


async def test_an_import_is_undone_but_for_what_was_changed_since(rig: Rig) -> None:
    client = rig.client
    await client.create_contact(ANNA, name="Anna", groups=["A"])
    before = await client.contact(ANNA)
    rows = "".join(f"+49151123457{n:02d},P{n},B\n" for n in range(20))
    done = await client.import_contacts(f"phone,name,group\n{ANNA},Anna B,B\n{rows}".encode())
    await client.change_contact("+4915112345703", name="Mine")
    undone = await client.undo_import(done["import_id"] or "")
    assert undone == {"removed": 19, "restored": 1, "kept": 1}
    left = await people(rig)
    assert set(left) == {ANNA, "+4915112345703"}
    assert {**left[ANNA], "changed_at": None} == {**before, "changed_at": None}
    assert [group["name"] for group in await client.groups()] == ["A", "B"]  # one is in B still
    with pytest.raises(ApiError) as again:
        await client.undo_import(done["import_id"] or "")
    assert again.value.status == 409
    with pytest.raises(ApiError) as unknown:
        await client.undo_import("0000000000zzz")
    assert unknown.value.status == 404


async def test_a_file_with_errors_imports_nothing_unless_they_are_skipped(rig: Rig) -> None:
    raw = f"name,mobile\nAnna,{ANNA}\nBen,4.9176E+11\nCarla,12\n".encode()
    with pytest.raises(ApiError) as refused:
        await rig.client.import_contacts(raw)
    problem = refused.value.problem
    assert (problem["status"], problem["code"]) == (422, "invalid_file")
    assert "2 rows have errors; nothing was imported" in problem["detail"]
    assert [(error["line"], error["column"]) for error in problem["errors"]] == [(3, "mobile"), (4, "mobile")]
    assert "a spreadsheet destroyed" in problem["errors"][0]["detail"]
    assert await people(rig) == {}
    dry = await rig.client.import_contacts(raw, dry_run=True)
    assert (dry["created"], dry["bad"], [error["line"] for error in dry["errors"]]) == (1, 2, [3, 4])
    skipped = await rig.client.import_contacts(raw, skip_bad=True)
    assert (skipped["created"], skipped["bad"]) == (1, 2)


@pytest.mark.parametrize("kind", ["text/csv", "text/vcard", "application/x-www-form-urlencoded", None])
async def test_the_content_tells_what_a_file_is(rig: Rig, kind: str | None) -> None:
    card = f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Anna\r\nTEL;TYPE=CELL:{ANNA}\r\nEND:VCARD\r\n".encode("utf-16")
    headers = {} if kind is None else {"content-type": kind}
    answer = await rig.http.post("/v1/contacts/import", content=card, headers=headers)
    assert answer.json()["created"] == 1, answer.text


@pytest.mark.parametrize(
    ("query", "body", "status", "words"),
    [
        ("mapping=phone", b"phone\n1", 422, "is not FIELD=COLUMN"),
        ("mapping=phone=Hndy", b"Handy\n1", 422, "did you mean 'Handy'"),
        ("encoding=klingon", b"phone\n1", 422, "unknown encoding 'klingon'"),
        ("", b"", 422, "is empty"),
        ("", b"\xff\xfe\x00", 422, "not valid utf-16"),
        ("", b"PK\x03\x04\x00\x00\x00", 422, "NUL"),
        ("group=%20", b"phone\n+4915112345671", 422, "must have 1 to 100 characters"),
    ],
)
async def test_what_cannot_be_imported_is_refused(rig: Rig, query: str, body: bytes, status: int, words: str) -> None:
    answer = await rig.http.post(f"/v1/contacts/import?{query}", content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert words in answer.json()["detail"]


async def test_an_import_that_a_restart_interrupts_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "PORTION", 10)
    config = make_config(tmp_path, {})
    async with running(config) as rig:
        store, now_ms = rig.gateway.store, rig.gateway.clock.wall_ms()
        await rig.client.create_contact(ANNA, name="Anna")
        number = await store.write(lambda tx: contact_imports.begin(tx, now_ms, ["New"]))
        rows = [(f"+49151123457{n:02d}", imports.Person(name="x", groups=("New",))) for n in range(25)]
        rows.append((ANNA, imports.Person(name="Other")))
        await store.write(lambda tx: contact_imports.write(tx, now_ms, number, rows))
        assert len(await people(rig)) == 26
    async with running(config) as rig:
        found = await people(rig)
        assert [contact["name"] for contact in found.values()] == ["Anna"]
        assert await rig.client.groups() == []
        with pytest.raises(ApiError, match="undone already"):
            await rig.client.undo_import(format_id(number))
