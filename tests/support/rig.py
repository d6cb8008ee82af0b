"""A whole gateway for tests: the real daemon's parts in this process, over simulated modems on pseudo-terminals."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from gsmgw.client import AsyncClient
from gsmgw.client.options import no_tls
from gsmgw.config import Config
from gsmgw.daemon import Gateway
from gsmgw.http.server import bind_unix, close_all
from gsmgw.http.tls import Certificates
from hw_sim import Simulation
from support.waiting import GENEROUS_S

Json = dict[str, Any]


def make_config(
    directory: Path, ports: dict[str, str], sections: dict[str, Any] | None = None, **gateway: Any
) -> Config:
    """A configuration with these modems and further sections, its files below ``directory``."""
    modems = [{"name": name, "port": port} for name, port in ports.items()]
    return Config.model_validate(
        {
            "gateway": {
                "state_dir": directory / "state",
                "socket": directory / "gsmgw.sock",
                "country": "DE",
                "stop_timeout_s": 10,
                **gateway,
            },
            "modems": {"discover": False},
            "modem": modems,
            **(sections or {}),
        }
    )


def hasty(directory: Path) -> dict[str, Any]:
    """Sections of a configuration in which the simulator's generic modem is asked for a final result that does not come
    after one second instead of ten: for tests of what follows then.
    """
    path = directory / "hasty.toml"
    path.write_text('[profile.hasty]\nmatches = ["hw-sim Generic"]\nprobe_after_s = 1.0\n')
    return {"modems": {"discover": False, "profiles": path}}


@dataclass
class Rig:
    """A running gateway, a client of it, and plain HTTP to it for requests that no client sends."""

    gateway: Gateway
    client: AsyncClient
    http: httpx.AsyncClient
    stop: asyncio.Event

    async def event(self, cursor: int, *types: str, where: Callable[[Json], bool] = bool) -> Json:
        """The first event of these types behind the cursor that ``where`` takes."""
        async with asyncio.timeout(60):
            async for event in self.client.events(cursor, types=types):
                if where(event):
                    return event
        raise AssertionError("the event stream ended")

    async def ended(self, message_id: str, *, since: int = 0) -> Json:
        """A message once it is delivered, or has ended otherwise."""
        ends = {"message.delivered", "message.undelivered", "message.failed", "message.expired", "message.canceled"}
        await self.event(since, *ends, where=lambda event: event["message_id"] == message_id)
        return await self.client.message(message_id)

    async def until(self, condition: Callable[[], bool], timeout_s: float = GENEROUS_S) -> None:
        """Wait until something is true of this process."""
        async with asyncio.timeout(timeout_s):
            while not condition():  # noqa: ASYNC110 - the simulator's state has no event to wait for
                await asyncio.sleep(0.005)

    async def modem_is(self, name: str, *states: str) -> None:
        """Wait until a modem is in one of these states."""
        await self.until(lambda: self.gateway.modems[name].status.state.value in states)


def plain_http(socket: Path, **options: Any) -> httpx.AsyncClient:
    """HTTP over a gateway's Unix socket."""
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(uds=str(socket), verify=no_tls()),
        base_url="http://gsmgw",
        timeout=60,
        **options,
    )


@contextlib.asynccontextmanager
async def running(
    config: Config, tcp: socket.socket | None = None, certificates: Certificates | None = None
) -> AsyncIterator[Rig]:
    """Run a gateway until the block ends, as the daemon does between its start and SIGTERM."""
    gateway = Gateway(config)
    stop, ready = asyncio.Event(), asyncio.Event()
    async with gateway.open():
        sockets = [bind_unix(config.gateway.socket, 0o660)]
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(gateway.run(sockets, stop, ready.set, [tcp] if tcp is not None else [], certificates))
                await ready.wait()
                async with AsyncClient(config.gateway.socket) as client, plain_http(config.gateway.socket) as http:
                    try:
                        yield Rig(gateway, client, http, stop)
                    finally:
                        stop.set()
        finally:
            close_all(sockets, config.gateway.socket)


@contextlib.asynccontextmanager
async def simulated(
    directory: Path, modems: int = 2, sections: dict[str, Any] | None = None, profile: str = "generic", **gateway: Any
) -> AsyncIterator[tuple[Simulation, Rig]]:
    """A gateway over so many simulated modems, all ready."""
    async with Simulation(seed=1, directory=directory / "tty") as sim:
        ports = {f"modem{n}": (await sim.add_modem(f"modem{n}", profile=profile)).path for n in range(modems)}
        async with running(make_config(directory, ports, sections, **gateway)) as rig:
            for name in ports:
                await rig.modem_is(name, "ready")
                await rig.until(lambda n=name: rig.gateway.modems[n].status.number is not None)  # type: ignore[misc]
            yield sim, rig
