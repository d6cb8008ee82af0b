"""Statistics: what was sent, delivered and received, counted once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.processes import site, until
from support.rig import Rig, simulated
from support.shell import command

from gsmgw.client import ApiError, Client
from gsmgw.dispatch import EventFeed, Rollups
from gsmgw.model import Event
from gsmgw.prices import Prices
from gsmgw.store import Store, rollups

DE, FR = "+4915112345671", "+33612345678"
PRICES = [{"country": "DE", "modem": "modem0", "per_segment": 0.07}, {"country": "AT", "per_segment": 0.2}]


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with simulated(tmp_path, modems=1, sections={"price": PRICES}, currency="EUR") as (sim, rig):
        for to, text, tags in ((DE, "one", ["a", "b"]), (DE, "x" * 200, ["a"]), (FR, "three", [])):
            sent = await rig.client.send(to, text, tags=tags, delivery_report=True)
            await rig.ended(sent["id"])
        sim.send(from_=DE, to="modem0", text="hello")
        await rig.event(0, "message.received")
        yield rig


def keyed(answer: Any) -> dict[str, Any]:
    return {entry["key"]: entry for entry in answer["data"]}


async def test_each_dimension_counts_what_belongs_to_it(rig: Rig) -> None:
    found = await rig.client.statistics(by="country")
    total = found["total"]
    assert (total["accepted"], total["sent"], total["segments"], total["delivered"]) == (3, 3, 4, 3)
    assert (total["received"], total["delivery_rate"], total["cost"]) == (1, 1.0, 0.21)
    assert found["currency"] == "EUR"
    countries = keyed(found)
    assert (countries["DE"]["sent"], countries["DE"]["received"], countries["DE"]["cost"]) == (2, 1, 0.21)
    assert (countries["FR"]["sent"], countries["FR"]["cost"]) == (1, None)
    tags = keyed(await rig.client.statistics(by="tag"))
    assert (tags["a"]["delivered"], tags["b"]["delivered"]) == (2, 1)
    modems = keyed(await rig.client.statistics(by="modem"))
    assert (modems["modem0"]["sent"], modems["modem0"]["received"]) == (3, 1)
    assert modems["modem0"]["delivery_time"]["p99_s"] > 0
    assert (await rig.client.statistics(by="campaign"))["data"] == []


async def test_hours_and_days(rig: Rig) -> None:
    (hour, *more) = (await rig.client.statistics(by="hour"))["data"]
    assert hour["key"].endswith(":00:00.000Z")
    assert sum(each["sent"] for each in (hour, *more)) == 3
    days = (await rig.client.statistics(by="day", time_zone="Pacific/Kiritimati"))["data"]
    assert sum(day["sent"] for day in days) == 3
    assert len(days[0]["key"]) == 10
    over = await rig.client.statistics(since="2020-01-01T00:00:00Z", until="2020-02-01T00:00:00Z")
    assert (over["data"], over["total"]["sent"], over["total"]["delivery_rate"]) == ([], 0, None)
    with pytest.raises(ApiError, match="by=hour covers at most 62 days"):
        await rig.client.statistics(by="hour", since="2020-01-01T00:00:00Z")
    with pytest.raises(ApiError, match="is not a known time zone"):
        await rig.client.statistics(time_zone="Mars/Olympus")


async def test_a_failure_has_its_cause(rig: Rig) -> None:
    events = [Event(10**6, rig.gateway.clock.wall_ms(), "message.failed", 5, None, {"to": DE, "error": {"code": "z"}})]
    found = await rig.gateway.store.read(lambda db: rollups.measure(db, events, lambda _: "DE", Prices().of_segment))
    await rig.gateway.store.write(lambda tx: rollups.add(tx, found))
    total = (await rig.client.statistics())["total"]
    assert (total["failed"], total["causes"]) == (1, {"z": 1})


async def test_events_count_once_however_often_the_gateway_starts(rig: Rig) -> None:
    before = await rig.client.statistics()
    store: Store = rig.gateway.store
    feed = EventFeed()
    await feed.attach(store)
    again = Rollups(store, rig.gateway.clock, feed, Prices())
    while await again.step():
        pass
    assert again.position == feed.last_id
    after = await rig.client.statistics()
    assert after["total"] == before["total"]


async def test_tokens_of_some_modems_may_not_read_them(rig: Rig) -> None:
    body = {"name": "t", "scopes": ["read"], "modems": ["modem0"]}
    token = (await rig.client.request("POST", "/v1/tokens", json=body))["token"]
    answer = await rig.http.get("/v1/statistics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 403


async def test_the_command(rig: Rig, tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        done = command("--socket", str(tmp_path / "gsmgw.sock"), "statistics", *arguments)
        assert done.exit_code == 0, done.output
        return done.output

    shown = await asyncio.to_thread(run, "--by", "country")
    assert "0.21 EUR" in shown
    assert "100.0%" in shown
    assert json.loads(await asyncio.to_thread(run, "--json"))["total"]["sent"] == 3


@pytest.mark.long
def test_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    with site(tmp_path, modems=1, gateway="unknown_grace_s = 3") as place:
        for number in range(3):
            with place.start() as client:
                until(lambda c=client: c.modems()[0]["state"] == "ready")  # type: ignore[misc]
                client.send_many([{"to": DE, "text": f"{number} {n}", "delivery_report": True} for n in range(30)])
                until(lambda c=client: c.statistics()["total"]["sent"] > 0)  # type: ignore[misc]
                if number < 2:
                    place.kill()
        with Client(place.socket) as client:
            until(lambda: not client.stats()["messages"])
            events = [event for event in _events(client) if event["type"].startswith("message.")]
            total = client.statistics()["total"]
        for name in ("sent", "delivered"):
            assert total[name] == sum(event["type"] == f"message.{name}" for event in events)
        assert total["accepted"] == 90


def _events(client: Client) -> list[Any]:
    last = client.stats()["last_event"]
    found = []
    for event in client.events(0):
        found.append(event)
        if event["id"] >= last:
            return found
    return found
