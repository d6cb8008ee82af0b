"""Modems of the simulator in virtual time: days pass in seconds, over lines in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from gsmgw.clock import VirtualClock
from gsmgw.config import ModemSection
from gsmgw.errors import PortError
from gsmgw.modem import Modem, PinGuard
from gsmgw.ports import ByteReceiver, ByteStream
from hw_sim import SimModem, Simulation
from support.modems import Sink


class SharedTime:
    """The simulator's clock on ours."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.monotonic()

    def call_later(self, delay_s: float, action: Callable[..., object], *args: Any) -> Any:
        if delay_s <= 0:
            return asyncio.get_running_loop().call_soon(action, *args)
        return self._clock.call_later(delay_s, partial(action, *args))


class MemoryPort:
    """A :class:`ByteStream` on a simulated modem in memory, which hangs up with it."""

    def __init__(self, simulated: SimModem, number: int = 0) -> None:
        self._simulated = simulated
        self._number = number
        self._receiver: ByteReceiver | None = None
        self._before = simulated.on_disconnect
        simulated.on_disconnect = self._lose
        #: Asked about each command line; what it returns goes back in place of the modem's response.
        self.answer: Callable[[str], str | None] = lambda line: None

    async def open(self, receiver: ByteReceiver) -> ByteStream:
        if not self._simulated.transports:
            raise PortError("unplugged")
        self._receiver = receiver
        self._simulated.ports[self._number].send = self._said
        return self

    def _said(self, data: bytes) -> None:
        asyncio.get_running_loop().call_soon(self._deliver, self._receiver, data)

    def _deliver(self, receiver: ByteReceiver, data: bytes) -> None:
        if receiver is not None and receiver is self._receiver:
            receiver.data_received(data)

    def write(self, data: bytes) -> None:
        own = self.answer(data.decode("latin-1").rstrip("\r"))
        if own is not None:
            asyncio.get_running_loop().call_soon(self._deliver, self._receiver, f"\r\n{own}\r\n".encode("latin-1"))
            return
        asyncio.get_running_loop().call_soon(self._simulated.ports[self._number].receive, data)

    def _lose(self) -> None:
        if self._before is not None:
            self._before()
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.connection_lost(PortError("unplugged"))

    async def close(self) -> None:
        self._receiver = None


class Bench:
    """One simulated modem, ours on it, and the time that both live in."""

    def __init__(
        self,
        simulation: Simulation,
        simulated: SimModem,
        clock: VirtualClock,
        guard: PinGuard | None = None,
        **config: Any,
    ) -> None:
        self.simulation = simulation
        self.simulated = simulated
        self.clock = clock
        self.sink = Sink()
        ports = {f"socket://port:{n + 1}": MemoryPort(simulated, n) for n in range(len(simulated.ports))}
        #: The first port of the modem.
        self.port = ports["socket://port:1"]
        section = ModemSection.model_validate({"name": simulated.name, "port": "socket://port:1", **config})
        self.modem = Modem(section, self.sink, clock, make_opener=lambda name: ports[name].open, pin_guard=guard)

    async def pass_until(self, true: Callable[[], bool], within_s: float = 3600.0, step_s: float = 0.25) -> float:
        """Let time pass until ``true``; how much that was, seconds."""
        began = self.clock.monotonic()
        while not true():
            assert self.clock.monotonic() - began < within_s, self.modem.status
            await self.clock.advance(step_s)
        return self.clock.monotonic() - began

    async def ready(self, within_s: float = 3600.0) -> float:
        """Let time pass until texts may be handed over; how much that was, seconds."""
        return await self.pass_until(lambda: self.modem.status.state.carries, within_s)

    def events(self, type: str) -> list[dict[str, object]]:
        """The data of the events of a type so far."""
        return [data for name, data in self.sink.events if name == type]


@asynccontextmanager
async def bench(
    profile: str = "generic",
    *,
    config: dict[str, Any] | None = None,
    answer: Callable[[str], str | None] = lambda line: None,
    sim: dict[str, Any] | None = None,
    guard: PinGuard | None = None,
    ready: bool = True,
    **options: Any,
) -> AsyncIterator[Bench]:
    """A bench whose modem is ``ready``. ``answer`` answers command lines in place of the modem, ``sim`` is its SIM."""
    clock = VirtualClock(settling_turns=60)
    async with Simulation(seed=1, transport="memory", clock=SharedTime(clock), **options) as simulation:
        simulated = await simulation.add_modem("modem0", profile=profile, **(sim or {}))
        found = Bench(simulation, simulated, clock, guard, **(config or {}))
        found.port.answer = answer
        async with asyncio.TaskGroup() as group:
            task = group.create_task(found.modem.run())
            try:
                if ready:
                    await found.ready()
                yield found
            finally:
                task.cancel()
