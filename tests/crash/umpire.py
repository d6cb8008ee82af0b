"""Decide if evidence can have existed for a text that went twice, from what was on disk at each kill.

It knows nothing of how the gateway draws its conclusions: it counts through every history that fits what the gateway
could see. What it could see of a SIM: the references that the modem confirmed, and before each of them which segments
each kill had left in doubt, in the order of their handover.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path


@dataclass
class Umpire:
    """State on disk at each kill, per SIM."""

    #: Claim and reference of what a modem confirmed.
    confirmed: dict[str, dict[int, int]] = field(default_factory=dict)
    #: For each kill the claims and texts that it left in doubt.
    doubts: dict[str, list[list[tuple[int, str]]]] = field(default_factory=dict)

    def look(self, database: Path, *, killed: bool) -> None:
        """Read the database of a gateway that is not running, or at the end."""
        db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        try:
            for sim, claim, reference in db.execute(
                "SELECT sim, claim, reference FROM segments WHERE reference IS NOT NULL AND doubt IS NULL"
            ):
                self.confirmed.setdefault(sim, {})[claim] = reference
            if not killed:
                return
            rows = db.execute(
                "SELECT s.sim, s.claim, m.text FROM segments s JOIN messages m ON m.id = s.message_id "
                "WHERE s.status = 'sending' ORDER BY s.claim"
            ).fetchall()
        finally:
            db.close()
        for sim in {row[0] for row in rows}:
            self.doubts.setdefault(sim, []).append([(claim, text) for other, claim, text in rows if other == sim])

    def without_evidence(self, text: str) -> bool:
        """Return True if no reference could tell about that text, at one of the kills that left it in doubt."""
        return any(
            not self._is_certain(sim, claim)
            for sim, kills in self.doubts.items()
            for kill in kills
            for claim, other in kill
            if other == text
        )

    def _is_certain(self, sim: str, claim: int) -> bool:
        confirmed = self.confirmed.get(sim, {})
        before = sorted(number for number in confirmed if number < claim)
        after = sorted(number for number in confirmed if number > claim)
        if len(before) < 3 or not after:  # the SIM had not shown that it counts, or never said anything again
            return False
        used = (confirmed[after[0]] - confirmed[before[-1]] - 1) % 256
        kills = [[number for number, _ in kill if before[-1] < number < after[0]] for kill in self.doubts[sim]]
        fates = {claim in gone for gone in _histories([kill for kill in kills if kill], used)}
        return len(fates) == 1


def _histories(kills: list[list[int]], used: int) -> Iterator[set[int]]:
    """Every way in which so many of them can have gone: of each kill the first ones."""
    for counts in product(*(range(len(kill) + 1) for kill in kills)):
        if sum(counts) == used:
            yield {number for kill, count in zip(kills, counts, strict=True) for number in kill[:count]}
