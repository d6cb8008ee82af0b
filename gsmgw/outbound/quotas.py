"""How much a token may send: texts in any 60 seconds and in any 24 hours. Decides; knows no clock and no database."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

MINUTE_S, DAY_S = 60.0, 86_400.0


class Quota:
    """What one token has had accepted, by moments of the wall clock in seconds."""

    def __init__(self, per_minute: int | None, per_day: int | None, earlier: Iterable[tuple[float, int]] = ()) -> None:
        self._windows = [
            (span_s, limit, words)
            for span_s, limit, words in ((MINUTE_S, per_minute, "minute"), (DAY_S, per_day, "day"))
            if limit is not None
        ]
        self._taken: deque[tuple[float, int]] = deque(earlier)

    def wait_s(self, now_s: float, count: int) -> tuple[float, str] | None:
        """None when so many texts may be taken now; else how long it takes, and which limit says so.

        More than a window ever holds may never be taken; then the whole window is the wait.
        """
        while self._taken and self._taken[0][0] <= now_s - DAY_S:
            self._taken.popleft()
        worst: tuple[float, str] | None = None
        for span_s, limit, words in self._windows:
            inside = [(at, number) for at, number in self._taken if at > now_s - span_s]
            over = sum(number for _, number in inside) + count - limit
            if over <= 0:
                continue
            pause_s = span_s
            for at, number in inside:
                over -= number
                if over <= 0:
                    pause_s = at + span_s - now_s
                    break
            if worst is None or pause_s > worst[0]:
                worst = pause_s, f"{limit} texts a {words}"
        return worst

    def take(self, now_s: float, count: int) -> None:
        """So many texts were accepted, or are about to be."""
        if not count:
            return
        if self._taken and now_s - self._taken[-1][0] < 1:  # a second is exact enough, and bounds what is kept
            at, number = self._taken.pop()
            self._taken.append((at, number + count))
        else:
            self._taken.append((now_s, count))

    def give_back(self, count: int) -> None:
        """So many of what was taken last were not accepted after all."""
        while count > 0 and self._taken:
            at, number = self._taken.pop()
            if number > count:
                self._taken.append((at, number - count))
            count -= number
