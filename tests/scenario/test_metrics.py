"""/metrics tells what happened, and docs/reference/metrics.md lists each family."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import httpx
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from support.receiver import receiving
from support.rig import Rig, simulated

ANNA = "+4915112345671"
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


async def scrape(directory: Path, accept: str = "text/plain") -> httpx.Response:
    transport = httpx.AsyncHTTPTransport(uds=str(directory / "gsmgw.sock"))
    async with httpx.AsyncClient(transport=transport, base_url="http://gsmgw") as client:
        return await client.get("/metrics", headers={"Accept": accept})


def samples(text: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_what_happened_is_told_and_documented(tmp_path: Path) -> None:
    sections = {
        "webhooks": {"allow": ["http", "loopback"]},
        "hook": [{"name": "noop", "command": [sys.executable, "-c", ""], "events": ["call.missed"]}],
    }
    async with receiving() as receiver, simulated(tmp_path, 2, sections, "quectel-ec25") as (sim, rig):
        hook = await rig.client.request("POST", "/v1/webhooks", json={"url": receiver.url, "events": ["call.missed"]})
        await rig.client.request("POST", f"/v1/webhooks/{hook['id']}/pause")
        sent = await rig.client.send(ANNA, "x" * 200, modem="modem0")
        await rig.ended(sent["id"])
        await rig.client.send(ANNA, "later", send_at="2099-01-01T00:00:00Z")
        sim.send(from_=ANNA, to="modem1", text="hello")
        await _received(rig)
        answer = await scrape(tmp_path)
        modem = await rig.client.request("GET", "/v1/modems/modem0")
        found = samples(answer.text)
        last = rig.gateway.feed.last_id
        openmetrics = await scrape(tmp_path, "application/openmetrics-text; version=1.0.0")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert openmetrics.headers["content-type"].startswith("application/openmetrics-text")
    assert len(list(parse_openmetrics(openmetrics.text))) > 15
    expected = {
        ("gsmgw_messages", "scheduled"): 1, ("gsmgw_messages", "queued"): 0,
        ("gsmgw_messages_passed_total", "outbound", "modem0", "sent"): 1,
        ("gsmgw_messages_passed_total", "outbound", "modem0", "delivered"): 1,
        ("gsmgw_messages_passed_total", "inbound", "modem1", "received"): 1,
        ("gsmgw_segments_sent_total", "modem0"): 2,
        ("gsmgw_modems", "ready"): 2, ("gsmgw_modems", "quarantined"): 0,
        ("gsmgw_modem_ready", "modem1"): 1,
        ("gsmgw_database_ok",): 1, ("gsmgw_queue_oldest_seconds",): 0,
        ("gsmgw_events_total", "message.received"): 1, ("gsmgw_event_last_id",): last,
        ("gsmgw_webhook_active", hook["id"]): 0, ("gsmgw_webhook_pending", hook["id"]): 0,
    }  # fmt: skip
    assert {key: found.get(key) for key in expected} == expected
    assert found["gsmgw_webhook_behind", hook["id"]] > 0
    assert found["gsmgw_hook_behind", "noop"] == 0
    assert found["gsmgw_database_bytes",] > 4096
    assert -120 < found["gsmgw_modem_signal_dbm", "modem0"] < -40
    assert found["gsmgw_modem_temperature_celsius", "modem0"] == modem["temperature_c"] == 32
    assert found["gsmgw_modem_voltage_volts", "modem0"] == modem["voltage_mv"] / 1000 == 3.858
    assert 0 < found["gsmgw_commit_seconds",] < 1
    assert ANNA not in answer.text

    documented = set(re.findall(r"^\| `([a-z_]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert {name for name, *_ in found} == documented


async def _received(rig: Rig) -> None:
    await rig.event(0, "message.received")
    await rig.until(lambda: rig.gateway.hooks.lags() == {"noop": 0})
