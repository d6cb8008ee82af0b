"""Every family that the simulator knows, from the first AT to the report, with no configuration but the port."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import tracemalloc
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from support.modems import PHONE, Sink, at_once, open_descriptors, running
from support.modems import TPDU_REPORTED as TPDU

import gsmgw
from gsmgw.clock import SystemClock
from gsmgw.config import Config, ModemSection
from gsmgw.modem import Finder, Modem
from gsmgw.transport.discovery import Stick, TtyPort
from gsmgw.transport.usbports import HINTS, PortHint
from hw_sim import Simulation, profile_names

#: They have no storage that can be read and announce nothing: they only send.
SEND_ONLY = {"nokia-n79", "samsung-j700"}
#: They do not report: +CNMI takes ds 0 only.
NO_REPORTS = SEND_ONLY | {"cinterion-phs8"}

FAMILIES = {
    "brovi": "brovi",
    "cinterion": "cinterion",
    "siemens": "cinterion",
    "huawei": "huawei",
    "nokia": "nokia",
    "qualcomm": "qualcomm",
    "quectel": "quectel",
    "sierra": "sierra",
    "simcom-sim7": "simcom-lte",
    "simcom-sim8": "simcom-gsm",
    "simcom-sim9": "simcom-gsm",
    "telit": "telit",
    "ublox": "u-blox",
    "wavecom": "wavecom",
    "zte": "zte",
}


def family_of(profile: str) -> str:
    return next((family for start, family in FAMILIES.items() if profile.startswith(start)), "generic")


async def exchange(profile: str, directory: Path) -> None:
    async with Simulation(seed=1, directory=directory) as simulation:
        await simulation.add_modem("modem0", profile=profile, pin="1234")
        sink = Sink()
        config = ModemSection(name="office", port=str(directory / "modem0"), pin="1234")
        modem = Modem(config, sink, SystemClock())
        async with running(modem):
            await sink.until(lambda: modem.status.state.carries, 20)
            assert modem.status.profile == family_of(profile)
            await modem.submit(TPDU, before_payload=at_once)
            assert [message.text for message in simulation.phone(PHONE).received] == ["hello"]
            if profile not in NO_REPORTS:
                await sink.until(lambda: len(sink.pdus) == 1)
            if profile not in SEND_ONLY:
                before = len(sink.pdus)
                simulation.send(from_=PHONE, to="modem0", text="an answer")
                await sink.until(lambda: len(sink.pdus) == before + 1)
            assert "modem.settings_lost" not in [name for name, _ in sink.events]


#: How a stick of the family shows itself on the bus; those without plug into a serial line.
ON_USB = {
    "brovi": "3566:2001",
    "cinterion": "1e2d:0061",
    "huawei": "12d1:1436",
    "qualcomm": "05c6:9000",
    "quectel": "2c7c:0125",
    "sierra": "1199:68c0",
    "simcom": "1e0e:9001",
    "telit": "1bc7:1004",
    "ublox": "1546:1102",
    "zte": "19d2:0117",
}


def real(path: str) -> str:
    """The tty behind the simulator's link."""
    return os.path.realpath(path)


async def discover(profile: str, directory: Path) -> None:
    """Nothing is configured at all: the stick is found on the bus, asked, and used, its second port too."""
    identity = next((known for start, known in ON_USB.items() if profile.startswith(start)), None)
    if identity is None:
        return
    hint = HINTS.get(identity, PortHint(0, 1))
    async with Simulation(seed=1, directory=directory) as simulation:
        simulated = await simulation.add_modem("modem0", profile=profile)
        numbers = (hint.primary or 0, hint.secondary if hint.secondary is not None else 9)
        ports = [TtyPort(real(path), number) for path, number in zip(simulated.paths, numbers, strict=False)]
        stick = Stick("1-1", identity, profile, "1-1@5", tuple(ports))
        found: list[ModemSection] = []
        finder = Finder(Config(), SystemClock(), found.append, look=lambda: [stick])
        await finder.refresh()
        sink = Sink()
        modem = Modem(found[0], sink, SystemClock(), locate=finder.locate, second_of=finder.second_of)
        async with running(modem):
            await sink.until(lambda: modem.status.state.carries, 20)
            assert modem.status.profile == family_of(profile)
            assert modem.name == f"modem-{simulated.imei[-6:]}"
            await modem.submit(TPDU, before_payload=at_once)
            if profile not in NO_REPORTS:
                await sink.until(lambda: len(sink.pdus) == 1)
            before = len(sink.pdus)
            simulation.send(from_=PHONE, to="modem0", text="an answer")
            await sink.until(lambda: len(sink.pdus) == before + 1)


