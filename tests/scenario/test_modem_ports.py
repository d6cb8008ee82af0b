"""Two ports of one stick: what is received is read, kept and deleted on the second while a send occupies the first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from support.modems import PHONE, at_once
from support.modems import TPDU_REPORTED as TPDU
from support.virtual import Bench, bench

SEND_S = 20.0


@asynccontextmanager
async def two_ports(directory: Path, **config: Any) -> AsyncIterator[Bench]:
    """A stick with two ports in a network that takes its time."""
    path = directory / "slow.toml"
    path.write_text(
        f"""
        [profile]
        name = "slow"
        base = "generic"
        family = "test"
        description = "two ports, a slow network"
        [ports]
        count = 2
        urc = [0, 1]
        [timing]
        submit_s = [{SEND_S}, {SEND_S}]
        """
    )
    async with bench(str(path), config={"urc_port": "socket://port:2", **config}, timing="real") as place:
        yield place


async def begin(place: Bench) -> asyncio.Task[int]:
    """A send that is on the air."""
    task = asyncio.ensure_future(place.modem.submit(TPDU, before_payload=at_once))
    await place.pass_until(lambda: place.simulated.outbound.sending, 5, step_s=0.05)
    return task


async def finish(place: Bench, task: asyncio.Task[int]) -> None:
    await place.pass_until(task.done, SEND_S + 2)
    task.result()


def received(place: Bench) -> int:
    return sum(raw.storage is not None for raw in place.sink.pdus)


async def test_a_text_is_taken_over_while_another_is_on_the_air(tmp_path: Path) -> None:
    async with two_ports(tmp_path, reads_while_sending=True) as place:
        sending = await begin(place)
        for number in range(3):
            place.simulation.send(from_=PHONE, to="modem0", text=f"text {number}")
        await place.pass_until(lambda: received(place) == 3, 2)
        await place.pass_until(lambda: len(place.simulated.memories["SM"]) == 0, 2)
        assert not sending.done()
        assert len([raw for raw in place.sink.released if raw.storage]) == 3
        await finish(place, sending)
        place.simulation.send(from_=PHONE, to="modem0", text="when it is free again")
        await place.pass_until(lambda: received(place) == 4, 2)


async def test_without_leave_the_second_port_is_only_listened_to(tmp_path: Path) -> None:
    async with two_ports(tmp_path) as place:
        said: list[bytes] = []
        place.simulated.on_wire = lambda port, way, data: said.append(data) if way == ">" and port.number else None
        sending = await begin(place)
        place.simulation.send(from_=PHONE, to="modem0", text="waits")
        await place.clock.advance(SEND_S / 2)
        assert received(place) == 0
        await finish(place, sending)
        await place.pass_until(lambda: received(place) == 1, 2)
        assert said == []


async def test_a_second_port_that_falls_silent_loses_nothing(tmp_path: Path) -> None:
    async with two_ports(tmp_path, reads_while_sending=True) as place:
        sending = await begin(place)
        place.simulated.ports[1].receive = lambda data: None  # type: ignore[method-assign]  # it answers no more
        place.simulation.send(from_=PHONE, to="modem0", text="kept")
        await place.clock.advance(1)
        assert received(place) == 0
        await finish(place, sending)
        await place.pass_until(lambda: received(place) == 1, 60)
        assert len(place.simulated.memories["SM"]) == 0
        sending = await begin(place)
        place.simulation.send(from_=PHONE, to="modem0", text="by the first port again")
        await finish(place, sending)
        await place.pass_until(lambda: received(place) == 2, 2)
