"""Consent over the whole way: a phone says STOP, and nothing more reaches it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from support.rig import Json, Rig, make_config, running, simulated

from gsmgw.client import ApiError
from gsmgw.http.server import bind_tcp
from hw_sim import Simulation

PHONE = "+4915112345678"


async def say(sim: Simulation, rig: Rig, text: str, number: str = PHONE, modem: str = "modem0") -> Json:
    """Let a phone text the gateway, and return the received message."""
    cursor = (await rig.client.stats())["last_event"]
    sim.send(from_=number, to=modem, text=text)
    event = await rig.event(cursor, "message.received", where=lambda found: found["data"]["from"] == number)
    return await rig.client.message(event["message_id"])


def texts(sim: Simulation, number: str = PHONE) -> list[str]:
    """The texts that a phone got."""
    return [message.text for message in sim.phone(number).received]


async def refusal(rig: Rig, **fields: object) -> str | None:
    """The code with which a message is refused; None if it is accepted."""
    answer = await rig.http.post("/v1/messages", json={"to": PHONE, "text": "hello", **fields})
    if answer.status_code == 202:
        return None
    assert answer.status_code == 409
    return str(answer.json()["code"])


async def test_stop_cancels_what_waits_is_confirmed_once_and_blocks_what_comes(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=2) as (sim, rig):
        waiting = await rig.client.send(PHONE, "later", send_at="2199-01-01T00:00:00Z")
        cursor = (await rig.client.stats())["last_event"]
        received = await say(sim, rig, "Stop bitte", modem="modem1")
        assert received["consent"] == "stop"
        await rig.until(lambda: bool(texts(sim)))
        canceled = await rig.client.message(waiting["id"])
        assert canceled["status"] == "canceled"
        assert canceled["error"]["code"] == "opted_out"
        changed = await rig.event(cursor, "consent.changed")
        assert changed["data"] == {
            "number": PHONE, "list": "*", "state": "out", "action": "out", "source": "sms", "keyword": "stop",
        }  # fmt: skip
        assert [await refusal(rig, purpose=each) for each in ("transactional", "marketing", "conversation")] == [
            "recipient_opted_out"
        ] * 3
        with pytest.raises(ApiError, match="opted out") as again:
            await rig.client.act(waiting["id"], "retry")
        assert again.value.code == "recipient_opted_out"
        await say(sim, rig, "STOP")
        (confirmation,) = [found async for found in rig.client.messages(direction="outbound", status="delivered")]
        assert (confirmation["modem"], confirmation["priority"], confirmation["tags"]) == ("modem1", "urgent", [])
        assert texts(sim) == [confirmation["text"]]
        assert confirmation["text"].startswith("Sie sind abgemeldet")
        trail = (await rig.client.request("GET", f"/v1/consent/{PHONE}"))["trail"]
        assert [(entry["action"], entry["text"]) for entry in trail] == [("out", "Stop bitte"), ("out", "STOP")]


async def test_a_list_with_double_opt_in(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        question = {"de": "Newsletter bestellen? Antworten Sie mit JA."}
        await rig.client.put_consent_list("news", keywords=["newsletter"], double_opt_in=True, question=question)
        assert (await say(sim, rig, "START newsletter"))["consent"] == "start"
        await rig.until(lambda: texts(sim) == [question["de"]])
        assert [each["state"] for each in (await rig.client.consent(PHONE))["lists"]] == [None]
        assert (await say(sim, rig, "Ja, danke"))["consent"] == "confirmed"
        await rig.until(lambda: len(texts(sim)) == 2)
        person = await rig.client.consent(PHONE)
        assert [(each["list"], each["state"]) for each in person["lists"]] == [("news", "confirmed")]
        assert [entry["action"] for entry in person["trail"]] == ["asked", "confirmed"]
        assert (await say(sim, rig, "Ja"))["consent"] is None  # nothing was asked any more
        assert (await say(sim, rig, "STOP news"))["consent"] == "stop"
        assert await refusal(rig, purpose="marketing", list="news") == "recipient_opted_out"
        assert await refusal(rig) is None


async def test_help_is_always_answered_and_start_brings_back(tmp_path: Path) -> None:
    sections = {"consent": {"name": "Salon Ulm", "help_reply": {"de": "Salon Ulm, Tel. 0731 1234"}}}
    async with simulated(tmp_path, modems=1, sections=sections) as (sim, rig):
        for _ in range(2):
            assert (await say(sim, rig, "Hilfe"))["consent"] == "help"
        await rig.until(lambda: texts(sim) == ["Salon Ulm, Tel. 0731 1234"] * 2)
        await say(sim, rig, "STOP")
        await rig.until(lambda: len(texts(sim)) == 3)
        assert texts(sim)[-1].startswith("Salon Ulm: Sie sind abgemeldet")
        assert (await say(sim, rig, "HELP"))["consent"] == "help"
        assert (await say(sim, rig, "START"))["consent"] == "start"
        await rig.until(lambda: len(texts(sim)) == 5)
        assert await refusal(rig) is None


async def test_a_suspect_waits_for_a_person(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (sim, rig):
        cursor = (await rig.client.stats())["last_event"]
        assert (await say(sim, rig, "We have got to STOP this bill"))["consent"] is None
        received = await say(sim, rig, "please stop this at once ok")
        assert received["consent"] == "suspected"
        assert (await rig.event(cursor, "consent.suspected"))["data"]["number"] == PHONE
        (suspect,) = [found async for found in rig.client.suspects()]
        assert (suspect["number"], suspect["message_id"]) == (PHONE, received["id"])
        offer = await rig.client.send(PHONE, "offer", purpose="marketing")
        await rig.event(cursor, "message.deferred", where=lambda event: event["message_id"] == offer["id"])
        assert "may have opted out" in (await rig.client.message(offer["id"]))["waiting_for"]["sentence"]
        await rig.client.decide_suspect(PHONE, "dismiss", reason="a politician")
        assert (await rig.ended(offer["id"]))["status"] == "delivered"
        assert texts(sim) == ["offer"]
        with pytest.raises(ApiError, match="is not a suspect"):
            await rig.client.decide_suspect(PHONE, "opt_out")


async def test_answers_can_be_switched_off_and_texts_of_names_change_nothing(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1, sections={"consent": {"replies": False}}) as (sim, rig):
        assert (await say(sim, rig, "STOP", number="PIZZA"))["consent"] is None
        assert (await say(sim, rig, "STOP"))["consent"] == "stop"
        found = [message async for message in rig.client.messages(direction="outbound")]
        assert found == []
        assert [each["number"] async for each in rig.client.optouts()] == [PHONE]


async def test_opt_outs_by_hand(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (_, rig):
        await rig.client.put_consent_list("news")
        done = await rig.client.import_opt_outs(["0151 1234 5678", "12", PHONE], reason="from before")
        assert (done["imported"], done["unchanged"]) == (1, 0)
        assert [(error["row"], error["number"]) for error in done["errors"]] == [(1, "12")]
        again = await rig.client.import_opt_outs([PHONE], dry_run=True)
        assert (again["imported"], again["unchanged"]) == (0, 1)
        await rig.client.opt_out(PHONE, list="news", reason="by phone")
        assert {each["list"] for each in (await rig.client.request("GET", f"/v1/optouts/{PHONE}"))["lists"]} == {
            "*",
            "news",
        }
        assert [each["list"] async for each in rig.client.optouts(list="news")] == ["news"]
        await rig.client.end_opt_out(PHONE, reason="asked at the desk")
        assert await refusal(rig) is None
        trail = (await rig.client.consent(PHONE))["trail"]
        assert [(entry["action"], entry["reason"]) for entry in trail] == [
            ("import", "from before"), ("manual", "by phone"), ("manual", "asked at the desk"),
        ]  # fmt: skip
        for call, code in (
            (rig.client.end_opt_out("+4915112345600"), "not_found"),
            (rig.client.opt_out("12"), "invalid_number"),
            (rig.client.opt_out(PHONE, list="nwes"), "unknown_list"),
            (rig.client.put_consent_list("other", keywords=["News"]), "invalid_request"),
            (rig.client.put_consent_list("a b"), "invalid_request"),
            (rig.client.delete_consent_list("nope"), "not_found"),
        ):
            with pytest.raises(ApiError) as wrong:
                await call
            assert wrong.value.code == code
        await rig.client.delete_consent_list("news")
        assert await rig.client.consent_lists() == []


async def test_a_restricted_token_neither_sees_nor_changes_consent(tmp_path: Path) -> None:
    listener = bind_tcp("127.0.0.1:0")
    async with running(make_config(tmp_path, {"m": "/dev/null"}), listener) as rig:
        await rig.client.opt_out(PHONE)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        statuses = {}
        for name, scopes, modems in (("all", ["read"], []), ("held", ["manage"], ["m"])):
            body = {"name": name, "scopes": scopes, "modems": modems}
            token = (await rig.client.request("POST", "/v1/tokens", json=body))["token"]
            async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as http:
                for path in ("optouts", "suspects", "lists", f"consent/{PHONE}", f"optouts/{PHONE}"):
                    statuses[name, path] = (await http.get(f"{url}/{path}")).status_code
                statuses[name, "add"] = (await http.post(f"{url}/optouts", json={"number": PHONE})).status_code
        assert {status for (name, _), status in statuses.items() if name == "held"} == {403}
        assert {status for (name, what), status in statuses.items() if name == "all" and what != "add"} == {200}
        assert statuses["all", "add"] == 403


async def test_the_configuration_is_reloaded(tmp_path: Path) -> None:
    async with simulated(tmp_path, modems=1) as (_, rig):
        await rig.client.opt_out(PHONE)
        config = rig.gateway.config
        consent = config.consent.model_copy(update={"blocks": ["marketing"], "profile": "us"})
        await rig.gateway._apply(config.model_copy(update={"consent": consent}), ["consent.blocks", "consent.profile"])
        assert rig.gateway.two_way.consent.receiver.settings.profile == "us"
        assert await refusal(rig) is None
        assert await refusal(rig, purpose="marketing") == "recipient_opted_out"
