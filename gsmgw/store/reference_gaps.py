"""Evidence from the number of used references for segments with unknown outcome. Pure.

Segments that one interruption left in doubt were handed over one after the other, so the first of them went, up to some
point, and the others did not. Of several interruptions each has a point of its own, and only the sum is known. A
result that holds for every way to make up that sum is certain; the rest stays open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby


class Fate(Enum):
    """The certain outcome of a segment."""

    SENT = "sent"
    NOT_SENT = "not sent"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A segment's outcome; ``place`` is the position of its reference among the used ones, from 1, if certain."""

    fate: Fate
    place: int | None = None


def weigh(doubts: Sequence[int], used: int, perhaps: int) -> list[Verdict]:
    """Judge segments in the order in which they were handed over; ``doubts`` names the interruption of each.

    ``used`` references are missing. ``perhaps`` other submissions in between may each have used one. A sum that cannot
    be made up of these leaves everything open.
    """
    if not 0 <= used <= len(doubts) + perhaps:
        return [Verdict(Fate.OPEN)] * len(doubts)
    verdicts: list[Verdict] = []
    before: int | None = None if perhaps else 0  # references used by the interruptions before this one, where certain
    for _, group in groupby(doubts):
        size = len(list(group))
        least = max(0, used - perhaps - (len(doubts) - size))
        most = min(size, used)
        for place in range(1, size + 1):
            if place <= least:
                verdicts.append(Verdict(Fate.SENT, None if before is None else before + place))
            else:
                verdicts.append(Verdict(Fate.NOT_SENT if place > most else Fate.OPEN))
        before = before + least if before is not None and least == most else None
    return verdicts