async def start_cold(profile: str, directory: Path) -> None:
    async with Simulation(seed=1, directory=directory, timing="real", scale=5.0) as simulation:
        await simulation.add_modem("modem0", profile=profile, boot=True)
        sink = Sink()
        modem = Modem(ModemSection(name="office", port=str(directory / "modem0")), sink, SystemClock())
        async with running(modem):
            await sink.until(lambda: modem.status.state.carries, 20)
            await modem.submit(TPDU, before_payload=at_once)
            assert len(simulation.phone(PHONE).received) == 1


@pytest.mark.parametrize("course", [exchange, discover, start_cold])
async def test_every_family(course: Callable[[str, Path], Awaitable[None]], tmp_path: Path) -> None:
    """From the first AT to the report and an answer, with nothing but the port configured, and with nothing at all; and
    from a cold start, where nothing must be sent too early.
    """
    names = profile_names()
    for name in names:
        (tmp_path / name).mkdir()
    ends = await asyncio.gather(*(course(name, tmp_path / name) for name in names), return_exceptions=True)
    assert {name: repr(end) for name, end in zip(names, ends, strict=True) if end is not None} == {}


async def test_many_modems_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Sixteen: one hangs, one flaps, one is locked, one storms; the other twelve go on."""
    async with Simulation(seed=1, directory=tmp_path) as simulation, asyncio.TaskGroup() as group:
        sinks, modems, tasks = [], [], []
        for number in range(16):
            await simulation.add_modem(f"modem{number}", pin="1234" if number == 2 else None)
            sink = Sink()
            modem = Modem(ModemSection(name=f"m{number}", port=str(tmp_path / f"modem{number}")), sink, SystemClock())
            sinks.append(sink)
            modems.append(modem)
            tasks.append(group.create_task(modem.run()))
        well = range(4, 16)
        for number in well:
            await sinks[number].until(lambda number=number: modems[number].status.state.carries)  # type: ignore[misc]
        simulation.modems["modem0"].fault("hang")
        simulation.modems["modem3"].fault("urc-storm")

        async def flap() -> None:
            while True:
                simulation.modems["modem1"].unplug()
                await asyncio.sleep(0.05)  # the behaviour played: a loose plug
                await simulation.modems["modem1"].replug()
                await asyncio.sleep(0.2)

        flapping = group.create_task(flap())

        async def send(number: int) -> None:
            for _ in range(50):
                await modems[number].submit(TPDU, before_payload=at_once)

        async with asyncio.timeout(60), asyncio.TaskGroup() as traffic:
            for number in well:
                traffic.create_task(send(number))
        assert len(simulation.phone(PHONE).received) == 12 * 50
        assert all(modems[number].status.state.carries for number in well)
        for task in (*tasks, flapping):
            task.cancel()


def held_by_gsmgw() -> int:
    """Octets that were allocated in the gateway's code and are still held."""
    gc.collect()
    traces = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, f"{Path(gsmgw.__file__).parent}/*")])
    return sum(statistic.size for statistic in traces.statistics("filename"))


@pytest.fixture
def traced() -> Iterator[None]:
    """Memory is traced, and no log record kept."""
    logging.disable()
    tracemalloc.start()
    yield
    tracemalloc.stop()
    logging.disable(logging.NOTSET)


#: What may come and go with the state that it is looked at in: a cycle that leaked one object would leave more.
SLACK_OCTETS = 16 * 1024


async def test_a_hundred_unplugs_leave_nothing_behind(tmp_path: Path, traced: None) -> None:
    async with Simulation(seed=1, directory=tmp_path) as simulation:
        simulated = await simulation.add_modem("modem0")
        sink = Sink()
        where = [str(tmp_path / "modem0")]
        config = ModemSection.model_validate({"name": "office", "match": {"usb": "1-1"}})
        modem = Modem(config, sink, SystemClock(), locate=lambda match: where[0])
        async with running(modem):
            await sink.until(lambda: modem.status.state.carries)
            descriptors, tasks = open_descriptors(), len(asyncio.all_tasks())
            held: list[int] = []
            for cycle in range(100):
                simulated.unplug()
                where[0] = str(tmp_path / f"modem-{cycle}")
                await simulated.replug(f"modem-{cycle}")
                await sink.until(lambda: not modem.status.state.carries)
                if cycle % 20 == 19:
                    await sink.until(lambda: modem.status.state.carries)
                    await modem.submit(TPDU, before_payload=at_once)
                    sink.states.clear()
                    sink.events.clear()
                    sink.pdus.clear()
                    held.append(held_by_gsmgw())
            assert held[-1] - held[0] < SLACK_OCTETS, held
            assert open_descriptors() <= descriptors
            assert len(asyncio.all_tasks()) <= tasks
