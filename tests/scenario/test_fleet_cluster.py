"""Three NATS servers that keep each message twice more: one of them may go."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from support.nats_server import NatsServer
from support.processes import until
from support.rig import simulated


def _ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@dataclass
class Member:
    """A server of a cluster, and where it says how it is."""

    server: NatsServer
    monitor: int

    def is_well(self) -> bool:
        """It has caught up with the others in all that it keeps."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.monitor}/healthz").status_code == 200
        except httpx.HTTPError:
            return False


def _cluster(directory: Path) -> list[Member]:
    """The servers of a cluster, as the guide sets them up."""
    ports = _ports(6)
    routes = ", ".join(f"nats-route://127.0.0.1:{port}" for port in ports[:3])
    return [
        Member(
            NatsServer(
                directory / f"nats{number}",
                f"server_name: n{number}\nhttp: 127.0.0.1:{ports[number + 3]}\n"
                f"cluster {{ name: fleet, listen: 127.0.0.1:{ports[number]}, routes: [{routes}] }}\n",
            ),
            ports[number + 3],
        )
        for number in range(3)
    ]


@pytest.mark.long
async def test_a_fleet_goes_on_while_one_of_three_servers_is_killed(tmp_path: Path) -> None:
    members = _cluster(tmp_path)
    servers = [member.server for member in members]
    async with AsyncExitStack() as stack:
        for server in servers:
            stack.callback(server.close)
            await asyncio.to_thread(server.start)
        urls = [server.url for server in servers]
        (tmp_path / "hub").mkdir()
        (tmp_path / "ulm").mkdir()
        section = {"url": urls, "hub": True, "replicas": 3}
        _, hub = await stack.enter_async_context(simulated(tmp_path / "hub", 0, {"fleet": section}))
        node = {"url": [urls[1], urls[2], urls[0]], "node": "ulm"}
        sim, _ulm = await stack.enter_async_context(simulated(tmp_path / "ulm", 1, {"fleet": node}))
        bridge = hub.gateway.bridges.standing["fleet"]

        def carries() -> bool:
            modems = bridge.hub.nodes.modems  # type: ignore[attr-defined]
            return any(modem.status.state.carries for modem in modems.values())

        await hub.until(carries)
        sent = [await hub.client.send(f"+49151000000{n:02d}", f"before {n}") for n in range(10)]
        for member in members:  # the leader of a stream is one of them
            victim = member.server
            await asyncio.to_thread(victim.kill)
            sent += [await hub.client.send(f"+49151000000{n:02d}", f"without {victim.port} {n}") for n in range(10)]
            for each in sent:
                assert (await hub.ended(each["id"]))["status"] == "delivered"
            await asyncio.to_thread(victim.start)
            await asyncio.to_thread(until, member.is_well)
        texts = [str(event["text"]) for event in sim.submits]
        assert len(texts) == len(set(texts)) == 40
