"""A hub and nodes with simulated modems, over a real NATS server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from gsmgw.install.nats import USERS_FILE, FleetFiles
from hw_sim import Simulation
from support.nats_server import NatsServer, nats_server
from support.rig import Json, Rig, simulated


class Fleet:
    """A hub without modems; nodes come and go."""

    def __init__(self, directory: Path, nats: NatsServer, files: FleetFiles | None = None) -> None:
        self.directory = directory
        self.nats = nats
        self._files = files
        self.hub: Rig
        self.nodes: dict[str, Rig] = {}
        self.sims: dict[str, Simulation] = {}
        self._stacks: dict[str, AsyncExitStack] = {}

    async def begin(self, **section: Any) -> None:
        """Start the hub, and wait until it is connected."""
        settings = {"url": self.nats.url, "hub": True, "silent_after_s": 6.0, **section}
        self.hub = (await self._start("hub", 0, settings))[1]
        bridge: Any = self.hub.gateway.bridges.standing["fleet"]
        await self.hub.until(lambda: bridge.trouble is None)

    async def join(self, name: str, modems: int = 1, **section: Any) -> Rig:
        """Start a node, and wait until the hub has its modems."""
        settings = {"url": self.nats.url, "node": name, **section}
        self.sims[name], self.nodes[name] = await self._start(name, modems, settings)
        for number in range(modems):
            await self.modem_is(f"{name}/modem{number}", "ready")
        return self.nodes[name]

    async def leave(self, name: str) -> None:
        """Stop a node. Some seconds later the hub finds it silent."""
        await self._stacks.pop(name).aclose()
        del self.nodes[name]

    async def _start(self, name: str, modems: int, settings: Json) -> tuple[Simulation, Rig]:
        directory = self.directory / name
        directory.mkdir(exist_ok=True)
        if self._files is not None:
            settings["credentials"] = self._files.credentials_of(name)
        self._stacks[name] = AsyncExitStack()
        return await self._stacks[name].enter_async_context(simulated(directory, modems, {"fleet": settings}))

    async def node(self, name: str) -> Json | None:
        """A node as the API of the hub shows it."""
        found = await self.hub.client.fleet()
        return next((dict(each) for each in found["nodes"] if each["name"] == name), None)

    async def node_is(self, name: str, *, silent: bool) -> None:
        """Wait until the hub finds a node silent, or hears of it."""
        known: Any = self.hub.gateway.bridges.standing["fleet"]
        await self.hub.until(
            lambda: name in known.hub.nodes.by_name and known.hub.nodes.by_name[name].is_silent is silent
        )

    async def modem_is(self, name: str, state: str) -> None:
        """Wait until a modem of a node has a state at the hub."""
        known: Any = self.hub.gateway.bridges.standing["fleet"]
        await self.hub.until(
            lambda: name in known.hub.nodes.modems and known.hub.nodes.modems[name].status.state.value == state
        )

    async def end(self) -> None:
        """Stop all of them, the hub last."""
        for name in sorted(self._stacks, key=lambda each: each == "hub"):
            await self._stacks[name].aclose()


def users_of(files: FleetFiles) -> str:
    """The line of a server's configuration that includes the users; its directory is beside that of the files."""
    return f'include "../{files.directory.name}/{USERS_FILE}"'


@asynccontextmanager
async def fleet_of(
    directory: Path, *nodes: str, modems: int = 1, files: FleetFiles | None = None, **hub: Any
) -> AsyncIterator[Fleet]:
    """A hub without modems, and nodes, all connected; with ``files`` they have to sign in."""
    with nats_server(directory / "nats", "" if files is None else users_of(files)) as nats:
        found = Fleet(directory, nats, files)
        try:
            await found.begin(**hub)
            for name in nodes:
                await found.join(name, modems)
            yield found
        finally:
            await found.end()
