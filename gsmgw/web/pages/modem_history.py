"""The readings of a modem as the page shows them: charts of the last day, and when its state changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby

from gsmgw.web.look import Look
from gsmgw.wire import resources

#: Points of a chart at most.
POINTS = 144
#: Changes of the state that are shown, the newest.
CHANGES = 12

Sample = resources.ModemSample


@dataclass(frozen=True, slots=True)
class History:
    """The history of a modem over the last day."""

    labels: list[str]
    #: None where the modem tells no such reading.
    signal: list[float | None] | None
    temperature: list[float | None] | None
    #: When a state began, the newest first.
    changes: list[tuple[str, str]]


def history_of(look: Look, samples: Sequence[Sample]) -> History:
    """Return the readings of a modem in the user's zone."""
    size = max(1, -(-len(samples) // POINTS))
    parts = [samples[at : at + size] for at in range(0, len(samples), size)]
    return History(
        [look.moment(part[0]["at"]) for part in parts],
        _means(parts, lambda sample: sample["signal_dbm"]),
        _means(parts, lambda sample: sample["temperature_c"]),
        _changes(samples)[:CHANGES],
    )


def _means(parts: Sequence[Sequence[Sample]], reading: Callable[[Sample], float | None]) -> list[float | None] | None:
    """Return the mean of each part; None if no part has any."""
    means: list[float | None] = []
    for part in parts:
        known = [found for sample in part if (found := reading(sample)) is not None]
        means.append(round(sum(known) / len(known), 1) if known else None)
    return means if any(mean is not None for mean in means) and len(means) > 1 else None


def _changes(samples: Sequence[Sample]) -> list[tuple[str, str]]:
    runs = [(next(run)["at"], str(state)) for state, run in groupby(samples, lambda sample: sample["state"])]
    return runs[::-1]
