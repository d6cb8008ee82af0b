"""A hub and two nodes with simulated modems, over a real NATS server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.line import Line
from support.nats_server import NatsServer, nats_server
from support.rig import Rig, simulated

from gsmgw.bridges.fleet import subjects
from gsmgw.bridges.fleet.contents import NodeEvent, event_payload, events_payload, job_payload
from gsmgw.client import ApiError
from gsmgw.model import Outgoing, Priority
from gsmgw.store import fleet_state
from gsmgw.store.fleet_jobs import JobName
from hw_sim import Simulation

ANNA, BEN = "+4915112345678", "+4915187654321"


@dataclass
class Fleet:
    nats: NatsServer
    hub: Rig
    sims: dict[str, Simulation]
    nodes: dict[str, Rig]
    lines: dict[str, Line]

    def bridge(self) -> Any:
        return self.hub.gateway.bridges.standing["fleet"]

    def all_received(self) -> list[str]:
        return [str(event["text"]) for sim in self.sims.values() for event in sim.submits]

    def all_numbers(self) -> list[str]:
        return [str(event["to"]) for sim in self.sims.values() for event in sim.submits]

    def received(self, number: str) -> list[str]:
        return [each.text for sim in self.sims.values() for each in sim.phone(number).received]


@asynccontextmanager
async def fleet(
    directory: Path,
    nodes: tuple[str, ...] = ("berlin", "ulm"),
    modems: int = 1,
    sections: dict[str, Any] | None = None,
    **hub: Any,
) -> AsyncIterator[Fleet]:
    """A hub without modems, and nodes, all connected."""
    with nats_server(directory / "nats") as nats:
        async with AsyncExitStack() as stack:
            section = {"url": nats.url, "hub": True, "silent_after_s": 5.0, **hub}
            (directory / "hub").mkdir()
            _, rig = await stack.enter_async_context(
                simulated(directory / "hub", 0, {"fleet": section, **(sections or {})})
            )
            found = Fleet(nats, rig, {}, {}, {})
            await rig.until(lambda: found.bridge().trouble is None)
            for name in nodes:
                (directory / name).mkdir()
                line = found.lines[name] = Line(nats.port)
                stack.callback(line.close)
                node = {"url": line.url, "node": name}
                sim, node_rig = await stack.enter_async_context(simulated(directory / name, modems, {"fleet": node}))
                found.sims[name], found.nodes[name] = sim, node_rig
            modem_names = {f"{name}/modem{n}" for name in nodes for n in range(modems)}
            await rig.until(
                lambda: (
                    {name for name, modem in found.bridge().hub.nodes.modems.items() if modem.status.state.carries}
                    == modem_names
                )
            )
            yield found


async def test_a_text_there_and_back(tmp_path: Path) -> None:
    async with fleet(tmp_path) as found:
        sent = await found.hub.client.send(ANNA, "Grüße")
        message = await found.hub.ended(sent["id"])
        assert message["status"] == "delivered"
        assert message["modem"] in ("berlin/modem0", "ulm/modem0")
        assert found.received(ANNA) == ["Grüße"]
        events = [event async for event in _until_delivered(found.hub, sent["id"])]
        assert [event["type"] for event in events] == [
            "message.queued",
            "message.sending",
            "message.sent",
            "message.delivered",
        ]
        found.sims["ulm"].send(from_=ANNA, to="modem0", text="Danke")
        event = await found.hub.event(0, "message.received")
        assert (event["modem"], event["data"]["text"]) == ("ulm/modem0", "Danke")


async def _until_delivered(rig: Rig, message_id: str) -> AsyncIterator[Any]:
    async for event in rig.client.events(0):
        if event["message_id"] == message_id:
            yield event
            if event["type"] == "message.delivered":
                return


async def test_long_texts_and_data_and_what_a_node_refuses(tmp_path: Path) -> None:
    async with fleet(tmp_path, ("ulm",)) as found:
        long = "Grüße aus Ulm. " * 30
        sent = await found.hub.client.send(ANNA, long)
        assert (await found.hub.ended(sent["id"]))["status"] == "delivered"
        assert found.received(ANNA) == [long]
        with pytest.raises(ApiError, match="does not exist"):
            await found.hub.client.send(ANNA, "x", modem="ulm/modem9")


async def test_a_message_for_one_modem_goes_through_that_one(tmp_path: Path) -> None:
    async with fleet(tmp_path, modems=2) as found:
        sent = [await found.hub.client.send(ANNA, f"{n}", modem="ulm/modem1") for n in range(3)]
        for each in sent:
            message = await found.hub.ended(each["id"])
            assert (message["status"], message["modem"]) == ("delivered", "ulm/modem1")
        assert found.received(ANNA) == ["0", "1", "2"]


async def test_a_conversation_stays_with_the_sim_that_was_texted(tmp_path: Path) -> None:
    async with fleet(tmp_path, modems=2) as found:
        found.sims["berlin"].send(from_=ANNA, to="modem1", text="Hallo?")
        await found.hub.event(0, "message.received")
        for n in range(4):
            sent = await found.hub.client.send(ANNA, f"{n}")
            assert (await found.hub.ended(sent["id"]))["modem"].startswith("berlin/")


async def test_who_said_stop_at_one_node_is_texted_by_none(tmp_path: Path) -> None:
    async with fleet(tmp_path) as found:
        found.sims["ulm"].send(from_=ANNA, to="modem0", text="STOP")
        await found.hub.event(0, "consent.changed")
        with pytest.raises(ApiError, match="opted out"):
            await found.hub.client.send(ANNA, "Angebot")
        for rig in found.nodes.values():  # also by what is sent at the nodes themselves
            await _until_async(lambda rig=rig: _is_out(rig, ANNA))
        # One confirmation, by the hub, through the SIM that was texted.
        await found.hub.until(lambda: len(found.received(ANNA)) == 1)
        assert len(found.sims["ulm"].phone(ANNA).received) == 1


async def test_an_opt_out_at_the_hub_stops_what_a_node_has(tmp_path: Path) -> None:
    async with fleet(tmp_path, ("ulm",)) as found:
        response = await found.hub.http.post("/v1/optouts", json={"number": BEN})
        assert response.status_code in (200, 201), response.text
        await _until_async(lambda: _is_out(found.nodes["ulm"], BEN))


async def test_a_number_that_is_erased_at_the_hub_is_erased_at_the_nodes_once(tmp_path: Path) -> None:
    async with fleet(tmp_path) as found:
        hub, ulm, berlin = found.hub, found.nodes["ulm"], found.nodes["berlin"]
        found.sims["ulm"].send(from_=ANNA, to="modem0", text="Do you open at eight?")
        own = await berlin.client.send(ANNA, "Your bicycle is ready")
        assert (await berlin.ended(own["id"]))["status"] == "delivered"
        await hub.event(0, "message.received")
        found.sims["ulm"].send(from_=ANNA, to="modem0", text="STOP")
        await berlin.event(0, "consent.changed")
        await hub.event(0, "message.delivered")  # the confirmation
        found.lines["berlin"].cut()

        await hub.client.erase_person(ANNA)
        await _until_async(lambda: _knows_nothing_of(ulm, ANNA))
        assert not await _knows_nothing_of(berlin, ANNA)
        found.lines["berlin"].mend()
        await _until_async(lambda: _knows_nothing_of(berlin, ANNA))

        # What comes later is kept, also when hub and node connect again. The opt-out holds.
        found.sims["ulm"].send(from_=ANNA, to="modem0", text="And on Sunday?")
        await hub.event(0, "message.received", where=lambda event: event["data"]["text"] == "And on Sunday?")
        await _reconnect(found)
        found.sims["berlin"].send(from_=BEN, to="modem0", text="STOP")
        await _until_async(lambda: _is_out(ulm, BEN))
        assert not await _knows_nothing_of(ulm, ANNA)
        for rig in (hub, ulm, berlin):
            assert await _is_out(rig, ANNA)


async def test_consent_that_changed_without_a_connection(tmp_path: Path) -> None:
    """One opted in again, one was erased: only the first may be texted, and the server forgets the second."""
    async with fleet(tmp_path, ("ulm",)) as found:
        hub, ulm = found.hub, found.nodes["ulm"]
        for number in (ANNA, BEN):
            await hub.client.opt_out(number)
            await _until_async(lambda number=number: _is_out(ulm, number))
        before = found.bridge().hub._connection
        await asyncio.to_thread(found.nats.kill)
        await hub.until(lambda: found.bridge().hub._connection is None)
        await hub.client.end_opt_out(ANNA, reason="asked")
        await hub.client.erase_person(BEN)
        # As if the server had been asked to forget it before the last opt-out came there.
        await hub.gateway.store.write(lambda tx: tx.run("DELETE FROM fleet_erasures"))
        await asyncio.to_thread(found.nats.start)
        await hub.until(lambda: found.bridge().hub._connection not in (None, before))
        await _until_async(lambda: _may_be_texted(ulm, ANNA))
        assert await _is_out(hub, BEN)
        assert await _is_out(ulm, BEN)
        js = found.bridge().hub._connection._jetstream
        assert (await js.stream_info("KV_gsmgw-consent")).state.messages == 1


async def _may_be_texted(rig: Rig, number: str) -> bool:
    return not await _is_out(rig, number)


async def test_an_erasure_tells_a_node_of_an_opt_out_that_it_missed(tmp_path: Path) -> None:
    async with fleet(tmp_path, ("ulm",)) as found:
        found.lines["ulm"].cut()
        await found.hub.client.opt_out(ANNA)
        await found.hub.client.erase_person(ANNA)
        await found.hub.until(lambda: "ulm" in found.bridge().hub.nodes.by_name)
        found.lines["ulm"].mend()
        await _until_async(lambda: _is_out(found.nodes["ulm"], ANNA))


async def test_an_erased_number_is_not_left_at_the_server(tmp_path: Path) -> None:
    async with fleet(tmp_path, ("ulm",)) as found:
        await found.hub.client.opt_out(ANNA)
        await _until_async(lambda: _is_out(found.nodes["ulm"], ANNA))
        await found.hub.client.erase_person(ANNA)
        await _until_async(lambda: _knows_nothing_of(found.nodes["ulm"], ANNA))
        js = found.bridge().hub._connection._jetstream
        assert (await js.stream_info("KV_gsmgw-consent")).state.messages == 0
        assert await found.hub.gateway.store.read(fleet_state.erasures) == []


async def _knows_nothing_of(rig: Rig, number: str) -> bool:
    known = (await rig.http.post(f"/v1/privacy/{number}/export")).json()
    return not known["messages"] and not known["events"]


async def _reconnect(found: Fleet) -> None:
    """Let the hub and all nodes lose their connections, and have them again."""
    connections = [found.bridge().hub._connection]
    await asyncio.to_thread(found.nats.kill)
    await asyncio.to_thread(found.nats.start)
    await found.hub.until(lambda: found.bridge().hub._connection not in (None, *connections))


async def _is_out(rig: Rig, number: str) -> bool:
    response = await rig.http.post("/v1/messages", json={"to": number, "text": "x"})
    return response.json().get("code") == "recipient_opted_out"


async def _until_async(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110 - what is waited for is asked of another program
            await asyncio.sleep(0.05)


def _hold(found: Fleet, node: str, count: int = 1, seconds: float = 30.0) -> None:
    """Let the network take its time for the next messages of a node."""
    found.sims[node].modem("modem0").fault("slow-result", count=count, seconds=seconds)


async def test_a_message_at_a_node_is_canceled_before_it_is_sent(tmp_path: Path) -> None:
    async with fleet(tmp_path, ("ulm",)) as found:
        _hold(found, "ulm", seconds=3)
        first = await found.hub.client.send(ANNA, "first")
        second = await found.hub.client.send(BEN, "second")
        await _until_async(lambda: _is(found.hub, second["id"], "sending"))
        answer = await found.hub.http.post(f"/v1/messages/{second['id']}/cancel")
        assert answer.status_code < 300, answer.text
        assert (await found.hub.client.message(second["id"]))["status"] == "canceled"
        assert (await found.hub.ended(first["id"]))["status"] == "delivered"
        assert found.received(BEN) == []


async def _is(rig: Rig, message_id: str, *states: str) -> bool:
    return (await rig.client.message(message_id))["status"] in states


async def test_a_node_whose_line_is_cut_goes_on_and_tells_later(tmp_path: Path) -> None:
    async with fleet(tmp_path) as found:
        _hold(found, "ulm", seconds=1)
        sent = await found.hub.client.send(ANNA, "on its way", modem="ulm/modem0")
        await _until_async(lambda: _is_taken(found, "ulm"))
        found.lines["ulm"].cut()
        await found.hub.until(lambda: not found.bridge().hub.nodes.modems["ulm/modem0"].status.state.carries)
        # Its own API takes and sends texts, and its customers' texts are kept.
        local = await found.nodes["ulm"].client.send(BEN, "from the shop")
        assert (await found.nodes["ulm"].ended(local["id"]))["status"] == "delivered"
        found.sims["ulm"].send(from_=BEN, to="modem0", text="while it was away")
        assert (await found.hub.client.message(sent["id"]))["status"] == "sending"
        # Others go on.
        other = await found.hub.client.send("+4915155555555", "through Berlin")
        assert (await found.hub.ended(other["id"]))["modem"] == "berlin/modem0"
        found.lines["ulm"].mend()
        assert (await found.hub.ended(sent["id"]))["status"] == "delivered"
        event = await found.hub.event(0, "message.received")
        assert event["data"]["text"] == "while it was away"
        assert found.received(ANNA) == ["on its way"]


async def _is_taken(found: Fleet, node: str) -> bool:
    page = await found.nodes[node].http.get("/v1/messages")
    return bool(page.json()["data"])


async def test_jobs_that_a_silent_node_has_not_taken_are_moved_without_a_risk(tmp_path: Path) -> None:
    async with fleet(tmp_path) as found:
        modem = found.bridge().hub.nodes.modems["ulm/modem0"]
        found.lines["ulm"].cut()  # the hub does not know yet, and assigns
        sent = await found.hub.client.send(ANNA, "to somebody")
        pinned = await found.hub.client.send(BEN, "pinned", modem="ulm/modem0")
        await found.hub.until(lambda: not modem.status.state.carries)
        assert await found.bridge().hub.requests.move("ulm", risk=False) in ((1, 0), (2, 0))
        assert (await found.hub.ended(sent["id"]))["modem"] == "berlin/modem0"
        message = await found.hub.client.message(pinned["id"])
        assert (message["status"], message["waiting_for"]["word"]) == ("queued", "modem")
        found.lines["ulm"].mend()
        assert (await found.hub.ended(pinned["id"]))["status"] == "delivered"
        assert (found.received(ANNA), found.received(BEN)) == (["to somebody"], ["pinned"])


async def test_what_a_silent_node_may_have_sent_is_moved_only_with_the_risk_and_says_so(tmp_path: Path) -> None:
    async with fleet(tmp_path) as found:
        _hold(found, "ulm", seconds=20)
        found.nodes["berlin"].gateway.modems["modem0"].disable()
        await found.hub.until(lambda: not found.bridge().hub.nodes.modems["berlin/modem0"].status.state.carries)
        sent = await found.hub.client.send(ANNA, "twice, perhaps")
        await _until_async(lambda: _is_taken(found, "ulm"))
        found.lines["ulm"].cut()
        await found.hub.until(lambda: not found.bridge().hub.nodes.modems["ulm/modem0"].status.state.carries)
        assert await found.bridge().hub.requests.move("ulm", risk=False) == (0, 0)
        assert await found.bridge().hub.requests.move("ulm", risk=True) == (0, 1)
        found.nodes["berlin"].gateway.modems["modem0"].enable()
        message = await found.hub.ended(sent["id"])
        assert (message["status"], message["modem"]) == ("delivered", "berlin/modem0")
        types = [event["type"] async for event in _until_delivered(found.hub, sent["id"])]
        assert "message.unknown" in types


async def test_a_node_whose_modem_fails_gives_back_what_it_has_not_begun(tmp_path: Path) -> None:
    async with fleet(tmp_path) as found:
        found.nodes["berlin"].gateway.modems["modem0"].disable()
        await found.hub.until(lambda: not found.bridge().hub.nodes.modems["berlin/modem0"].status.state.carries)
        _hold(found, "ulm", seconds=2)
        sent = [await found.hub.client.send(f"+49151000000{n:02d}", f"{n}") for n in range(4)]
        await _until_async(lambda: _is(found.hub, sent[-1]["id"], "sending"))
        found.nodes["ulm"].gateway.modems["modem0"].disable()
        found.nodes["berlin"].gateway.modems["modem0"].enable()
        for each in sent:
            assert (await found.hub.ended(each["id"]))["status"] == "delivered"
        texts = found.all_received()
        assert sorted(texts) == ["0", "1", "2", "3"]


async def test_the_nats_server_is_killed_and_comes_back(tmp_path: Path) -> None:
    async with fleet(tmp_path) as found:
        sent = [await found.hub.client.send(f"+49151000000{n:02d}", f"a{n}") for n in range(20)]
        found.nats.kill()
        sent += [await found.hub.client.send(f"+49151000001{n:02d}", f"b{n}") for n in range(20)]
        found.sims["ulm"].send(from_=BEN, to="modem0", text="meanwhile")
        await asyncio.sleep(0.5)  # the behaviour played: the server is away for a moment
        await asyncio.to_thread(found.nats.start)
        for each in sent:
            assert (await found.hub.ended(each["id"]))["status"] == "delivered"
        assert (await found.hub.event(0, "message.received"))["data"]["text"] == "meanwhile"
        texts = found.all_received()
        assert sorted(texts) == sorted({*texts})
        assert len(texts) == 40


@pytest.mark.long
async def test_a_job_that_was_being_taken_when_the_line_went_comes_again_soon(tmp_path: Path) -> None:
    async with fleet(tmp_path, ("ulm",)) as found:
        line = found.lines["ulm"]
        line.hush()
        sent = await found.hub.client.send(ANNA, "Hallo, Anna")
        await found.hub.until(lambda: b"Hallo, Anna" in line.heard)
        line.cut()
        line.mend()
        async with asyncio.timeout(40):  # ten seconds, and the time to connect
            assert (await found.hub.ended(sent["id"]))["status"] == "delivered"
        assert found.received(ANNA) == ["Hallo, Anna"]
        assert (await found.nodes["ulm"].client.fleet())["redeliveries"] == 1


async def test_a_job_that_is_copied_to_another_node_is_not_sent_there(tmp_path: Path) -> None:
    """A node may publish nothing to others, but a server may be set up wrong, and a stolen one knows its own jobs."""
    async with fleet(tmp_path) as found:
        connection = found.bridge().hub._connection
        message = Outgoing(1, BEN, "copied", Priority.NORMAL, 1, 0, encoding="gsm7")
        payload = job_payload(JobName(1, 1), "ulm", "ulm/modem0", message, 0)
        await connection.publish(subjects.jobs_of("berlin"), payload, "copied")
        sent = await found.hub.client.send(ANNA, "later", modem="berlin/modem0")
        assert (await found.hub.ended(sent["id"]))["status"] == "delivered"
        assert (found.received(ANNA), found.received(BEN)) == (["later"], [])


async def test_a_paused_campaign_is_taken_back_from_its_nodes(tmp_path: Path) -> None:
    async with fleet(tmp_path, ("ulm",)) as found:
        _hold(found, "ulm", count=1, seconds=4)
        body = {"name": "Sale", "text": "Sale", "audience": {"numbers": [f"+49151000000{n:02d}" for n in range(12)]}}
        campaign = (await found.hub.http.post("/v1/campaigns", json=body)).json()["id"]
        await found.hub.http.post(f"/v1/campaigns/{campaign}/start", json={})
        await _until_async(lambda: _is_taken(found, "ulm"))
        await _until_async(lambda: _count(found, "sending", 4))
        assert (await found.hub.http.post(f"/v1/campaigns/{campaign}/pause")).status_code == 200
        await _until_async(lambda: _count(found, "sending", 1))  # the one that has begun
        await _until_async(lambda: _count(found, "sending", 0))
        assert len(found.all_received()) == 1
        assert (await found.hub.http.post(f"/v1/campaigns/{campaign}/resume")).status_code == 200
        await found.hub.until(lambda: len(found.all_received()) == 12)
        assert len(set(found.all_numbers())) == 12


async def _count(found: Fleet, status: str, count: int) -> bool:
    page = await found.hub.http.get("/v1/messages", params={"status": status})
    return len(page.json()["data"]) == count


async def test_one_bad_event_or_job_holds_up_no_others(tmp_path: Path) -> None:
    """Of a node or a hub of another version, say: fields that are texts and mean nothing."""
    async with fleet(tmp_path, ("ulm",)) as found:
        connection = found.bridge().hub._connection
        consent = NodeEvent("consent.changed", 1, None, {"number": ANNA, "list": "*", "state": "perhaps"})
        worse = [b"not JSON", events_payload([event_payload(consent)]), events_payload([b"{}"])]
        for number, payload in enumerate(worse):
            await connection.publish(subjects.events_of("ulm"), payload, f"bad{number}")
        message = Outgoing(2, ANNA, "x", Priority.NORMAL, 1, 0, encoding="gsm7", port=2**70, data=b"x")
        await connection.publish(
            subjects.jobs_of("ulm"), job_payload(JobName(2, 1), "ulm", "ulm/modem0", message, 0), "bad job"
        )
        sent = await found.hub.client.send(BEN, "after them")
        assert (await found.hub.ended(sent["id"]))["status"] == "delivered"
        found.sims["ulm"].send(from_=BEN, to="modem0", text="heard")
        assert (await found.hub.event(0, "message.received"))["data"]["text"] == "heard"


async def test_the_limits_of_a_pool_at_the_hub_hold_for_modems_of_nodes(tmp_path: Path) -> None:
    pool = {"name": "cheap", "modems": ["berlin/modem0", "ulm/modem0"], "limits": {"per_hour": 3}}
    async with fleet(tmp_path, sections={"pool": [pool]}) as found:
        sent = [await found.hub.client.send(f"+49151000000{n:02d}", f"{n}") for n in range(5)]
        for each in sent[:3]:
            assert (await found.hub.ended(each["id"]))["status"] == "delivered"
        message = await found.hub.client.message(sent[4]["id"])
        assert (message["status"], message["waiting_for"]["word"]) == ("queued", "limit")
        assert len(found.all_received()) == 3
