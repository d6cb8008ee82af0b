"""Limits on the unsolicited input of one modem: one that exceeds them is babbling.

No working modem reaches a limit: a network hands a SIM at most a few messages a second. Responses to commands are not
counted, and each message that is sent or received raises the limits by what belongs to it.
"""

from __future__ import annotations

from collections import Counter

from gsmgw.errors import ModemError
from gsmgw.model import BabbleKind
from gsmgw.ports import Clock
from gsmgw.rates import TokenBucket

#: How much of each kind may come at once, and how much a second permanently.
LIMITS: dict[BabbleKind, tuple[float, float]] = {
    BabbleKind.BYTES: (512_000.0, 16_000.0),
    BabbleKind.LINES: (15_000.0, 500.0),
    BabbleKind.EVENTS: (300.0, 2.0),
    BabbleKind.PDUS: (500.0, 10.0),
}
#: The amounts that a message adds which was sent or taken over from storage: for its report and its indication.
EARNED_LINES = 8.0
EARNED_BYTES = 1000.0
#: A modem that has babbled gets this share of each burst when it is tried again.
_SECOND_CHANCE = 0.5


class Babbling(ModemError):
    """The modem sends more unsolicited input than any working modem."""

    def __init__(self, kind: BabbleKind) -> None:
        self.kind = kind
        burst, per_second = LIMITS[kind]
        super().__init__(f"the modem is babbling: over {burst:.0f} unsolicited {kind.value} and {per_second:.0f}/s")


class BabbleGuard:
    """The limits of one modem. Lives as long as the modem, so that reopening the port does not reset it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._fill(1.0)
        #: The kind whose limit was exceeded; None while none was.
        self.exceeded: BabbleKind | None = None
        self._came: Counter[BabbleKind] = Counter()
        self._came_bytes = self._came_lines = 0

    @property
    def counts(self) -> dict[BabbleKind, int]:
        """How much came since the start, by kind; bytes and lines without those of responses."""
        return {**self._came, BabbleKind.BYTES: self._came_bytes, BabbleKind.LINES: self._came_lines}

    def take(self, kind: BabbleKind, count: float = 1.0) -> bool:
        """Count input; return False when its limit is exceeded."""
        self._came[kind] += int(count)
        within = self._buckets[kind].take(self._clock.monotonic(), count)
        if not within and self.exceeded is None:
            self.exceeded = kind
        return within

    def take_input(self, size: int, lines: int) -> None:
        """Count bytes and lines that came, without those of responses; negative ones are counted back."""
        now = self._clock.monotonic()
        self._came_bytes += size
        self._came_lines += lines
        if not self._bytes.take(now, size) and self.exceeded is None:
            self.exceeded = BabbleKind.BYTES
        if lines and not self._lines.take(now, lines) and self.exceeded is None:
            self.exceeded = BabbleKind.LINES

    def earn(self, *, lines: float = EARNED_LINES, size: float = EARNED_BYTES) -> None:
        """Raise the limits: a message was sent or taken over."""
        now = self._clock.monotonic()
        self._lines.add(now, lines)
        self._bytes.add(now, size)

    def renew(self) -> None:
        """Reset the limits to a share: the modem is tried again after it babbled."""
        self._fill(_SECOND_CHANCE)
        self.exceeded = None

    def _fill(self, share: float) -> None:
        now = self._clock.monotonic()
        self._buckets = {kind: TokenBucket(burst, rate, now, share) for kind, (burst, rate) in LIMITS.items()}
        # These two are asked at each read of the port.
        self._bytes, self._lines = self._buckets[BabbleKind.BYTES], self._buckets[BabbleKind.LINES]
