"""Contacts, fields and groups over the API, as a client uses them."""

from __future__ import annotations

from typing import Any

import pytest
from support.rig import Rig

ANNA, BEN, CARLA = "+4915112345671", "+4915112345672", "+4915112345673"


async def refused(rig: Rig, method: str, path: str, body: Any = None) -> tuple[int, str, str]:
    answer = await rig.http.request(method, path, json=body)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, problem["code"], problem["detail"]


async def test_a_contact_is_created_found_changed_and_deleted(rig: Rig) -> None:
    client = rig.client
    await client.put_field("city", "text", searchable=True)
    made = await client.create_contact(
        "0151 12345671", name=" Anna  Bauer ", language="DE_de", time_zone="Europe/Berlin", fields={"city": "Ulm"},
        groups=["Customers"],
    )  # fmt: skip
    assert (made["number"], made["name"], made["language"]) == (ANNA, "Anna Bauer", "de-DE")
    assert (made["fields"], made["groups"]) == ({"city": "Ulm"}, ["Customers"])
    assert await client.contact(made["id"]) == await client.contact(ANNA) == made
    assert await client.contact("0151 12345671") == made
    await client.create_contact(BEN, name="Ben")
    for question in ("anna", "BAUER ulm", "12345671"):
        assert [contact["number"] async for contact in client.contacts(q=question)] == [ANNA], question
    assert [contact["number"] async for contact in client.contacts(q="anna ben")] == []
    assert [contact["number"] async for contact in client.contacts(group="customers")] == [ANNA]
    assert [contact["number"] async for contact in client.contacts()] == [BEN, ANNA]
    changed = await client.change_contact(ANNA, name=None, fields={"city": None}, number="+4915112345679")
    assert (changed["id"], changed["number"], changed["name"], changed["fields"]) == (
        made["id"],
        "+4915112345679",
        None,
        {},
    )
    assert changed["groups"] == ["Customers"]
    assert [contact async for contact in client.contacts(q="ulm")] == []
    await client.delete_contact(changed["id"])
    status, code, detail = await refused(rig, "GET", f"/v1/contacts/{changed['id']}")
    assert (status, code) == (404, "not_found")
    assert made["id"] in detail


async def test_put_replaces_a_contact_or_creates_it(rig: Rig) -> None:
    first = await rig.http.put(f"/v1/contacts/{ANNA}", json={"name": "Anna", "groups": ["A"]})
    second = await rig.http.put(f"/v1/contacts/{ANNA}", json={"language": "en"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert (second.json()["name"], second.json()["groups"], second.json()["language"]) == (None, [], "en")
    assert second.json()["id"] == first.json()["id"]


async def test_a_page_ends_with_a_cursor_for_the_next_one(rig: Rig) -> None:
    for last in range(5):
        await rig.client.create_contact(f"+491511234568{last}")
    page = await rig.client.contact_page(limit=3)
    rest = await rig.client.contact_page(limit=3, cursor=page["next_cursor"])
    assert [len(page["data"]), len(rest["data"]), rest["next_cursor"]] == [3, 2, None]
    assert page["data"][-1]["id"] > rest["data"][0]["id"]


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"number": "12"}, "invalid_number", "number: '12'"),
        ({"number": "22222"}, "invalid_number", "short code"),
        ({"number": "+491511234"}, "invalid_number", "lacks digits"),
        (
            {"number": ANNA, "fields": {"ctiy": "Ulm"}},
            "invalid_request",
            "gsmgw contacts fields set; did you mean 'city'?",
        ),
        ({"number": ANNA, "fields": {"age": "12"}}, "invalid_request", "age must be a number"),
        ({"number": ANNA, "fields": {"born": "31.2.1980"}}, "invalid_request", "is not a valid date"),
        ({"number": ANNA, "fields": {"size": "Lage"}}, "invalid_request", "did you mean 'Large'"),
        ({"number": ANNA, "language": "german"}, "invalid_request", "language: 'german' is not a valid language"),
        ({"number": ANNA, "time_zone": "CEST/Ulm"}, "invalid_request", "such as Europe/Berlin"),
        ({"number": ANNA, "groups": [" "]}, "invalid_request", "entry 1 must have 1 to 100"),
        ({"number": ANNA, "surname": "x"}, "invalid_request", "is not a known field"),
    ],
)
async def test_what_does_not_fit_is_refused_with_what_to_do(rig: Rig, body: Any, code: str, words: str) -> None:
    client = rig.client
    await client.put_field("city", "text")
    await client.put_field("age", "number")
    await client.put_field("born", "date")
    await client.put_field("size", "choice", choices=["Small", "Large"])
    status, found, detail = await refused(rig, "POST", "/v1/contacts", body)
    assert (status, found) == (422, code)
    assert words in detail
    assert [contact async for contact in client.contacts()] == []


async def test_a_number_belongs_to_one_contact(rig: Rig) -> None:
    anna = await rig.client.create_contact(ANNA)
    await rig.client.create_contact(BEN)
    for method, path, body in (
        ("POST", "/v1/contacts", {"number": ANNA}),
        ("PATCH", f"/v1/contacts/{BEN}", {"number": ANNA}),
    ):
        status, code, detail = await refused(rig, method, path, body)
        assert (status, code) == (409, "wrong_state")
        assert anna["id"] in detail


