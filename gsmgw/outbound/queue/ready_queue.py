"""The active window of the queue, in memory: what may go next, by lane. Pure.

A lane is a route, a client and a priority. It holds the oldest of its messages, up to a window; the rest stays on
disk until the window has room. Messages to a recipient to whom another one is being sent are parked, so that texts to
one person keep their order and nobody else waits for them.

A message that a modem refused stands behind those of its class that nobody has tried yet, so that texts that are
refused again and again hold nobody up.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from gsmgw.model import Outgoing, Priority

#: Messages of one lane held in memory. 200 per modem and second of the fastest modems, for some seconds.
WINDOW = 2000
#: A lower class gets a turn after that many turns of higher ones: bulk creeps on under urgent load, and a one-time
#: code waits for at most one more segment.
PATIENCE = 16
#: The classes in order. A turn looks at them several times, and iterating over the enum itself is slow.
_CLASSES = tuple(Priority)

#: Route, client, priority.
LaneKey = tuple[str, str, Priority]


@dataclass(slots=True, eq=False)
class _Lane:
    key: LaneKey
    ready: list[tuple[int, Outgoing]] = field(default_factory=list)
    #: Those that were refused before and may be tried again.
    again: list[tuple[int, Outgoing]] = field(default_factory=list)
    #: Everything on disk up to this id was seen.
    seen: int = 0
    #: Nothing waits on disk behind ``seen``.
    complete: bool = True
    #: The first message that was left on disk since the last look there began: that look may have missed it.
    missed: int | None = None
    held: int = 0
    passed_over: int = 0

    def queue_of(self, message: Outgoing) -> list[tuple[int, Outgoing]]:
        """The heap in which a message waits."""
        return self.again if message.refusals else self.ready


def _passed_over(lanes: list[_Lane]) -> int:
    return max(lane.passed_over for lane in lanes)


class ReadyQueue:
    """The messages that may go next, for the workers of all modems."""

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._lanes: dict[LaneKey, _Lane] = {}
        self._of: dict[tuple[str, Priority], list[_Lane]] = {}
        #: When each client was last served, counted in turns: inside a class they take turns.
        self._served: dict[tuple[str, Priority], int] = {}
        self._turn = 0
        self._known: dict[int, LaneKey] = {}
        self._busy: set[str] = set()
        #: Routes and clients of what was offered before :meth:`expect`; None from then on.
        self._early: set[tuple[str, str]] | None = set()
        self._parked: dict[str, list[tuple[int, Outgoing]]] = {}
        #: For each class, how many untried messages in a row went before one that was refused and could have gone.
        self._before_refused: dict[Priority, int] = {}
        self.age = 0

    def __len__(self) -> int:
        return len(self._known)

    def _lane(self, key: LaneKey) -> _Lane:
        lane = self._lanes.get(key)
        if lane is None:
            route, _, priority = key
            lane = self._lanes[key] = _Lane(key)
            self._of.setdefault((route, priority), []).append(lane)
        return lane

    def offer(self, message: Outgoing) -> bool:
        """A message that is queued on disk now. False when it stays there for the time being."""
        lane = self._lane((message.route, message.client, message.priority))
        if self._early is not None:  # older ones of a former run go first
            self._early.add((message.route, message.client))
            return False
        if message.id in self._known:
            return False
        if message.id > lane.seen:
            if not lane.complete:
                lane.missed = message.id if lane.missed is None else min(lane.missed, message.id)
                return False
            if lane.held >= self._window:
                lane.complete = False
                return False
            lane.seen = message.id
        self._insert(lane, message)
        return True

    def load(self, key: LaneKey, messages: list[Outgoing], *, complete: bool) -> int:
        """A lane's next messages from disk; ``complete`` when the look found no more behind them."""
        lane = self._lane(key)
        lane.complete = complete and lane.missed is None
        count = 0
        for message in messages:
            lane.seen = max(lane.seen, message.id)
            if message.id not in self._known:
                self._insert(lane, message)
                count += 1
        if lane.missed is not None:  # it may lie before what was found: a message of an earlier day was queued again
            lane.seen = min(lane.seen, lane.missed - 1)
        return count

    def hungry(self) -> Iterator[tuple[LaneKey, int, int]]:
        """Lanes with messages on disk and room here: which, after which id, how many.

        To be looked up and brought in by :meth:`load`, one lane after the other.
        """
        for key, lane in list(self._lanes.items()):
            room = self._window - lane.held
            if not lane.complete and room >= self._window // 2:
                lane.missed = None
                yield key, lane.seen, room

    @property
    def is_hungry(self) -> bool:
        """True if :meth:`hungry` would return anything."""
        return any(not lane.complete and self._window - lane.held >= self._window // 2 for lane in self._lanes.values())

    def expect(self, waiting: Iterable[tuple[str, str]]) -> None:
        """There are messages of these routes and clients on disk, of a former run. Nothing is handed out before."""
        early, self._early = self._early or set(), None
        for route, client in {*waiting, *early}:
            for priority in _CLASSES:
                self._lane((route, client, priority)).complete = False

    def _insert(self, lane: _Lane, message: Outgoing) -> None:
        self._known[message.id] = lane.key
        lane.held += 1
        heapq.heappush(lane.queue_of(message), (message.id, message))

    def take(self, routes: tuple[str, ...], above: Priority | None = None) -> Outgoing | None:
        """The next message for a modem that serves these routes; only classes before ``above`` where that is given.

        Its recipient is busy until :meth:`release`.
        """
        waiting = [(priority, lanes) for priority in _CLASSES if (lanes := self._ready(routes, priority))]
        order = waiting if above is None else [each for each in waiting if each[0] < above]
        if above is None and len(waiting) > 1:
            order = sorted(waiting, key=lambda each: (_passed_over(each[1]) < PATIENCE, each[0]))
        for priority, lanes in order:
            message = self._pop(lanes, priority)
            if message is not None:
                for lower, passed in waiting:
                    for lane in passed if lower > priority else ():
                        lane.passed_over += 1
                for lane in lanes:
                    lane.passed_over = 0
                self._busy.add(message.to)
                return message
        return None

    def _ready(self, routes: Iterable[str], priority: Priority) -> list[_Lane]:
        return [lane for route in routes for lane in self._of.get((route, priority), ()) if lane.ready or lane.again]

    def ready_count(self, routes: Iterable[str]) -> int:
        """Return the number of loaded messages of these routes."""
        return sum(len(lane.ready) + len(lane.again) for priority in _CLASSES for lane in self._ready(routes, priority))

    def has_untried(self, routes: Iterable[str]) -> bool:
        """True if a message of these routes is loaded that no modem has refused."""
        return any(lane.ready for priority in _CLASSES for lane in self._ready(routes, priority))

    def _pop(self, lanes: list[_Lane], priority: Priority) -> Outgoing | None:
        """The next message: of the client that was served longest ago, its oldest one.

        Those that were refused before follow the others, but for one after each ``PATIENCE`` of these.
        """
        served = self._served
        while lanes:
            untried = [lane for lane in lanes if lane.ready]
            refused = [lane for lane in lanes if lane.again]
            before = self._before_refused.get(priority, 0)
            if refused and (not untried or before >= PATIENCE):
                lane = min(refused, key=lambda lane: (served.get((lane.key[1], priority), 0), lane.again[0][0]))
                number, message = heapq.heappop(lane.again)
                before = 0
            else:
                lane = min(untried, key=lambda lane: (served.get((lane.key[1], priority), 0), lane.ready[0][0]))
                number, message = heapq.heappop(lane.ready)
                before = before + 1 if refused else 0
            if not lane.ready and not lane.again:
                lanes.remove(lane)
            if number not in self._known:  # withdrawn
                continue
            if message.to in self._busy:
                heapq.heappush(self._parked.setdefault(message.to, []), (number, message))
                continue
            self._before_refused[priority] = before
            self._turn += 1
            served[lane.key[1], priority] = self._turn
            return message
        return None

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
                heapq.heappush(self._lanes[key].queue_of(following), (number, following))
                return following
        return None

    def begin_anew(self) -> None:
        """Forget the loaded messages, whose data has changed: they are read again after :meth:`expect`.

        Those in a worker's hands stay there. ``age`` grows, so that what was looked up before is not brought in.
        """
        for lane in self._lanes.values():
            for number, _ in (*lane.ready, *lane.again):
                self._forget(number)
            lane.ready.clear()
            lane.again.clear()
            lane.seen, lane.complete, lane.missed = 0, True, None
        for waiting in self._parked.values():
            for number, _ in waiting:
                self._forget(number)
        self._parked.clear()
        self._early = set()
        self.age += 1

    def withdraw(self, message_id: int) -> None:
        """A message was canceled, or has expired: it is not handed out any more."""
        self._forget(message_id)

    def _forget(self, message_id: int) -> None:
        key = self._known.pop(message_id, None)
        if key is not None:
            self._lanes[key].held -= 1

    def is_parked(self, recipient: str) -> bool:
        """True if a message to that recipient is being sent."""
        return recipient in self._busy
