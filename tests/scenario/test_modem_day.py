"""A day with faults at random, in virtual time: in the end every modem is ready and every text accounted for."""

from __future__ import annotations

import asyncio
import random

import pytest
from support.modems import PHONE, Sink, at_once
from support.modems import TPDU_REPORTED as TPDU
from support.virtual import MemoryPort, SharedTime

from gsmgw.clock import VirtualClock
from gsmgw.config import ModemSection
from gsmgw.errors import Disposition, SubmitError
from gsmgw.model import ModemState
from gsmgw.modem import Modem
from gsmgw.ports import Opener
from hw_sim import SimModem, Simulation

HOURS = 24
FAULTS = (
    "hang",
    "vanish",
    "reset",
    "reset-mid-pdu",
    "network-lost",
    "denied",
    "sim-removed",
    "storage-full",
    "cms-error",
    "stuck-500",
    "taken-error",
    "lost-result",
    "stuck-send",
    "wrong-result",
    "prompt-missing",
    "urc-storm",
    "garbage",
    "split",
    "merge",
    "slow",
)
#: Those that last; the others strike once.
LASTING = {"hang", "vanish", "network-lost", "denied", "sim-removed", "urc-storm", "garbage", "split", "merge", "slow"}


class Case:
    """One modem, its traffic and its faults."""

    def __init__(self, simulation: Simulation, simulated: SimModem, clock: VirtualClock, chance: random.Random) -> None:
        self.simulation = simulation
        self.simulated = simulated
        self.clock = clock
        self.chance = chance
        self.sink = Sink()
        port = MemoryPort(simulated)
        config = ModemSection(name=simulated.name, port=f"socket://{simulated.name}:1")
        self.modem = Modem(config, self.sink, clock, make_opener=lambda name: self._opener(port))
        self.accepted = self.unknown = self.sent_in = 0
        self.quiet = False

    def _opener(self, port: MemoryPort) -> Opener:
        return port.open

    async def send(self) -> None:
        while not self.quiet:
            await self.clock.sleep(self.chance.uniform(60, 300))
            if self.modem.status.state.carries:
                try:
                    await self.modem.submit(TPDU, before_payload=at_once)
                    self.accepted += 1
                except SubmitError as exc:
                    self.unknown += exc.disposition is Disposition.UNKNOWN

    async def receive(self) -> None:
        while not self.quiet:
            await self.clock.sleep(self.chance.uniform(60, 600))
            self.simulation.send(from_="+491799999999", to=self.simulated.name, text=f"{self.sent_in}")
            self.sent_in += 1

    async def suffer(self) -> None:
        while not self.quiet:
            await self.clock.sleep(self.chance.uniform(600, 2400))
            fault = self.chance.choice(FAULTS)
            if fault in LASTING:
                self.simulated.fault(fault, for_s=self.chance.uniform(1, 200))
            else:
                self.simulated.fault(fault, count=1)


@pytest.mark.parametrize("seed", [1])
async def test_a_day_of_faults(seed: int) -> None:
    clock = VirtualClock()
    chance = random.Random(seed)
    simulation = Simulation(seed=seed, transport="memory", clock=SharedTime(clock))
    async with simulation, asyncio.TaskGroup() as group:
        cases = []
        for _ in range(2):
            simulated = await simulation.add_modem()
            cases.append(Case(simulation, simulated, clock, random.Random(chance.random())))
        tasks = [
            group.create_task(work())
            for case in cases
            for work in (case.modem.run, case.send, case.receive, case.suffer)
        ]
        await clock.advance(HOURS * 3600)
        for case in cases:
            case.quiet = True
            case.simulated.faults.clear()
            if not case.simulated.powered:
                case.simulated.plug()
        await clock.advance(3600)
        for task in tasks:
            task.cancel()
        for case in cases:
            assert case.modem.status.state is ModemState.READY, case.modem.status.detail
            delivered = {raw.pdu for raw in case.sink.pdus if raw.storage is not None}
            assert len(delivered) >= case.sent_in > 100, "a text that came was lost"
        on_air = len(simulation.phone(PHONE).received)
        accepted, unknown = sum(case.accepted for case in cases), sum(case.unknown for case in cases)
        assert accepted > 300
        assert accepted <= on_air <= accepted + unknown
