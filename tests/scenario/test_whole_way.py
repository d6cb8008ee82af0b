"""The main job, from the socket to the phone and back, over simulated modems on real pseudo-terminals."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.rig import make_config, running, simulated

from gsmgw.client import ApiError
from hw_sim import Simulation

ANNA, BORIS = "+4915112345671", "+4915112345672"


@pytest.mark.parametrize(
    ("text", "segments", "encoding"),
    [
        ("Your table is ready.", 1, "gsm7"),
        ("€uro {braces} [brackets]", 1, "gsm7"),
        ("x" * 400, 3, "gsm7"),
        ("Καλημέρα! Το τραπέζι σας είναι έτοιμο 🎉", 1, "ucs2"),
        ("🎉" * 100, 4, "ucs2"),  # 33 surrogate pairs of a segment's 67 units: never 33 and a half
        ("€" * 153, 3, "gsm7"),  # 76 escape pairs of a segment's 153 septets
    ],
)
async def test_a_text_is_delivered_as_it_was_written(text: str, segments: int, encoding: str, tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (sim, rig):
        message = await rig.client.send(ANNA, text)
        assert (message["status"], message["segments"], message["encoding"]) == ("queued", segments, encoding)
        ended = await rig.ended(message["id"])
        assert ended["status"] == "delivered"
        assert ended["modem"] == "modem0"
        assert ended["from"] == sim.modem("modem0").number
        assert [segment["status"] for segment in ended["segment_list"]] == ["delivered"] * segments
        assert [entry.text for entry in sim.phone(ANNA).received] == [text]
        kinds = [event["type"] for event in ended["history"]]
        assert kinds[:2] == ["message.queued", "message.sending"]
        assert kinds[-2:] == ["message.sent", "message.delivered"]


async def test_a_long_answer_arrives_whole(tmp_path: Path) -> None:
    async with simulated(tmp_path) as (sim, rig):
        text = "Wir kommen zu viert. " * 30
        modem = sim.modem("modem1")
        sim.send(from_=BORIS, to=modem.number, text=text)
        event = await rig.event(0, "message.received")
        message = await rig.client.message(event["message_id"])
        assert (message["text"], message["from"], message["to"]) == (text, BORIS, modem.number)
        assert (message["direction"], message["status"], message["modem"]) == ("inbound", "received", "modem1")
        assert message["segments"] == 5
        # delete only after commit, but delete: the modem's storage is empty again
        await rig.until(lambda: not sum(len(memory) for memory in modem.memories.values()))


async def test_what_came_while_the_gateway_was_down_is_swept_up(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path / "tty") as sim:
        modem = await sim.add_modem("modem0")
        for number in range(3):
            sim.send(from_=ANNA, to=modem.number, text=f"early {number}")
        async with running(make_config(tmp_path, {"modem0": modem.path})) as rig:
            for _ in range(3):
                await rig.until(lambda: rig.gateway.feed.last_id > 0)
            texts = set()
            async with asyncio.timeout(60):
                async for event in rig.client.events(0, types=["message.received"]):
                    texts.add(event["data"]["text"])
                    if len(texts) == 3:
                        break
            assert texts == {"early 0", "early 1", "early 2"}


async def test_a_thousand_texts_over_four_modems_go_once_and_in_order(tmp_path: Path) -> None:
    recipients = [f"+49151000000{n:02d}" for n in range(20)]
    async with simulated(tmp_path, 4) as (sim, rig):
        wanted = [{"to": recipients[n % 20], "text": f"text {n}"} for n in range(1000)]
        accepted = await rig.client.send_many(wanted)
        assert all(entry["status"] == "queued" for entry in accepted)
        open_ids = {entry["id"] for entry in accepted}
        async with asyncio.timeout(120):
            async for event in rig.client.events(0, types=["message.delivered"]):
                open_ids.discard(event["message_id"])
                if not open_ids:
                    break
        for index, recipient in enumerate(recipients):
            texts = [entry.text for entry in sim.phone(recipient).received]
            assert texts == [f"text {n}" for n in range(index, 1000, 20)]
        assert {entry["modem"] for entry in sim.submits} == {"modem0", "modem1", "modem2", "modem3"}


async def test_a_modem_that_vanishes_and_returns_is_used_again(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (sim, rig):
        modem = sim.modem("modem0")
        modem.unplug()
        await rig.modem_is("modem0", "absent")
        message = await rig.client.send(ANNA, "are you there?")
        waiting = (await rig.client.message(message["id"]))["waiting_for"]
        assert waiting["word"] == "modem"
        assert "modem0 is absent" in waiting["sentence"]
        await modem.replug()
        assert (await rig.ended(message["id"]))["status"] == "delivered"
        assert [entry.text for entry in sim.phone(ANNA).received] == ["are you there?"]


async def test_events_resume_where_they_were_left(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (_, rig):
        first = await rig.client.send(ANNA, "one")
        await rig.ended(first["id"])
        cursor = (await rig.client.stats())["last_event"]
        second = await rig.client.send(ANNA, "two")
        await rig.ended(second["id"], since=cursor)
        seen = []
        async with asyncio.timeout(60):
            async for event in rig.client.events(cursor, types=["message.*"]):
                seen.append((event["type"], event["message_id"]))
                if event["type"] == "message.delivered":
                    break
        steps = ["message.queued", "message.sending", "message.sent", "message.delivered"]
        assert seen == [(step, second["id"]) for step in steps]


async def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path / "tty") as sim:
        modem = await sim.add_modem("modem0")
        config = make_config(tmp_path, {"modem0": modem.path})
        modem.unplug()
        async with running(config) as rig:
            ids = [(await rig.client.send(ANNA, f"kept {n}"))["id"] for n in range(5)]
        await modem.replug()
        async with running(config) as rig:
            for message_id in ids:
                assert (await rig.ended(message_id))["status"] == "delivered"
        assert [entry.text for entry in sim.phone(ANNA).received] == [f"kept {n}" for n in range(5)]


async def test_a_text_for_a_pinned_modem_waits_for_it(tmp_path: Path) -> None:
    async with simulated(tmp_path, 2) as (sim, rig):
        sim.modem("modem1").unplug()
        await rig.modem_is("modem1", "absent")
        message = await rig.client.send(ANNA, "by the second one", modem="modem1")
        other = await rig.client.send(ANNA, "by any")
        await rig.ended(other["id"])
        assert (await rig.client.message(message["id"]))["status"] == "queued"
        await sim.modem("modem1").replug()
        assert (await rig.ended(message["id"]))["modem"] == "modem1"


async def test_bad_requests_say_which_field(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with simulated(tmp_path, 1) as (_, rig):
        for body, code, where in (
            ({"to": "+49", "text": "x"}, "invalid_number", "/to"),
            ({"to": "not a number", "text": "x"}, "invalid_number", "/to"),
            ({"to": ANNA, "text": ""}, "empty_message", "/text"),
            ({"to": ANNA}, "empty_message", "/text"),
            ({"to": ANNA, "text": "x", "modem": "zebra"}, "unknown_modem", "/modem"),
            ({"to": ANNA, "text": "x", "colour": "red"}, "invalid_request", "/colour"),
            ({"to": ANNA, "text": "x" * 40_000}, "too_long", "/text"),
            ({"to": ANNA, "text": "я" * 20_000}, "too_long", "/text"),
            ({"to": ANNA, "text": "я", "encoding": "gsm7"}, "not_encodable", "/text"),
        ):
            with pytest.raises(ApiError) as caught:
                await rig.client.request("POST", "/v1/messages", json=body)
            problem = caught.value.problem
            assert (problem["code"], problem["errors"][0]["pointer"]) == (code, where)
            assert 400 <= caught.value.status < 500
        response = await rig.http.post(
            "/v1/messages", content=b'{"to": "+49', headers={"content-type": "application/json"}
        )
        assert (response.status_code, response.json()["code"]) == (400, "invalid_json")
        assert response.headers["content-type"] == "application/problem+json"
        response = await rig.http.get("/v1/messages/0000000000000")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
        assert (await rig.http.get("/nowhere")).json()["code"] == "not_found"
    assert "Traceback" not in caplog.text


async def test_a_batch_answers_each_message_in_its_place(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (_, rig):
        answers = await rig.client.send_many(
            [
                {"to": ANNA, "text": "good"},
                {"to": "12", "text": "bad"},
                {"text": "no to"},
                {"to": BORIS, "text": "fine"},
            ]
        )
        assert [entry.get("status", "refused") for entry in answers] == ["queued", "refused", "refused", "queued"]
        assert answers[1]["error"]["errors"][0]["pointer"] == "/messages/1/to"
        assert answers[2]["error"]["errors"][0]["pointer"] == "/messages/2/to"


async def test_the_same_request_is_accepted_once(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (sim, rig):
        body = {"to": ANNA, "text": "once"}
        first = await rig.client.request("POST", "/v1/messages", json=body, key="order-17")
        again = await rig.client.request("POST", "/v1/messages", json=body, key="order-17")
        assert again["id"] == first["id"]
        with pytest.raises(ApiError) as caught:
            await rig.client.request("POST", "/v1/messages", json={**body, "text": "other"}, key="order-17")
        assert (caught.value.status, caught.value.code) == (409, "idempotency_conflict")
        by_ref = [await rig.client.send(ANNA, "by ref", client_ref="r1") for _ in range(2)]
        assert by_ref[0]["id"] == by_ref[1]["id"]
        with pytest.raises(ApiError) as caught:
            await rig.client.send(ANNA, "another", client_ref="r1")
        assert caught.value.code == "client_ref_conflict"
        await rig.ended(by_ref[0]["id"])
        assert sorted(entry.text for entry in sim.phone(ANNA).received) == ["by ref", "once"]


async def test_stopping_finishes_what_is_on_the_air_and_keeps_the_rest(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path / "tty", timing="real") as sim:
        modem = await sim.add_modem("modem0")
        config = make_config(tmp_path, {"modem0": modem.path})
        async with running(config) as rig:
            await rig.modem_is("modem0", "ready")
            messages = [await rig.client.send(ANNA, f"n {n}") for n in range(3)]
            await rig.event(0, "message.sending")
        # the block's end is SIGTERM; what had begun is recorded
        async with running(config) as rig:
            for message in messages:
                assert (await rig.ended(message["id"]))["status"] == "delivered"
        assert [entry.text for entry in sim.phone(ANNA).received] == [f"n {n}" for n in range(3)]


async def test_the_same_text_twice_in_the_same_second_is_two_messages(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (sim, rig):
        modem = sim.modem("modem0")
        for number in range(6):
            sim.send(from_=ANNA, to=modem.number, text="hi")
            if number % 2:  # the place of the first one is free again, or is not
                await rig.until(lambda: not sum(len(memory) for memory in modem.memories.values()))
        found: list[str] = []
        async with asyncio.timeout(60):
            async for event in rig.client.events(0, types=["message.received"]):
                found.append(event["data"]["text"])
                if len(found) == 6:
                    break
        assert found == ["hi"] * 6


async def test_a_profile_of_ones_own_is_used(tmp_path: Path) -> None:
    """[modems] profiles: chosen by what the modem calls itself, before those that are built in."""
    own = tmp_path / "profiles.toml"
    own.write_text('[profile.my-stick]\nmatches = ["Generic GSM modem"]\ninit = ["AT+CSQ"]\n')
    async with Simulation(seed=1, directory=tmp_path / "tty", transcripts=tmp_path) as sim:
        modem = await sim.add_modem("modem0")
        config = make_config(tmp_path, {"modem0": modem.path}, {"modems": {"discover": False, "profiles": own}})
        async with running(config) as rig:
            await rig.modem_is("modem0", "ready")
            assert rig.gateway.modems["modem0"].status.profile == "my-stick"
    assert '> "AT+CSQ\\r"' in (tmp_path / "modem0.transcript").read_text()
