"""The active window of the queue, in memory: what may go next, by lane. Pure.

A lane is a route and a priority. It holds the oldest of its messages, up to a window; the rest stays on disk until
the window has room. Messages to a recipient to whom another one is being sent are parked, so that texts to one
person keep their order and nobody else waits for them.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gsmgw.model import Outgoing, Priority

#: Messages of one lane held in memory. 200 per modem and second of the fastest modems, for some seconds.
WINDOW = 2000
#: A lower class gets a turn after that many turns of higher ones: bulk creeps on under urgent load, and a one-time
#: code waits for one more segment at the most.
PATIENCE = 16

LaneKey = tuple[str, Priority]


@dataclass(slots=True)
class _Lane:
    ready: list[tuple[int, Outgoing]] = field(default_factory=list)
    #: Everything on disk up to this id was seen.
    seen: int = 0
    #: Nothing waits on disk behind ``seen``.
    complete: bool = True
    #: A message was left on disk since the last look there began: that look may have missed it.
    missed: bool = False
    held: int = 0
    passed_over: int = 0


class Lanes:
    """What may go next, for the workers of all modems."""

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._lanes: dict[LaneKey, _Lane] = {}
        self._known: dict[int, LaneKey] = {}
        self._busy: set[str] = set()
        self._parked: dict[str, list[tuple[int, Outgoing]]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def _lane(self, route: str, priority: Priority) -> _Lane:
        return self._lanes.setdefault((route, priority), _Lane())

    def offer(self, message: Outgoing) -> bool:
        """A message that is queued on disk now. False when it stays there for the time being."""
        lane = self._lane(message.route, message.priority)
        if message.id in self._known:
            return False
        if message.id > lane.seen:
            if not lane.complete:
                lane.missed = True
                return False
            if lane.held >= self._window:
                lane.complete = False
                return False
            lane.seen = message.id
        self._insert(lane, message)
        return True

    def load(self, route: str, priority: Priority, messages: list[Outgoing], *, complete: bool) -> int:
        """A lane's next messages from disk; ``complete`` when the look found no more behind them."""
        lane = self._lane(route, priority)
        lane.complete = complete and not lane.missed
        count = 0
        for message in messages:
            lane.seen = max(lane.seen, message.id)
            if message.id not in self._known:
                self._insert(lane, message)
                count += 1
        return count

    def hungry(self) -> Iterator[tuple[str, Priority, int, int]]:
        """Lanes with messages on disk and room here: route, priority, after which id, how many.

        To be looked up and brought in by :meth:`load`, one lane after the other.
        """
        for (route, priority), lane in list(self._lanes.items()):
            room = self._window - lane.held
            if not lane.complete and room >= self._window // 2:
                lane.missed = False
                yield route, priority, lane.seen, room

    @property
    def is_hungry(self) -> bool:
        """Whether :meth:`hungry` has anything to say."""
        return any(not lane.complete and self._window - lane.held >= self._window // 2 for lane in self._lanes.values())

    def expect(self, routes: Iterable[str]) -> None:
        """There may be messages of these routes on disk that were never seen."""
        for route in routes:
            for priority in Priority:
                self._lane(route, priority).complete = False

    def _insert(self, lane: _Lane, message: Outgoing) -> None:
        self._known[message.id] = (message.route, message.priority)
        lane.held += 1
        heapq.heappush(lane.ready, (message.id, message))

    def take(self, routes: tuple[str, ...], above: Priority | None = None) -> Outgoing | None:
        """The next message for a modem that serves these routes; only classes before ``above`` where that is given.

        Its recipient is busy until :meth:`release`.
        """
        passed: list[_Lane] = []
        order = [p for p in Priority if above is None or p < above]
        if above is None:
            patient = [p for p in order if any(self._passed_over(route, p) >= PATIENCE for route in routes)]
            order.sort(key=lambda p: (p not in patient, p))
        for priority in order:
            lanes = [lane for route in routes if (lane := self._lanes.get((route, priority))) and lane.ready]
            message = self._pop(lanes)
            if message is not None:
                for lower in Priority:
                    if lower > priority:
                        passed += [lane for route in routes if (lane := self._lanes.get((route, lower))) and lane.ready]
                for lane in passed:
                    lane.passed_over += 1
                for lane in lanes:
                    lane.passed_over = 0
                self._busy.add(message.to)
                return message
        return None

    def ready_count(self, routes: Iterable[str]) -> int:
        """How many messages of these routes are at hand."""
        return sum(
            len(lane.ready) for route in routes for p in Priority if (lane := self._lanes.get((route, p))) is not None
        )

    def _passed_over(self, route: str, priority: Priority) -> int:
        lane = self._lanes.get((route, priority))
        return lane.passed_over if lane is not None and lane.ready else 0

    def _pop(self, lanes: list[_Lane]) -> Outgoing | None:
        while True:
            lane = min((lane for lane in lanes if lane.ready), key=lambda lane: lane.ready[0][0], default=None)
            if lane is None:
                return None
            number, message = heapq.heappop(lane.ready)
            if number not in self._known:  # withdrawn
                continue
            if message.to in self._busy:
                heapq.heappush(self._parked.setdefault(message.to, []), (number, message))
                continue
            return message

    def release(self, message: Outgoing) -> Outgoing | None:
        """A message taken is out of hand; returns the next one to its recipient that was parked for it, now ready."""
        self._forget(message.id)
        self._busy.discard(message.to)
        waiting = self._parked.get(message.to)
        while waiting:
            number, following = heapq.heappop(waiting)
            if not waiting:
                del self._parked[message.to]
            key = self._known.get(number)
            if key is not None:
                heapq.heappush(self._lanes[key].ready, (number, following))
                return following
        return None

    def withdraw(self, message_id: int) -> None:
        """A message was canceled, or has expired: it is not handed out any more."""
        self._forget(message_id)

    def _forget(self, message_id: int) -> None:
        key = self._known.pop(message_id, None)
        if key is not None:
            self._lanes[key].held -= 1

    def is_parked(self, recipient: str) -> bool:
        """Whether a message to that recipient is being sent."""
        return recipient in self._busy
