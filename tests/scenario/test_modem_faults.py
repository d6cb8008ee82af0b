"""Every fault of the simulator, while idle and in mid-send: the modem is back without a restart, nothing is sent twice
and nothing is lost, neither way.

The times themselves are measured by tests/bench/recovery.py.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from bench.recovery import FAULTS, UNTIL_RESTART, Result, measure

from gsmgw.modem.health import monitor
from gsmgw.modem.profiles import GENERIC
from hw_sim.faults import KINDS

#: A fault that lasts is cut short here.
LONGEST_S = 2.0
#: What a recovery may take, in seconds, where a missing final result is asked for after two. A modem that never sent is
#: waited for three times as long for each of several texts: 34 s on an idle machine.
LIMIT_S = 80.0
PATIENCE_S = 2.0
HEALTH_S = 5.0


def test_no_fault_is_left_out() -> None:
    assert {row[0] for row in FAULTS} == set(KINDS)
    assert set(KINDS) >= UNTIL_RESTART


@pytest.mark.long
async def test_every_fault_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "HEALTH_EVERY_S", HEALTH_S)
    hasty = (replace(GENERIC, matches=(".",), probe_after_s=PATIENCE_S, prompt_timeouts_s=(1.0, PATIENCE_S)),)
    gate = asyncio.Semaphore(20)

    async def one(fault: str, for_s: float | None, options: dict[str, object], sending: bool) -> Result:
        lasts_s = None if for_s is None else min(for_s, LONGEST_S)
        async with gate:
            return await measure(fault, lasts_s, options, sending=sending, limit_s=LIMIT_S, profiles=hasty)

    results = await asyncio.gather(*(one(*row, sending) for row in FAULTS for sending in (False, True)))
    assert [result for result in results if result.recovered_s is None] == []
    assert [result for result in results if result.received_s is None] == []
    assert [result for result in results if result.duplicates or result.lost] == []
    assert {result.state for result in results} == {"ready"}
