"""Consent over the whole way: a phone says STOP, and nothing more reaches it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.rig import Json, Rig, simulated

from gsmgw.client import ApiError
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
