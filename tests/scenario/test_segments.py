"""Segments over the API: a preview, filters, smart groups, and what is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.rig import Rig, make_config, running, simulated

from gsmgw.client import ApiError
from hw_sim import Simulation

ANNA, BEN, CARLA = "+4915112345671", "+4915112345672", "+4915112345673"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(make_config(tmp_path, {})) as found:
        client = found.client
        await client.put_field("city", "text")
        await client.put_field("born", "date")
        await client.create_contact(ANNA, name="Anna", fields={"city": "Ulm", "born": "1980-04-17"}, groups=["A"])
        await client.create_contact(BEN, name="Ben", fields={"city": "Bonn"}, groups=["A", "Blocked"])
        await client.create_contact(CARLA, name="Carla")
        yield found


async def numbers(rig: Rig, segment: str) -> list[str]:
    return [contact["number"] for contact in (await rig.client.preview_segment(segment))["sample"]]


async def test_a_preview_counts_and_shows_the_newest(rig: Rig) -> None:
    seen = await rig.client.preview_segment('CITY = "ulm" or not born is empty')
    assert (seen["count"], [contact["number"] for contact in seen["sample"]]) == (1, [ANNA])
    assert seen["segment"] == 'city = "ulm" or not born is empty'
    assert seen["tree"] == {
        "or": [
            {"field": "city", "op": "=", "kind": "text", "value": "ulm"},
            {"not": {"field": "born", "op": "is empty"}},
        ]
    }
    answer = await rig.http.post("/v1/segments/preview", json={"tree": seen["tree"]})
    assert answer.json() == seen
    for number in range(30):
        await rig.client.create_contact(f"+49151123457{number:02d}")
    many = await rig.client.preview_segment("city is empty")
    assert (many["count"], len(many["sample"])) == (31, 20)


async def test_a_negation_includes_those_without_a_value(rig: Rig) -> None:
    assert await numbers(rig, 'not city = "Ulm"') == [CARLA, BEN]
    assert await numbers(rig, 'city != "Ulm"') == [CARLA, BEN]
    assert await numbers(rig, 'not group = "Blocked"') == [CARLA, ANNA]
    assert await numbers(rig, "not last_reply < 30d") == [CARLA, BEN, ANNA]


async def test_lists_and_groups_take_a_segment(rig: Rig) -> None:
    client = rig.client
    assert [each["number"] async for each in client.contacts(segment='group = "a"', q="ben")] == [BEN]
    smart = await client.create_group("Reachable", 'not group = "Blocked"')
    assert smart["members"] == 2
    assert [each["number"] async for each in client.group_members("reachable")] == [CARLA, ANNA]
    assert [each["number"] async for each in client.contacts(group="Reachable")] == [CARLA, ANNA]
    assert await numbers(rig, 'group = "Reachable" and city is not empty') == [ANNA]
    assert (await client.contact(ANNA))["groups"] == ["A"]
    with pytest.raises(ApiError, match="smart group"):
        await client.add_to_group("Reachable", [BEN])
    with pytest.raises(ApiError, match="smart group"):
        await client.change_contact(BEN, groups=["Reachable"])
    with pytest.raises(ApiError, match="refers to itself"):
        await client.change_group("Reachable", segment='group = "Reachable"')
    with pytest.raises(ApiError, match="has members"):
        await client.change_group("A", segment="city is empty")
    for call in (client.delete_group("Blocked"), client.change_group("Blocked", name="Other")):
        with pytest.raises(ApiError, match="'Reachable' refers to 'Blocked'"):
            await call
    await client.change_group("Reachable", segment=None)
    await client.delete_group("Blocked")
    assert (await client.group("Reachable"))["members"] == 0


async def test_a_smart_group_outlives_the_field_that_it_names(rig: Rig) -> None:
    await rig.client.create_group("Ulm", 'city = "Ulm"')
    await rig.client.delete_field("city")
    assert (await rig.client.group("Ulm"))["members"] is None
    with pytest.raises(ApiError, match="'city' does not exist"):
        [each async for each in rig.client.group_members("Ulm")]


@pytest.mark.parametrize(
    ("body", "code", "pointer", "column", "words"),
    [
        ({"segment": 'ctiy = "Ulm"'}, "invalid_segment", "/segment", 1, "did you mean 'city'?"),
        ({"segment": 'city = "Ulm" and'}, "invalid_segment", "/segment", 17, "expected a field"),
        ({"segment": 'group = "Blokced"'}, "invalid_segment", "/segment", 1, "did you mean 'Blocked'?"),
        ({"tree": {"field": "ctiy", "op": "is empty"}}, "invalid_segment", "/tree", None, "did you mean 'city'?"),
        ({"tree": {"or": []}}, "invalid_segment", "/tree", None, "tree.or must be a list"),
        ({}, "invalid_request", None, None, "segment or tree"),
    ],
)
async def test_an_error_says_where_and_what_to_do(
    rig: Rig, body: Any, code: str, pointer: str | None, column: int | None, words: str
) -> None:
    answer = await rig.http.post("/v1/segments/preview", json=body)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, code)
    assert words in problem["detail"]
    if pointer is not None:
        (error,) = problem["errors"]
        assert (error["pointer"], error.get("column")) == (pointer, column)


async def test_history_and_consent_are_conditions(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (sim, rig):
        await history(rig, sim)


async def history(rig: Rig, sim: Simulation) -> None:
    client = rig.client
    for number in (ANNA, BEN, CARLA):
        await client.create_contact(number)
    for number in (ANNA, BEN):
        sent = await client.send(number, "hello")
        await rig.ended(sent["id"])
    cursor = rig.gateway.feed.last_id
    sim.send(from_=ANNA, to="modem0", text="I will come")
    sim.send(from_=BEN, to="modem0", text="STOP")
    await rig.event(cursor, "message.received", where=lambda event: event["data"]["from"] == ANNA)
    await rig.event(cursor, "consent.changed")
    assert await numbers(rig, "last_sent < 1h") == [BEN, ANNA]
    assert await numbers(rig, "delivered < 1h and last_reply < 1h") == [BEN, ANNA]
    assert await numbers(rig, "last_sent > 1h") == []
    assert await numbers(rig, "last_reply is empty") == [CARLA]
    assert await numbers(rig, 'consent = "out"') == [BEN]
    assert await numbers(rig, "consent is empty") == [CARLA, ANNA]
