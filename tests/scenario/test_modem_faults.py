"""Every fault of the simulator, while idle and in mid-send: the modem is back without a restart, nothing is sent twice.

The times themselves are measured by tests/bench/recovery.py.
"""

from __future__ import annotations

import asyncio

from bench.recovery import FAULTS, Result, measure

#: A fault that lasts is cut short here.
LONGEST_S = 2.0
#: What a recovery may take, in seconds, with ten seconds until a missing final result is asked for.
LIMIT_S = 25.0


async def test_every_fault_is_survived() -> None:
    gate = asyncio.Semaphore(20)

    async def one(fault: str, for_s: float | None, options: dict[str, object], sending: bool) -> Result:
        lasts_s = None if for_s is None else min(for_s, LONGEST_S)
        async with gate:
            return await measure(fault, lasts_s, options, sending=sending, limit_s=LIMIT_S)

    results = await asyncio.gather(*(one(*row, sending) for row in FAULTS for sending in (False, True)))
    assert [result for result in results if result.recovered_s is None] == []
    assert [result for result in results if result.duplicates] == []
    assert {result.state for result in results} == {"ready"}
