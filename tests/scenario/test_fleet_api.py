"""The fleet in the API: its nodes, and messages of silent ones that others send."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.fleet import fleet_of
from support.rig import Rig, make_config, running
from support.shell import command

from gsmgw.client import ApiError, AsyncClient
from gsmgw.model import parse_id

ANNA, BEN = "+4915112345678", "+4915187654321"


async def test_without_a_fleet(tmp_path: Path) -> None:
    async with running(make_config(tmp_path, {})) as rig:
        assert "is in no fleet" in await status(rig)
        assert await rig.client.fleet() == {
            "hub": False,
            "node": None,
            "connected": False,
            "trouble": None,
            "behind": None,
            "redeliveries": None,
            "nodes": [],
        }
        with pytest.raises(ApiError, match="not the hub of a fleet") as caught:
            await rig.client.move_node("ulm")
        assert caught.value.code == "wrong_state"


async def test_a_server_that_does_not_answer(tmp_path: Path) -> None:
    section = {"fleet": {"url": "nats://127.0.0.1:9", "node": "ulm"}}
    async with running(make_config(tmp_path, {}, section)) as rig:
        assert (await status(rig)).startswith("node ulm, not connected: ")
        found = await rig.client.fleet()
        assert (found["hub"], found["node"], found["connected"]) == (False, "ulm", False)
        assert found["trouble"]
        assert found["behind"] == 0


async def test_nodes_with_their_modems(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "berlin", "ulm") as fleet:
        found = await fleet.hub.client.fleet()
        assert (found["hub"], found["node"], found["connected"], found["trouble"]) == (True, None, True, None)
        assert [each["name"] for each in found["nodes"]] == ["berlin", "ulm"]
        ulm = found["nodes"][1]
        assert (ulm["silent"], ulm["waiting"], ulm["begun"], ulm["queued"]) == (False, 0, 0, 0)
        assert ulm["heard_at"] is not None
        (modem,) = ulm["modems"]
        assert (modem["name"], modem["state"], modem["waiting"]) == ("ulm/modem0", "ready", 0)
        assert modem["number"] == fleet.nodes["ulm"].gateway.modems["modem0"].status.number

        shown = (await status(fleet.hub)).splitlines()
        assert shown[0] == "hub, connected"
        assert [line.split()[:2] for line in shown[2:]] == [
            ["berlin", "connected"],
            ["berlin/modem0", "ready"],
            ["ulm", "connected"],
            ["ulm/modem0", "ready"],
        ]
        assert await status(fleet.nodes["ulm"]) == "node ulm, connected\n"

        own = await fleet.nodes["ulm"].client.fleet()
        assert (own["hub"], own["node"], own["connected"], own["nodes"]) == (False, "ulm", True, [])
        with pytest.raises(ApiError, match="not the hub"):
            await fleet.nodes["ulm"].client.move_node("berlin")

        with pytest.raises(ApiError, match="known: berlin, ulm") as caught:
            await fleet.hub.client.move_node("bonn")
        assert caught.value.code == "not_found"
        with pytest.raises(ApiError, match="is connected and sends what it has") as caught:
            await fleet.hub.client.move_node("ulm", risk=True)
        assert caught.value.code == "wrong_state"


async def test_a_restricted_token_sees_its_modems(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "berlin", "ulm") as fleet:
        token = await fleet.hub.client.create_token("shop", ["read"], modems=["ulm/modem0"])
        socket = fleet.hub.gateway.config.gateway.socket
        async with AsyncClient(socket, token=token["token"]) as client:
            nodes = (await client.fleet())["nodes"]
            assert [(each["name"], len(each["modems"])) for each in nodes] == [("ulm", 1)]
            with pytest.raises(ApiError) as caught:
                await client.move_node("ulm")
        assert caught.value.code == "forbidden"


async def test_what_a_silent_node_has_is_moved(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, "ulm") as fleet:
        client = fleet.hub.client
        await fleet.leave("ulm")
        taken = [(await client.send(number, "Hello"))["id"] for number in (ANNA, BEN)]
        for message_id in taken:
            await fleet.hub.event(0, "message.sending", where=lambda event: event["message_id"] == message_id)  # noqa: B023
        begun = parse_id(taken[1])
        await fleet.hub.gateway.store.write(
            lambda tx: tx.run("UPDATE fleet_jobs SET begun = 1 WHERE message_id = ?", (begun,))
        )
        await fleet.node_is("ulm", silent=True)
        ulm = await fleet.node("ulm")
        assert ulm is not None
        assert (ulm["silent"], ulm["waiting"], ulm["begun"]) == (True, 2, 1)
        assert [each["state"] for each in ulm["modems"]] == ["absent"]

        await fleet.join("berlin")
        assert (await status(fleet.hub)).splitlines()[2].split()[:2] == ["ulm", "silent"]
        declined = await gsmgw(fleet.hub, "fleet", "move", "ulm", answer="n\n", code=1)
        assert "Let other nodes send what ulm has not taken?" in declined
        moved = await gsmgw(fleet.hub, "fleet", "move", "ulm", answer="y\n")
        assert "moved: 1 message\nleft: 1 message that ulm may have sent" in moved
        assert (await fleet.hub.ended(taken[0]))["modem"] == "berlin/modem0"
        risky = await gsmgw(fleet.hub, "fleet", "move", "ulm", "--risk", answer="y\n")
        assert "is sent twice" in risky
        assert "moved: 0 messages, in doubt: 1" in risky
        moved = await fleet.hub.ended(taken[1])
        assert (moved["modem"], moved["node"]) == ("berlin/modem0", "berlin")

        entries = [each for each in await audit(client) if each["path"] == "/v1/fleet/nodes/ulm/move"]
        assert [each["detail"] for each in entries] == [
            {"node": "ulm", "risk": True, "moved": 0, "in_doubt": 1, "left": 0},
            {"node": "ulm", "risk": False, "moved": 1, "in_doubt": 0, "left": 1},
        ]


async def gsmgw(rig: Rig, *arguments: str, answer: str = "", code: int = 0) -> str:
    done = await asyncio.to_thread(
        command, "--socket", str(rig.gateway.config.gateway.socket), *arguments, stdin=answer
    )
    assert done.exit_code == code, done.output
    return done.output


async def status(rig: Rig) -> str:
    return await gsmgw(rig, "fleet", "status")


async def audit(client: AsyncClient) -> list[Any]:
    return list((await client.request("GET", "/v1/audit"))["data"])


def test_nothing_of_it_is_imported_without_a_fleet(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys, pathlib\n"
        "from support.rig import make_config, running\n"
        "async def main():\n"
        f"    async with running(make_config(pathlib.Path({str(tmp_path)!r}), {{}})) as rig:\n"
        "        await rig.client.fleet()\n"
        "        await rig.client.request('GET', '/v1/integrations')\n"
        "asyncio.run(main())\n"
        "print([name for name in sys.modules if name.split('.')[0] == 'nats' or 'bridges.fleet' in name])\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    assert found.stdout.strip() == "[]"
