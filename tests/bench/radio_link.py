"""Gain of keeping the radio link open (AT+CMMS, TS 27.005 3.5.6): a run of texts with and without it.

The simulator's profiles have the time that a submission takes with a new link and over one that was kept
(``submit_s``, ``submit_held_s``). Time is virtual, so the figures are those of the profiles and the driver alone.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from support.modems import TPDU, at_once
from support.virtual import bench

PROFILES = ("simcom-sim800", "huawei-e1752", "quectel-ec25", "telit-he910", "siemens-mc55")
TEXTS = 40


async def seconds_for(profile: str, *, held: bool, texts: int = TEXTS) -> float:
    """How long a run of texts takes."""
    async with bench(profile, timing="real") as place:
        began = place.clock.monotonic()

        async def run() -> None:
            for number in range(texts):
                await place.modem.submit(TPDU, before_payload=at_once, more=held and number + 1 < texts)

        task = asyncio.ensure_future(run())
        await place.pass_until(task.done, 3600, step_s=0.05)
        task.result()
        return place.clock.monotonic() - began


def main() -> None:
    """Print the table."""
    print(f"{'profile':16} {'new links':>12} {'link kept':>12} {'gain':>6}")
    for profile in PROFILES:
        alone = asyncio.run(seconds_for(profile, held=False)) / TEXTS
        kept = asyncio.run(seconds_for(profile, held=True)) / TEXTS
        print(f"{profile:16} {alone:5.2f} s/text {kept:5.2f} s/text {alone / kept:5.2f}x")


if __name__ == "__main__":
    main()
