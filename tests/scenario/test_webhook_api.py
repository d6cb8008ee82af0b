"""/v1/webhooks and gsmgw webhooks, with the whole daemon."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from support.receiver import Receiver, receiving
from support.rig import Rig, make_config, running, simulated
from support.shell import command

from gsmgw.api.access.guards import scope_needed
from gsmgw.client import ApiError

ALLOW = {"webhooks": {"allow": ["http", "loopback"], "timeout_s": 2}}
ANNA = "+4915112345671"


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with running(make_config(tmp_path, {}, ALLOW)) as rig:
        yield rig


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


async def add(rig: Rig, receiver: Receiver, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = await rig.client.request("POST", "/v1/webhooks", json={"url": receiver.url, **fields})
    return made


async def code_of(rig: Rig, method: str, path: str, body: Any = None) -> str:
    with pytest.raises(ApiError) as caught:
        await rig.client.request(method, path, json=body)
    return caught.value.code


async def test_a_text_and_its_life_are_told(tmp_path: Path, receiver: Receiver) -> None:
    async with simulated(tmp_path, 1, ALLOW) as (sim, rig):
        hook = await add(rig, receiver, tags=["shop"], events=["message.*"])
        for tags in ([], ["shop"], ["other"]):
            sent = await rig.client.send(ANNA, f"for {tags}", tags=tags)
            await rig.ended(sent["id"])
        async with asyncio.timeout(60):
            while (await rig.client.request("GET", f"/v1/webhooks/{hook['id']}"))["behind"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await rig.client.request("PATCH", f"/v1/webhooks/{hook['id']}", json={"tags": [], "modems": ["modem0"]})
        sim.send(from_=ANNA, to="modem0", text="Yes, please")
        async with asyncio.timeout(60):
            while not receiver.requests or receiver.requests[-1].json["type"] != "message.received":
                await receiver.came(len(receiver.requests) + 1)
        bodies = [Verifier(hook["secret"]).verify(r.body, r.headers) for r in receiver.requests]
        texts = {body["data"]["message"]["text"] for body in bodies}
        assert texts == {"for ['shop']", "Yes, please"}
        types = [body["type"] for body in bodies]
        assert types[0] == "message.queued"
        assert types[-2:] == ["message.delivered", "message.received"]
        last = bodies[-1]["data"]
        assert (last["modem"], last["message"]["from"], last["message"]["modem"]) == ("modem0", ANNA, "modem0")
        message = await rig.client.message(last["message_id"])
        shared = last["message"].keys() & message.keys()
        assert {name: last["message"][name] for name in shared} == {name: message[name] for name in shared}


async def test_the_secret_is_shown_once(rig: Rig, receiver: Receiver) -> None:
    made = await add(rig, receiver, events=["call.*"], description="the shop")
    assert made["secret"].startswith("whsec_")
    listing = await rig.client.request("GET", "/v1/webhooks")
    assert made["secret"] not in json.dumps(listing)
    assert listing["data"] == [{name: value for name, value in made.items() if name != "secret"}]
    turned = await rig.client.request("POST", f"/v1/webhooks/{made['id']}/secrets", json={"keep_former": 60})
    assert turned["secret"] != made["secret"]
    assert [secret["expires_at"] is None for secret in turned["secrets"]] == [True, False]
    turned = await rig.client.request("POST", f"/v1/webhooks/{made['id']}/secrets", json={"keep_former": 0})
    assert len(turned["secrets"]) == 1


async def test_a_test_tells_what_came_of_it(rig: Rig, receiver: Receiver) -> None:
    receiver.script = [500]
    made = await add(rig, receiver)
    path = f"/v1/webhooks/{made['id']}"
    bad = await rig.client.request("POST", f"{path}/test")
    assert (bad["state"], bad["tries"][0]["status"], bad["tries"][0]["answer"]) == ("failed", 500, "words")
    good = await rig.client.request("POST", f"{path}/test")
    assert (good["state"], good["type"], good["event"]) == ("delivered", "webhook.test", None)
    Verifier(made["secret"]).verify(receiver.requests[1].body, receiver.requests[1].headers)
    log = await rig.client.request("GET", f"{path}/deliveries", params={"limit": 1})
    assert [entry["id"] for entry in log["data"]] == [good["id"]]
    older = await rig.client.request("GET", f"{path}/deliveries", params={"cursor": log["next_cursor"]})
    assert [entry["id"] for entry in older["data"]] == [bad["id"]]
    assert older["next_cursor"] is None


async def test_pause_resume_replay_and_delete(rig: Rig, receiver: Receiver) -> None:
    made = await add(rig, receiver, events=["message.*"])
    path = f"/v1/webhooks/{made['id']}"
    paused = await rig.client.request("POST", f"{path}/pause")
    assert (paused["state"], paused["reason"]) == ("paused", "paused by request")
    assert await code_of(rig, "POST", f"{path}/pause") == "wrong_state"
    await rig.client.send(ANNA, "one")
    last = (await rig.client.stats())["last_event"]
    waiting = await rig.client.request("GET", path)
    assert waiting["pending"] + waiting["behind"] > 0
    assert receiver.requests == []
    await rig.client.request("POST", f"{path}/resume")
    assert await code_of(rig, "POST", f"{path}/resume", {}) == "wrong_state"
    await receiver.came(1)
    event = receiver.events[0]
    await rig.client.request("POST", f"{path}/replay", json={"event": event})
    await receiver.came(2)
    await rig.client.request("POST", f"{path}/replay", json={"since": made["created_at"]})
    await receiver.came(3)
    assert receiver.events == [event] * 3
    assert await code_of(rig, "POST", f"{path}/replay", {"event": last + 1000}) == "not_found"
    for body in ({}, {"event": 1, "since": 1}, {"event": 0}, {"since": 2**63}, {"since": "yesterday"}):
        assert await code_of(rig, "POST", f"{path}/replay", body) == "invalid_request", body
    await rig.client.request("DELETE", path)
    await rig.client.send(ANNA, "two")
    for method, tail in (("GET", ""), ("DELETE", ""), ("PATCH", ""), ("POST", "/test"), ("GET", "/deliveries")):
        assert await code_of(rig, method, path + tail, {} if method == "PATCH" else None) == "not_found"
    assert len(receiver.requests) == 3


async def test_an_event_type_that_does_not_exist_is_refused_with_the_nearest_one(rig: Rig, receiver: Receiver) -> None:
    hint = "'message.recieved' is not a valid event type; did you mean 'message.received'?"
    with pytest.raises(ApiError, match=hint):
        await add(rig, receiver, events=["message.recieved"])
    made = await add(rig, receiver, events=["message.received", "modem.*", "*"])
    with pytest.raises(ApiError, match=r"'modems\.\*' is not a valid event type; did you mean 'modem\.\*'"):
        await rig.client.request("PATCH", f"/v1/webhooks/{made['id']}", json={"events": ["modems.*"]})
    with pytest.raises(ApiError, match=hint):
        async for _ in rig.client.events(0, types=["message.sent", "message.recieved"]):
            pass


async def test_what_is_wrong_is_said(rig: Rig, receiver: Receiver) -> None:
    for body, code in (
        ({"url": "http://10.0.0.1/"}, "target_refused"),
        ({"url": "https://169.254.169.254/latest"}, "target_refused"),
        ({"url": "nonsense"}, "target_refused"),
        ({"url": ""}, "invalid_request"),
        ({"url": receiver.url, "secret": "whsec_short"}, "invalid_request"),
        ({"url": receiver.url, "secret": "whsec_!!!!"}, "invalid_request"),
        ({"url": receiver.url, "events": ["message.received; drop"]}, "invalid_request"),
        ({"url": receiver.url, "nonsense": 1}, "invalid_request"),
    ):
        assert await code_of(rig, "POST", "/v1/webhooks", body) == code, body
    made = await add(rig, receiver)
    for since in ("yesterday", "2026-12-24T18:00", 0, 1.5, True, [], {}):
        with pytest.raises(ApiError) as caught:
            await rig.client.request("POST", f"/v1/webhooks/{made['id']}/replay", json={"since": since})
        assert [error["pointer"] for error in caught.value.problem["errors"]] == ["/since"], since
        assert "is not an event ID or an RFC 3339 time" in caught.value.detail
    assert await code_of(rig, "PATCH", f"/v1/webhooks/{made['id']}", {"url": "https://10.0.0.1"}) == "target_refused"
    assert (await rig.client.request("GET", f"/v1/webhooks/{made['id']}"))["url"] == receiver.url


def test_looking_at_webhooks_needs_the_scope_manage() -> None:
    assert scope_needed("GET", "/v1/webhooks") == "manage"  # an address may hold a secret of its own
    assert scope_needed("POST", "/v1/webhooks") == "manage"
    assert scope_needed("GET", "/v1/backups") == "manage"  # it says where files are


async def test_the_commands(rig: Rig, receiver: Receiver, tmp_path: Path) -> None:
    async def gsmgw(*arguments: str) -> str:
        result = await asyncio.to_thread(command, "--socket", str(tmp_path / "gsmgw.sock"), "webhooks", *arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "no webhooks" in await gsmgw()
    made = json.loads(await gsmgw("add", receiver.url, "--event", "message.*", "--tag", "a", "--unordered", "--json"))
    assert (made["events"], made["tags"], made["ordered"]) == (["message.*"], ["a"], False)
    number = made["id"]
    assert "answered 204" in await gsmgw("test", number)
    assert "webhook.test" in await gsmgw("deliveries", number)
    assert "whsec_" in await gsmgw("rotate", number)
    assert "paused" in await gsmgw("pause", number)
    assert "paused by request" in await gsmgw("list")
    assert "active" in await gsmgw("resume", number)
    assert "events to deliver" in await gsmgw("replay", number, "--since", "1")
    assert "deleted" in await gsmgw("delete", number)
    assert json.loads(await gsmgw("list", "--json") or "null") is None
