"""Faults of a recipient are told from faults of a modem: wrong numbers stop nobody else's texts."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from support.rig import Rig, simulated

from gsmgw.store import messages
from hw_sim import SimModem, Simulation
from hw_sim.at.reply import Failure, cms
from hw_sim.codec.tpdu import Tpdu
from hw_sim.faults.sending import CmsError

DEADLINE_S = 30
WRONG = [f"+49151999000{n:02d}" for n in range(6)]
GOOD = [f"+49151000000{n:02d}" for n in range(10)]


class RefusedNumbers(CmsError):
    """Submissions to some numbers are refused."""

    numbers = frozenset(WRONG)

    def __init__(self, modem: SimModem, code: int, tries: Counter[str]) -> None:
        super().__init__(modem, None, code)
        self._refusal, self._tries = cms(code), tries

    def submit(self, tpdu: Tpdu) -> Failure | bool:
        number = tpdu.address.number
        if number not in self.numbers:
            return False
        self._tries[number] += 1
        return self._refusal


def refuse(sim: Simulation, modems: int, code: int) -> Counter[str]:
    """Refuse the wrong numbers; return how often each of them is tried."""
    tries: Counter[str] = Counter()
    for number in range(modems):
        modem = sim.modem(f"modem{number}")
        modem.faults.add(RefusedNumbers(modem, code, tries))
    return tries


async def sent(rig: Rig, ids: list[str], within_s: float = DEADLINE_S) -> None:
    async with asyncio.timeout(within_s):
        for message_id in ids:
            while (await rig.client.message(message_id))["status"] not in {"sent", "delivered"}:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@pytest.mark.parametrize("modems", [1, 2])
@pytest.mark.parametrize("code", [500, 302, 38, 303])
async def test_wrong_numbers_before_good_ones(code: int, modems: int, tmp_path: Path) -> None:
    async with simulated(tmp_path, modems) as (sim, rig):
        tries = refuse(sim, modems, code)
        wanted = [{"to": to, "text": "x"} for to in (*WRONG, *GOOD)]
        ids = [answer["id"] for answer in await rig.client.send_many(wanted)]
        await sent(rig, ids[len(WRONG) :])
        assert len(sim.submits) == len(GOOD)
        for number in range(modems):
            assert rig.gateway.modems[f"modem{number}"].status.state.value != "quarantined"
        # The wrong numbers are tried again after 5 s; whoever comes meanwhile goes at once, and nobody is suspected.
        if code == 500:
            before = tries.copy()
            await rig.until(lambda: all(tries[number] > before[number] for number in WRONG))
            late = await rig.client.send("+4915100000077", "later")
            await sent(rig, [late["id"]])
            events = await rig.gateway.store.read(lambda db: messages.events_after(db, 0, 10_000))
            assert [event for event in events if event.type in {"modem.recovery", "modem.quarantined"}] == []


async def test_more_wrong_numbers_than_any_limit(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (sim, rig):
        wrong = [f"+4915199900{n:03d}" for n in range(25)]
        refused = RefusedNumbers(sim.modem("modem0"), 500, Counter())
        refused.numbers = frozenset(wrong)
        sim.modem("modem0").faults.add(refused)
        ids = [a["id"] for a in await rig.client.send_many([{"to": to, "text": "x"} for to in (*wrong, *GOOD)])]
        await sent(rig, ids[len(wrong) :])
        assert rig.gateway.modems["modem0"].status.state.value == "ready"


@pytest.mark.long
async def test_a_modem_that_is_stuck_is_still_brought_back(tmp_path: Path) -> None:
    async with simulated(tmp_path, 1) as (sim, rig):
        first = await rig.client.send(GOOD[0], "before")
        await sent(rig, [first["id"]])
        sim.modem("modem0").fault("stuck-500")
        ids = [answer["id"] for answer in await rig.client.send_many([{"to": to, "text": "x"} for to in GOOD])]
        await sent(rig, ids, within_s=120)
        assert len(sim.submits) == len(GOOD) + 1
