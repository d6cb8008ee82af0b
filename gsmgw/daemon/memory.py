"""Garbage collection that does not hold up the event loop.

A collection of the oldest generation looks at every object that it knows: the application itself, for the greater part.
With everything else in a storm of ten minutes one took 74 ms. So objects that stay are frozen, which takes them out of
sight, and the oldest generation is collected on a timer, when little has been added to it.
"""

from __future__ import annotations

import gc

from gsmgw.ports import Clock

#: Time between two collections of the oldest generation.
INTERVAL_S = 1800.0
#: Net allocations before the youngest generation is collected: a batch of 10 000 messages makes garbage by the hundred
#: thousand, and with the default of 700 a quarter of its time goes into looking for cycles that do not exist.
_YOUNGEST = 50_000
_MIDDLE = 20
#: The oldest generation is never collected because of allocations.
_NEVER = 1_000_000_000


def tune() -> None:
    """Set the thresholds, freeze what has been imported, and turn collection on."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(_YOUNGEST, _MIDDLE, _NEVER)


def settle() -> None:
    """Collect all garbage and freeze the rest: nothing looks at it again."""
    gc.collect()
    gc.freeze()


async def keep_settled(clock: Clock) -> None:
    """Collect the oldest generation regularly, while it is small."""
    while True:
        await clock.sleep(INTERVAL_S)
        settle()
