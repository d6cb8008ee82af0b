"""Which segment a late result of a modem belongs to. Pure.

A modem confirms messages in the order in which it was given them. So while the result of one is missing, the result
that is taken for the next one's may be the missing one; when another result comes afterwards, each belongs to one
segment further ahead than was thought.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

#: After that time a result that is missing is taken for lost, seconds.
LOST_AFTER_S = 900.0
#: Number of segments kept after the first one whose result is missing.
MOST = 64


@dataclass(slots=True)
class _Entry(Generic[T]):
    what: T
    at_s: float
    reference: int | None


class LateResults(Generic[T]):
    """The segments since the first one whose result is missing, in the order in which a modem was given them."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._entries: deque[_Entry[T]] = deque()
        self._last: int | None = None

    def missing(self, what: T) -> None:
        """A segment was given up without a result."""
        self._entries.append(_Entry(what, self._now_s(), None))
        if len(self._entries) > MOST:
            self._drop_first()

    def accepted(self, what: T, reference: int) -> None:
        """A segment got a result: its own, or the first one that is missing."""
        self._forget_lost()
        # As many references were used as segments were given: this result is its own, and the others are lost.
        if self._last is not None and (reference - self._last) % 256 == len(self._entries) + 1:
            self._entries.clear()
        if self._entries:
            self._entries.append(_Entry(what, self._now_s(), reference))
            if len(self._entries) > MOST:
                self._drop_first()
        else:
            self._last = reference

    def late(self, reference: int) -> list[tuple[T, int]]:
        """A result came while none was awaited: the segments whose results that tells or corrects."""
        self._forget_lost()
        references = [entry.reference for entry in self._entries if entry.reference is not None] + [reference]
        changed: list[tuple[T, int]] = []
        for found in references:
            if not self._entries:
                break
            entry = self._entries.popleft()
            if entry.reference != found:
                changed.append((entry.what, found))
            self._last = found
        for entry in self._entries:  # what was taken for their results was given to those before
            entry.reference = None
        return changed

    def refused(self) -> T | None:
        """A refusal came while no result was awaited: the segment that it belongs to, if only one can be meant."""
        self._forget_lost()
        if len(self._entries) != 1 or self._entries[0].reference is not None:
            return None
        return self._entries.popleft().what

    def _forget_lost(self) -> None:
        while self._entries and self._now_s() - self._entries[0].at_s > LOST_AFTER_S:
            self._drop_first()

    def _drop_first(self) -> None:
        """The first missing result does not come any more; those behind it up to the next missing one are certain."""
        self._entries.popleft()
        while self._entries and self._entries[0].reference is not None:
            self._last = self._entries.popleft().reference