async def test_merging_keeps_the_number_and_fills_what_is_missing(rig: Rig) -> None:
    client = rig.client
    await client.put_field("city", "text")
    await client.put_field("plz", "text")
    await client.create_contact(ANNA, name="Anna", fields={"city": "Ulm"}, groups=["A"])
    await client.create_contact(
        BEN, name="A. Bauer", language="de", fields={"city": "Bonn", "plz": "89073"}, groups=["a", "B"]
    )
    kept = await client.merge_contacts(ANNA, BEN)
    assert (kept["number"], kept["name"], kept["language"]) == (ANNA, "Anna", "de")
    assert (kept["fields"], kept["groups"]) == ({"city": "Ulm", "plz": "89073"}, ["A", "B"])
    assert [contact["number"] async for contact in client.contacts()] == [ANNA]
    assert (await refused(rig, "POST", f"/v1/contacts/{ANNA}/merge", {"contact": ANNA}))[:2] == (409, "wrong_state")
    assert (await refused(rig, "POST", f"/v1/contacts/{ANNA}/merge", {"contact": BEN}))[:2] == (404, "not_found")


async def test_groups_have_members_by_number(rig: Rig) -> None:
    client = rig.client
    await client.create_group("Stammkunden")
    await client.create_contact(ANNA, name="Anna")
    assert await client.add_to_group("stammkunden", [ANNA, BEN]) == {"added": 2}
    assert await client.add_to_group("Stammkunden", [ANNA]) == {"added": 0}
    assert (await rig.http.put(f"/v1/groups/Stammkunden/members/{CARLA}")).status_code == 204
    assert [contact["number"] async for contact in client.group_members("Stammkunden")] == [CARLA, BEN, ANNA]
    assert (await client.group("Stammkunden"))["members"] == 3
    await client.remove_from_group("Stammkunden", BEN)
    assert (await refused(rig, "DELETE", f"/v1/groups/Stammkunden/members/{BEN}"))[0] == 404
    renamed = await client.change_group("Stammkunden", name="Regulars")
    assert (renamed["name"], renamed["members"]) == ("Regulars", 2)
    assert (await client.contact(ANNA))["groups"] == ["Regulars"]
    assert (await refused(rig, "POST", "/v1/groups", {"name": "REGULARS"}))[0] == 409
    await client.delete_group("Regulars")
    assert await client.groups() == []
    assert len([contact async for contact in client.contacts()]) == 3


async def test_a_field_keeps_what_contacts_have_in_it(rig: Rig) -> None:
    client = rig.client
    await client.put_field("size", "choice", choices=["S", "L"])
    await client.create_contact(ANNA, fields={"size": "l"})
    assert (await client.contact(ANNA))["fields"] == {"size": "L"}
    assert (await refused(rig, "PUT", "/v1/fields/size", {"type": "text"}))[0] == 409
    assert (await refused(rig, "PUT", "/v1/fields/size", {"type": "choice", "choices": ["S", "M"]}))[0] == 409
    await client.put_field("size", "choice", choices=["L", "M"])
    await client.delete_field("size")
    assert (await client.contact(ANNA))["fields"] == {}
    assert await client.fields() == []
    for name in ("Size", "last_reply", "1st", "a b"):
        assert (await refused(rig, "PUT", f"/v1/fields/{name}", {"type": "text"}))[:2] == (422, "invalid_request"), name
    assert (await refused(rig, "PUT", "/v1/fields/size", {"type": "choice"}))[0] == 422


async def test_an_export_has_all_that_match_and_is_imported_again(rig: Rig) -> None:
    client = rig.client
    await client.put_field("city", "text")
    rows = [f"+49151{12340000 + number},P{number},{'Even' if number % 2 == 0 else ''}" for number in range(1200)]
    await client.import_contacts("\n".join(["phone,name,group", *rows]).encode())
    await client.change_contact("+4915112340007", fields={"city": "Ulm"})
    text = "".join([portion async for portion in client.export_contacts("csv", group="Even")])
    assert text.count("\r\n") == 601
    whole = "".join([portion async for portion in client.export_contacts("csv", spreadsheet=True)])
    assert whole.startswith("\ufeffnumber,name,language,time_zone,groups,city\r\n")
    again = await client.import_contacts(whole.encode(), dry_run=True)
    assert (again["unchanged"], again["bad"], again["ignored_columns"]) == (1200, 0, [])
    cards = "".join([portion async for portion in client.export_contacts("vcard", segment='city = "Ulm"')])
    assert cards.count("BEGIN:VCARD") == 1
    answer = await rig.http.get("/v1/contacts/export", params={"format": "vcard", "q": "P7"})
    assert answer.headers["content-disposition"] == 'attachment; filename="contacts.vcf"'
    assert (await rig.http.get("/v1/contacts/export", params={"group": "None"})).status_code == 404


async def test_merging_keeps_the_stricter_consent(rig: Rig) -> None:
    client = rig.client
    await client.create_contact(ANNA)
    await client.create_contact(BEN)
    await rig.http.post("/v1/optouts", json={"number": BEN})
    await client.merge_contacts(ANNA, BEN)
    refusal = await rig.http.post("/v1/messages", json={"to": ANNA, "text": "x", "purpose": "marketing"})
    assert (refusal.status_code, refusal.json()["code"]) == (409, "recipient_opted_out")
    trail = (await rig.http.get(f"/v1/consent/{ANNA}")).json()
    assert f"merged with {BEN}" in str(trail)
