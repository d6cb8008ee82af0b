"""Contacts in the dashboard: import with columns, fields, groups with conditions, and all about one person."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.page import Browser, add_user, signed_in
from support.rig import Rig, simulated

from gsmgw.web.pages.imports import field_name

ANNA, BORIS = "+4915112345671", "+4915112345672"


def columns(*targets: tuple[str, str, str]) -> dict[str, list[str]]:
    """The fields of the form that says what columns are: name, what was found, what was chosen."""
    return {
        "column": [name for name, _, _ in targets],
        "was": [was for _, was, _ in targets],
        "target": [target for _, _, target in targets],
    }


async def test_columns_are_mapped(rig: Rig, browser: Browser) -> None:
    table = f"Wer,Kontakt,City,Notes\nAnna,{ANNA},Ulm,x\n"
    await browser.open("/contacts/import")
    seen = await browser.send("/contacts/import", pasted=table, action="check")
    assert "no column has phone numbers" in seen.text
    assert seen.text.count('name="column"') == 4
    kept = seen.text.partition('name="kept" value="')[2].partition('"')[0]
    chosen = columns(("Wer", "-", "name"), ("Kontakt", "-", "number"), ("City", "-", "+"), ("Notes", "-", "-"))
    again = await browser.send("/contacts/import", kept=kept, **chosen, action="check")
    assert f'<th scope="row">{ANNA}</th><td>Anna</td>' in again.text
    assert '<option value="number" selected>' in again.text
    assert 'name="was" value="-"' in again.text  # what was chosen counts for the next form as well
    assert await rig.client.fields() == []
    both = columns(("Wer", "-", "number"), ("Kontakt", "-", "number"))
    assert (
        "Two columns cannot be the same."
        in (await browser.send("/contacts/import", kept=kept, **both, action="check")).text
    )
    done = await browser.send("/contacts/import", kept=kept, **chosen, action="import")
    assert "Imported" in done.text, done.text
    anna = await rig.client.contact(ANNA)
    assert (anna["name"], anna["fields"]) == ("Anna", {"city": "Ulm"})
    left = columns(("Wer", "-", "name"), ("Kontakt", "-", "number"), ("City", "city", "-"))
    table = f"Wer,Kontakt,City\nAnna B,{ANNA},Bonn\n"
    await browser.send("/contacts/import", pasted=table, **left, action="import")
    anna = await rig.client.contact(ANNA)
    assert (anna["name"], anna["fields"]) == ("Anna B", {"city": "Ulm"})
    assert (await browser.send("/contacts/import", kept="no base64", action="check")).status_code == 422


@pytest.mark.parametrize(
    ("column", "name"),
    [("City", "city"), ("Straße 1", "strasse_1"), ("Grüße", "gruesse"), ("2nd", "field_2nd"), ("日本", "field")],
)
def test_the_name_of_a_new_field(column: str, name: str) -> None:
    assert field_name(column) == name


async def test_fields_are_declared_and_deleted(rig: Rig, browser: Browser) -> None:
    assert "No fields yet" in (await browser.open("/fields")).text
    assert 'id="name-error"' in (await browser.send("/fields", name=" ", type="text", action="save")).text
    bad = await browser.send("/fields", name="size", type="choice", choices="", action="save")
    assert bad.status_code == 422
    await browser.send("/fields", name="size", type="choice", choices="S, M", searchable="1", action="save")
    assert await rig.client.fields() == [{"name": "size", "type": "choice", "choices": ["S", "M"], "searchable": True}]
    assert 'value="S, M"' in (await browser.open("/fields?name=size")).text
    asked = await browser.send("/fields", name="size", action="delete")
    assert "Its values in all contacts are lost." in asked.text
    await browser.send("/fields", name="size", action="delete", sure="1")
    assert await rig.client.fields() == []


async def test_groups_are_made_and_changed(rig: Rig, browser: Browser) -> None:
    await rig.client.create_contact(ANNA, name="Anna")
    await browser.open("/groups")
    rows = {
        "segment-mode": "visual",
        "segment-node": ["0.0:row"],
        "segment-0.0-field": "name",
        "segment-0.0-check": "text:contains",
        "segment-0.0-value": "Ann",
    }
    more = await browser.send("/groups", name="anns", **rows, action="build:segment:count:0")
    assert "1 contact fulfils this condition." in more.text
    await browser.send("/groups", name="anns", **rows, action="create")
    assert (await rig.client.group("anns"))["segment"] == 'name contains "Ann"'
    opened = (await browser.open("/groups?name=anns")).text
    assert "name contains &#34;Ann&#34;</textarea>" in opened
    form = {"old": "anns", "kind": "smart", "name": "all anns", "segment": 'name = "Anna"'}
    await browser.send("/groups", **form, action="create")
    assert (await rig.client.group("all anns"))["segment"] == 'name = "Anna"'
    await browser.send("/groups", name="plain", **{"segment-mode": "visual"}, action="create")
    assert (await rig.client.group("plain"))["segment"] is None
    await browser.send("/groups", old="plain", kind="plain", numbers=f"{ANNA};{BORIS}", action="members")
    assert (await rig.client.group("plain"))["members"] == 2
    wrong = await browser.send("/groups", old="plain", kind="plain", numbers="12", action="members")
    assert 'id="numbers-error"' in wrong.text
    await browser.open("/segments")
    assert "Write a condition." in (await browser.send("/segments", action="contacts")).text
    for action, path in (("contacts", "/contacts"), ("compose", "/compose"), ("campaign", "/campaigns/new")):
        shown = await browser.send("/segments", segment='name = "Anna"', action=action)
        assert shown.headers["location"] == f"{path}?segment=name+%3D+%22Anna%22"
        assert "name = &#34;Anna&#34;" in (await browser.open(shown.headers["location"])).text
    assert "name = &#34;Anna&#34;" in (await browser.open("/groups?segment=name+%3D+%22Anna%22")).text


async def test_all_about_one_person(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (_, rig):
        await add_user(rig, "ann")
        client = rig.client
        await client.put_field("party", "number")
        anna = await client.create_contact(ANNA, name="Anna", groups=["regulars"])
        await client.create_contact(BORIS, name="Boris", groups=["others"])
        await client.create_drip("welcome", [{"delay": "1d", "text": "Hello"}])
        await client.enroll_in_drip("welcome", [ANNA])
        made = await client.create_campaign("Sale", {"numbers": [ANNA]}, text="Hi", exclude={"recent_hours": 0})
        await client.start_campaign(made["id"])
        await rig.event(0, "message.delivered")
        await client.send(ANNA, "How many?", ask={"field": "party"})
        await rig.event(0, "question.asked")
        async with signed_in(rig) as browser:
            path = f"/contacts/{anna['id']}"
            page = (await browser.open(path)).text
            for words in ("May be texted.", "How many?", ">Sale</a>", ">welcome</a>", "sets the field party"):
                assert words in page, words
            await browser.send(path, action="close_question")
            assert (await client.question_page())["data"] == []
            assert 'id="other-error"' in (await browser.send(path, action="merge", other="+4915100000", sure="1")).text
            assert "It is deleted." in (await browser.send(path, action="merge", other=BORIS)).text
            await browser.send(path, action="merge", other=BORIS, sure="1")
            assert (await client.contact(ANNA))["groups"] == ["others", "regulars"]
            form = {"number": ANNA, "name": "Anna", "groups": ["regulars"], "new-groups": "vip, shop"}
            await browser.send(path, **form, action="save")
            assert (await client.contact(ANNA))["groups"] == ["regulars", "shop", "vip"]
