"""Three NATS servers that keep each message twice more: one of them may go."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from support.nats_server import NatsServer
from support.rig import simulated


def _ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def _cluster(directory: Path) -> list[NatsServer]:
    """The servers of a cluster, as the guide sets them up."""
    ports = _ports(3)
    routes = ", ".join(f"nats-route://127.0.0.1:{port}" for port in ports)
    return [
        NatsServer(
            directory / f"nats{number}",
            f"server_name: n{number}\ncluster {{ name: fleet, listen: 127.0.0.1:{port}, routes: [{routes}] }}\n",
        )
        for number, port in enumerate(ports)
    ]


@pytest.mark.long
async def test_a_fleet_goes_on_while_one_of_three_servers_is_killed(tmp_path: Path) -> None:
    servers = _cluster(tmp_path)
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
        for victim in servers:  # the leader of a stream is one of them
            await asyncio.to_thread(victim.kill)
            sent += [await hub.client.send(f"+49151000000{n:02d}", f"without {victim.port} {n}") for n in range(10)]
            for each in sent:
                assert (await hub.ended(each["id"]))["status"] == "delivered"
            await asyncio.to_thread(victim.start)
        texts = [str(event["text"]) for event in sim.submits]
        assert len(texts) == len(set(texts)) == 40
