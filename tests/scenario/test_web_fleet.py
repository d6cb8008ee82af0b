"""The page of a fleet: at its hub the nodes, silent ones first, and what becomes of their messages."""

from __future__ import annotations

from pathlib import Path

from support.fleet import fleet_of
from support.page import add_user, signed_in
from support.rig import make_config, running

ANNA = "+4915112345678"


async def test_there_is_none_without_a_hub(tmp_path: Path) -> None:
    async with running(make_config(tmp_path, {})) as rig:
        await add_user(rig, "ann")
        async with signed_in(rig) as browser:
            assert 'href="/fleet"' not in (await browser.open("/system")).text
            assert "is not the hub of a fleet" in (await browser.open("/fleet")).text
            assert (
                "not the hub of a fleet: ask the hub"
                in (await browser.send("/fleet/ulm", action="move", sure="1")).text
            )


async def test_nodes_and_what_a_silent_one_has(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "berlin", "ulm") as fleet:
        hub = fleet.hub
        await add_user(hub, "ann")
        await add_user(hub, "viv", "viewer")
        async with signed_in(hub) as browser, signed_in(hub, "viv") as viewer:
            assert 'href="/fleet"' in (await browser.open("/system")).text
            page = (await browser.open("/fleet")).text
            assert page.index("berlin/modem0") < page.index("ulm/modem0")
            assert page.count("Connected") == 2
            assert "Move" not in page

            await fleet.leave("ulm")
            message = await hub.client.send(ANNA, "Hello", modem="ulm/modem0")
            await hub.event(0, "message.sending")
            await fleet.node_is("ulm", silent=True)
            page = (await browser.open("/fleet")).text
            assert page.index("ulm/modem0") < page.index("berlin/modem0")
            assert "Silent" in page
            assert "not known" in page
            assert "Move all of it" in page
            assert "Move all of it" not in (await viewer.open("/fleet")).text

            asked = await browser.send("/fleet/ulm", action="move")
            assert "Let other nodes send what ulm has not taken?" in asked.text
            assert "is sent twice" in (await browser.send("/fleet/ulm", action="risk")).text
            assert (await hub.client.message(message["id"]))["status"] == "sending"
            moved = await browser.send("/fleet/ulm", action="move", sure="1")
            assert moved.headers["location"] == "/fleet?moved=1&in_doubt=0&left=0"
            assert "Moved: 1." in (await browser.open(moved.headers["location"])).text
            assert (await hub.client.message(message["id"]))["status"] == "queued"
            refused = await browser.send("/fleet/berlin", action="move", sure="1")
            assert (refused.status_code, "is connected and sends what it has" in refused.text) == (409, True)


async def test_the_pages_of_a_hub_without_modems_of_its_own(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "ulm", modems=2) as fleet:
        hub = fleet.hub
        await add_user(hub, "ann")
        async with signed_in(hub) as browser:
            page = (await browser.open("/")).text
            assert "ulm/modem0" in page
            assert "No modem" not in page
            assert "ulm/modem0" in (await browser.open("/modems")).text
            for path in ("/compose", "/outbox", "/rules/new", "/tokens/new"):
                assert "ulm/modem0" in (await browser.open(path)).text, path
            health = (await browser.open("/health")).text
            assert "Node ulm is connected, with 2 modems ready." in health
            assert "Plug one in" not in health

            fleet.sims["ulm"].send(from_=ANNA, to="modem0", text="Hello")
            await hub.event(0, "message.received")
            await browser.send(f"/conversations/{ANNA}", text="Good morning", key="1")
            answer = await hub.event(0, "message.queued")
            assert (await hub.client.message(answer["message_id"]))["modem"] == "ulm/modem0"

            await fleet.leave("ulm")
            await fleet.node_is("ulm", silent=True)
            assert "Node ulm is silent." in (await browser.open("/health")).text
            assert "No modem is ready" in (await browser.open("/")).text


async def test_the_end_of_the_queue_of_a_hub(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "ulm") as fleet:
        fleet.sims["ulm"].modem("modem0").fault("slow-result", count=100, seconds=30.0)
        for number in range(40):
            await fleet.hub.client.send(ANNA, f"{number}")
        assert (await fleet.hub.client.stats())["queue_done_at"] is not None
