"""The budget of one modem: how much it may say unasked before it counts as one that babbles.

Nothing that a working modem does reaches a limit: a network hands a SIM a few texts a second at most. What a modem says
in answer to a command is not counted, and each text that it sends or hands over earns room for what belongs to it.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from gsmgw.errors import ModemError
from gsmgw.ports import Clock


class BabbleKind(StrEnum):
    """The kinds of things that are counted."""

    BYTES = "bytes"  #: bytes that belong to no answer
    LINES = "lines"  #: lines that nobody asked for
    EVENTS = "events"  #: events and changes of state that follow from them
    PDUS = "PDUs"  #: PDUs that came with their indication and could not be decoded


#: How much of each kind may come in one go, and how much a second for ever.
LIMITS: dict[BabbleKind, tuple[float, float]] = {
    BabbleKind.BYTES: (512_000.0, 16_000.0),
    BabbleKind.LINES: (15_000.0, 500.0),
    BabbleKind.EVENTS: (300.0, 2.0),
    BabbleKind.PDUS: (500.0, 10.0),
}
#: Room that a text earns which was sent, or taken over from storage: for its report, and for its indication.
EARNED_LINES = 8.0
EARNED_BYTES = 1000.0
#: A modem that babbled before has this share of each burst when it is tried again.
_SECOND_CHANCE = 0.5


class Babbling(ModemError):
    """The modem says more than any modem has to say."""

    def __init__(self, kind: BabbleKind) -> None:
        self.kind = kind
        burst, per_second = LIMITS[kind]
        super().__init__(f"the modem babbles: more than {burst:.0f} {kind.value} unasked and {per_second:.0f}/s")


class BabbleGuard:
    """What is left of each kind. Lives as long as the modem, so that no reopening of the port fills it up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left = {kind: burst for kind, (burst, _) in LIMITS.items()}
        self._at = clock.monotonic()
        #: The kind that is used up; None while there is some of each.
        self.exceeded: BabbleKind | None = None
        #: How much came unasked since the start, by kind.
        self.counts: Counter[str] = Counter()

    def take(self, kind: BabbleKind, count: float = 1.0) -> bool:
        """Count something; False when there was nothing left for it."""
        self._refill()
        return self._take(kind, count)

    def take_input(self, size: int, lines: int) -> None:
        """Count bytes that came, and lines, without those of answers."""
        self._refill()
        self._take(BabbleKind.BYTES, size)
        self._take(BabbleKind.LINES, lines)

    def _take(self, kind: BabbleKind, count: float) -> bool:
        left = self._left[kind] - count
        self.counts[kind.value] += int(count)
        self._left[kind] = min(LIMITS[kind][0], max(0.0, left))  # an answer that ends gives back what it was counted
        if left < 0 and self.exceeded is None:
            self.exceeded = kind
        return left >= 0

    def earn(self, *, lines: float = EARNED_LINES, size: float = EARNED_BYTES) -> None:
        """A text was sent or taken over."""
        self._add(BabbleKind.LINES, lines)
        self._add(BabbleKind.BYTES, size)

    def renew(self) -> None:
        """The modem is tried again after it babbled."""
        self._at = self._clock.monotonic()
        self._left = {kind: burst * _SECOND_CHANCE for kind, (burst, _) in LIMITS.items()}
        self.exceeded = None

    def _refill(self) -> None:
        now = self._clock.monotonic()
        passed, self._at = now - self._at, now
        if passed > 0:
            for kind, (_, per_second) in LIMITS.items():
                self._add(kind, per_second * passed)

    def _add(self, kind: BabbleKind, count: float) -> None:
        self._left[kind] = min(LIMITS[kind][0], self._left[kind] + count)
