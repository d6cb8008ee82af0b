"""A modem that floods its port is left alone for a while: events, log and processor stay small, other modems go on."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.rig import simulated
from support.virtual import bench

from gsmgw.client.options import no_tls
from gsmgw.model import ModemState
from gsmgw.modem.health.recovery import QUARANTINE_PAUSES_S

ANNA = "+4915112345671"
#: What a flood is made of, and the limit that it reaches.
FLOODS: dict[str, tuple[str, dict[str, Any]]] = {
    "indications": ("lines", {"text": '+CMTI: "SM",1'}),
    "places": ("lines", {"text": '+CMTI: "SM",{n}'}),
    "rings": ("lines", {"text": "RING"}),
    "calls": ("events", {"text": 'RING\\n+CLIP: "+4917",145\\nNO CARRIER'}),
    "USSD": ("events", {"text": '+CUSD: 0,"hello {n}",15'}),
    "registration": ("lines", {"text": "+CREG: 1\\n+CREG: 2"}),
    "reports": ("PDUs", {"text": "+CDS: 26\\n00{n}"}),
    "full storage": ("events", {"text": "+SMS FULL: {n}"}),
    "restarts": ("lines", {"text": "RDY"}),
    "results": ("lines", {"text": "OK"}),
    "no line end": ("bytes", {"form": "unended", "text": "abcdefgh"}),
    "binary": ("bytes", {"form": "binary"}),
}


async def scrape(directory: Path) -> str:
    transport = httpx.AsyncHTTPTransport(uds=str(directory / "gsmgw.sock"), verify=no_tls())
    async with httpx.AsyncClient(transport=transport, base_url="http://gsmgw") as client:
        return (await client.get("/metrics")).text


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_is_bounded_and_nobody_else_notices(
    tmp_path: Path, flood: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gsmgw")
    limit, options = FLOODS[flood]
    async with simulated(tmp_path, 2) as (sim, rig):
        sim.modems["modem0"].fault("babble", bytes_s=400_000 if limit == "bytes" else 120_000, **options)
        sent = await rig.client.send(ANNA, "ordinary", modem="modem1")
        sim.send(from_=ANNA, to="modem1", text="in")
        assert (await rig.ended(sent["id"]))["status"] == "delivered"
        await rig.until(lambda: rig.gateway.modems["modem0"].status.state is ModemState.QUARANTINED, 60)
        babbling = await rig.event(0, "modem.babbling")
        assert (babbling["modem"], babbling["data"]["limit"]) == ("modem0", limit)
        assert babbling["data"]["retry_s"] == QUARANTINE_PAUSES_S[0]
        sent = await rig.client.send(ANNA, "still ordinary")
        assert (await rig.ended(sent["id"]))["status"] == "delivered"
        await rig.event(0, "message.received")
        metrics = await scrape(tmp_path)
        assert 'gsmgw_modem_babbling_total{modem="modem0"} 1.0' in metrics
        assert 'gsmgw_modem_babbling_total{modem="modem1"} 0.0' in metrics
        assert rig.gateway.feed.last_id < 1500
        assert not any(rig.gateway.supervisor.failures.values())


@pytest.mark.long
async def test_it_is_tried_again_and_left_alone_for_longer_while_it_goes_on() -> None:
    async with bench() as place:
        place.simulated.fault("babble", text="RING", bytes_s=60_000)
        for number, pause_s in enumerate((*QUARANTINE_PAUSES_S, QUARANTINE_PAUSES_S[-1])):
            await place.pass_until(lambda n=number: len(place.events("modem.babbling")) == n + 1, 60 + 2 * pause_s)  # type: ignore[misc]
            assert place.modem.status.state is ModemState.QUARANTINED
            assert place.events("modem.babbling")[-1]["retry_s"] == pause_s
        place.simulated.faults.clear()
        await place.ready(2 * QUARANTINE_PAUSES_S[-1])
        assert place.modem.status.state is ModemState.READY
        assert Counter(name for name, _ in place.sink.events)["call.missed"] < 20


async def test_a_full_storage_and_a_flood_of_texts_are_no_babbling(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (sim, rig):
        for number in range(1000):
            sim.send(from_=f"+4915112{number:06d}", to="modem0", text=f"text {number} " + "x" * 300)

        received = 0
        async with asyncio.timeout(120):
            async for _ in rig.client.events(0, types=["message.received"]):
                received += 1
                if received == 1000:
                    break
        assert rig.gateway.modems["modem0"].status.state is ModemState.READY
