"""A day with faults at random, in virtual time: in the end every modem is ready and every text accounted for.

Modems of four families, texts both ways, every third one long.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest
from support.modems import at_once
from support.virtual import Bench, SharedTime

from gsmgw.clock import VirtualClock
from gsmgw.errors import Disposition, SubmitError
from gsmgw.model import ModemState, Outgoing, Priority
from gsmgw.outbound.segmenting import build_segments, plan
from gsmgw.pdu import Deliver, join_text, parse_pdu
from hw_sim import SimModem, Simulation

HOURS = 24
ANNA, BERT = "+491712345678", "+491799999999"
PROFILES = ("generic", "quectel-ec25", "huawei-e1752", "simcom-sim800")
#: Those that last, and those that strike once.
LASTING = (
    "hang",
    "vanish",
    "network-lost",
    "denied",
    "sim-removed",
    "urc-storm",
    "garbage",
    "split",
    "merge",
    "slow",
    "echo-mad",
    "odd-references",
    "lost-indications",
    "roaming",
    "weak-signal",
    "dying",
    "deaf-inbound",
)
STRIKING = (
    "reset",
    "reset-mid-pdu",
    "storage-full",
    "cms-error",
    "taken-error",
    "lost-result",
    "stuck-send",
    "wrong-result",
    "prompt-missing",
    "prompt-late",
    "forget",
    "bad-index",
    "urc-midresponse",
)
#: Those that stay until somebody restarts the modem.
UNTIL_RESTART = ("stuck-500", "sends-nothing")


class Case(Bench):
    """One modem, its traffic and its faults."""

    def __init__(self, simulation: Simulation, simulated: SimModem, clock: VirtualClock, chance: random.Random) -> None:
        super().__init__(simulation, simulated, clock)
        self.chance = chance
        #: Texts by what became of them, and what was sent in.
        self.accepted: list[str] = []
        self.doubtful: list[str] = []
        self.sent_in: list[str] = []
        self.refused = 0
        self.quiet = False
        self._count = 0

    def _text(self) -> str:
        self._count += 1
        long = " and so on" * 20 if self._count % 3 == 0 else ""
        return f"{self.simulated.name} {self._count}{long}"

    async def send(self) -> None:
        while not self.quiet:
            await self.clock.sleep(self.chance.uniform(120, 600))
            if self.modem.status.state.carries:
                await self._hand_over(self._text())

    async def _hand_over(self, text: str) -> None:
        segments = plan(text).segment_count
        message = Outgoing(self._count, ANNA, text, Priority.NORMAL, segments, self.clock.wall_ms())
        tpdus = build_segments(message, self._count % 256, self.clock.wall_ms())
        doubted = False
        for number, tpdu in enumerate(tpdus, 1):
            try:
                await self.modem.submit(tpdu, before_payload=at_once, more=number < len(tpdus))
            except SubmitError as exc:
                if exc.disposition is not Disposition.UNKNOWN:
                    self.refused += 1
                    return
                doubted = True
        (self.doubtful if doubted else self.accepted).append(text)

    async def receive(self) -> None:
        while not self.quiet:
            await self.clock.sleep(self.chance.uniform(120, 900))
            self.sent_in.append(self._text())
            self.simulation.send(from_=BERT, to=self.simulated.name, text=self.sent_in[-1])

    async def suffer(self) -> None:
        while not self.quiet:
            await self.clock.sleep(self.chance.uniform(600, 2400))
            kind = self.chance.choice((*LASTING, *STRIKING, *UNTIL_RESTART))
            if kind in LASTING:
                self.simulated.fault(kind, for_s=self.chance.uniform(1, 200))
            else:
                options = {"what": "cnmi"} if kind == "forget" else {}
                self.simulated.fault(kind, count=None if kind in UNTIL_RESTART else 1, **options)

    @property
    def received(self) -> Counter[str]:
        """The texts from Bert that were handed over, joined."""
        whole: Counter[str] = Counter()
        parts: dict[int, dict[int, Deliver]] = {}
        for raw in {(raw.pdu, raw.index): raw for raw in self.sink.pdus}.values():
            try:
                tpdu = parse_pdu(raw.pdu, stated_octets=raw.length_octets).tpdu
            except ValueError:
                continue
            if not isinstance(tpdu, Deliver) or tpdu.originator.number != BERT:
                continue
            if tpdu.concat is None:
                whole[join_text([tpdu.user_data])] += 1
                continue
            known = parts.setdefault(tpdu.concat.reference, {})
            known[tpdu.concat.sequence] = tpdu
            if len(known) == tpdu.concat.total:
                whole[join_text([known[seq].user_data for seq in sorted(known)])] += 1
                del parts[tpdu.concat.reference]
        return whole


@pytest.mark.long
@pytest.mark.parametrize("seed", [1])
async def test_a_day_of_faults(seed: int) -> None:
    clock = VirtualClock(settling_turns=60)
    chance = random.Random(seed)
    simulation = Simulation(seed=seed, transport="memory", clock=SharedTime(clock))
    async with simulation, asyncio.TaskGroup() as group:
        cases = []
        for profile in PROFILES:
            simulated = await simulation.add_modem(profile=profile)
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
        on_air = Counter(message.text for message in simulation.phone(ANNA).received)
        for case in cases:
            assert case.modem.status.state is ModemState.READY, case.modem.status.detail
            assert len(case.sent_in) > 100
            assert set(case.sent_in) - set(case.received) == set(), "a text that came was lost"
            assert len(case.accepted) > 50
            assert [text for text in case.accepted if on_air[text] != 1] == [], "sent, and not on the air, or twice"
            assert [text for text in case.doubtful if on_air[text] > 1] == []
