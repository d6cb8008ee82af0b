"""/metrics tells what happened, and docs/reference/metrics.md lists each family."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import httpx
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from support.fleet import fleet_of
from support.receiver import receiving
from support.rig import Rig, hasty, simulated

from gsmgw.client.options import no_tls
from gsmgw.ports import RawPdu
from hw_sim import Simulation

ANNA = "+4915112345671"
BEN = "+4915112345672"
CARLA = "+4915112345673"
DORA = "+4915112345674"
LONG = "x" * 400  #: three segments
#: Families that only a gateway in a fleet has.
IN_A_FLEET = {
    "gsmgw_fleet_connected",
    "gsmgw_fleet_redeliveries_total",
    "gsmgw_fleet_nodes",
    "gsmgw_fleet_node_heard_seconds",
    "gsmgw_fleet_jobs",
}
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"


async def scrape(directory: Path, accept: str = "text/plain") -> httpx.Response:
    transport = httpx.AsyncHTTPTransport(uds=str(directory / "gsmgw.sock"), verify=no_tls())
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
        "mqtt": {"url": "mqtt://127.0.0.1:9"},  # where nobody listens
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
    assert found["gsmgw_bridge_behind", "mqtt"] >= 0
    assert found["gsmgw_database_bytes",] > 4096
    assert -120 < found["gsmgw_modem_signal_dbm", "modem0"] < -40
    assert found["gsmgw_modem_temperature_celsius", "modem0"] == modem["temperature_c"] == 32
    assert found["gsmgw_modem_voltage_volts", "modem0"] == modem["voltage_mv"] / 1000 == 3.858
    assert 0 < found["gsmgw_commit_seconds",] < 1
    assert ANNA not in answer.text

    documented = set(re.findall(r"^\| `([a-z_]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert {name for name, *_ in found} == documented - IN_A_FLEET


async def test_a_fleet_is_told_at_its_hub(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "ulm") as fleet:
        at_hub, at_node = samples(await fleet_scrape(fleet.hub)), samples(await fleet_scrape(fleet.nodes["ulm"]))
        assert {name for name, *_ in at_hub} >= IN_A_FLEET
        assert {name for name, *_ in at_node} & IN_A_FLEET == {
            "gsmgw_fleet_connected",
            "gsmgw_fleet_redeliveries_total",
        }
        assert at_node["gsmgw_bridge_behind", "fleet"] >= 0
        assert at_hub["gsmgw_fleet_connected",] == at_node["gsmgw_fleet_connected",] == 1
        assert 0 <= at_hub["gsmgw_fleet_node_heard_seconds", "ulm"] < 20
        await fleet.leave("ulm")
        await fleet.hub.client.send(ANNA, "Hello")
        await fleet.hub.event(0, "message.sending")
        await fleet.node_is("ulm", silent=True)
        expected = {
            ("gsmgw_fleet_nodes", "connected"): 0, ("gsmgw_fleet_nodes", "silent"): 1,
            ("gsmgw_fleet_jobs", "ulm", "waiting"): 1, ("gsmgw_fleet_jobs", "ulm", "begun"): 0,
        }  # fmt: skip
        found = samples(await fleet_scrape(fleet.hub))
        assert {key: found.get(key) for key in expected} == expected


async def fleet_scrape(rig: Rig) -> str:
    return (await rig.http.get("/metrics")).text


async def test_one_of_everything_is_counted_as_the_network_counted_it(tmp_path: Path) -> None:
    sections = {
        **hasty(tmp_path),
        "pool": [{"name": "all", "modems": ["modem0", "modem1"]}],
    }
    async with simulated(tmp_path, 2, sections) as (sim, rig):
        await _outbound(sim, rig)
        await _inbound(sim, rig)
        found = samples((await scrape(tmp_path)).text)
        stats = await rig.client.stats()
        for name in ("modem0", "modem1"):
            submitted = [event for event in sim.submits if event["modem"] == name]
            assert found["gsmgw_segments_sent_total", name] == len(submitted), name
            for place, use in rig.gateway.modems[name].status.storage.items():
                assert found["gsmgw_modem_storage_total", name, place] == use.total
                assert found["gsmgw_modem_storage_used", name, place] == use.used
            assert found["gsmgw_modem_signal_dbm", name] == 2 * sim.modems[name].radio.signal()[0] - 113
    outcomes = {
        ("outbound", "sent"): 7, ("outbound", "delivered"): 2, ("outbound", "undelivered"): 1,
        ("outbound", "failed"): 1, ("outbound", "canceled"): 1, ("outbound", "expired"): 1, ("outbound", "unknown"): 2,
        ("inbound", "received"): 2, ("inbound", "quarantined"): 1,
    }  # fmt: skip
    counted = dict.fromkeys(outcomes, 0.0)
    for (name, *labels), value in found.items():
        if name == "gsmgw_messages_passed_total":
            counted[labels[0], labels[-1]] += value
    assert counted == outcomes
    assert {outcome: count for outcome, count in stats["since_start"].items() if count} == {
        outcome: count for (_, outcome), count in outcomes.items()
    }
    once = ("call.missed", "ussd.received", "message.quarantined", "message.failed", "message.canceled")
    assert {type: found.get(("gsmgw_events_total", type)) for type in once} == dict.fromkeys(once, 1)
    gauges = {"failed": 1, "undelivered": 1, "queued": 0, "sending": 0, "unknown": 0, "scheduled": 0}
    assert {status: found["gsmgw_messages", status] for status in gauges} == gauges


async def _outbound(sim: Simulation, rig: Rig) -> None:
    """Single, long, undelivered, failed, canceled, expired, and two whose result is lost: one long, one not."""
    sim.phone(BEN).status = 0x41  # incompatible destination: a permanent error (TS 23.040 9.2.3.15)
    sim.network.set_rules(refused={CARLA: 1})  # unassigned number (TS 24.011 E.2)
    for to, text, modem in (
        (ANNA, "single", "modem0"),
        (ANNA, LONG, "modem1"),
        (BEN, "no", "modem0"),
        (CARLA, "no", "modem0"),
    ):
        await rig.ended((await rig.client.send(to, text, modem=modem))["id"])
    for text in ("in doubt", LONG + "in doubt"):
        sim.modems["modem1"].fault("lost-result", count=1)
        doubtful = await rig.client.send(ANNA, text, modem="modem1", delivery_report=False)
        await rig.event(0, "message.unknown", where=lambda event, id=doubtful["id"]: event["message_id"] == id)  # type: ignore[misc]
        await rig.client.send(ANNA, "its reference tells about the one before", modem="modem1", delivery_report=False)
        await rig.event(0, "message.sent", where=lambda event, id=doubtful["id"]: event["message_id"] == id)  # type: ignore[misc]
    later = await rig.client.send(ANNA, "later", send_at="2099-01-01T00:00:00Z")
    await rig.client.request("POST", f"/v1/messages/{later['id']}/cancel")
    await rig.client.request("POST", "/v1/modems/modem0/disable")
    await rig.modem_is("modem0", "disabled")
    late = await rig.client.send(DORA, "too late", modem="modem0", valid_for=60)
    await rig.gateway.store.write(
        lambda tx: tx.run("UPDATE messages SET expires_ms = 1 WHERE status = 'queued' AND peer = ?", (DORA,))
    )
    rig.gateway.scheduler.due(rig.gateway.clock.wall_ms())
    await rig.ended(late["id"])
    await rig.client.request("POST", "/v1/modems/modem0/enable")
    await rig.modem_is("modem0", "ready")


async def _inbound(sim: Simulation, rig: Rig) -> None:
    """A text of each length, one that nobody understands, a call and a USSD text."""
    sim.send(from_=ANNA, to="modem1", text="hello")
    sim.send(from_=ANNA, to="modem1", text=LONG)
    await rig.event(0, "message.received", where=lambda event: event["data"]["segments"] == 3)
    await rig.gateway.collector.take(RawPdu("modem0", "sim", "FF" * 20, None, "SM", 1, 0))
    sim.modems["modem0"].voice.ring(ANNA)
    await rig.event(0, "call.missed")
    sim.modems["modem0"].urc('+CUSD: 0,"Welcome",15')
    await rig.event(0, "ussd.received")
    sim.modems["modem0"].voice.hang_up()


async def _received(rig: Rig) -> None:
    await rig.event(0, "message.received")
    await rig.until(lambda: rig.gateway.hooks.lags() == {"noop": 0})
