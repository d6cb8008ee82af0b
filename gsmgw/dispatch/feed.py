"""The event feed: committed events in order, for any number of readers with their own cursors.

The latest events are at hand in memory; older ones are read from disk. A reader that is slow costs nothing but its own
delay: it holds a cursor, not a queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from gsmgw.model import Event
from gsmgw.store import Store, messages

#: Number of events kept in memory: some seconds at maximum throughput.
RING = 4096
#: Number of events per read from disk.
PAGE = 500


class EventFeed:
    """Provides the event log from any cursor, followed by new events."""

    def __init__(self) -> None:
        self._ring: deque[Event] = deque(maxlen=RING)
        self._last = 0
        self._store: Store | None = None
        self._listeners: list[Callable[[Sequence[Event]], None]] = []

    async def attach(self, store: Store) -> None:
        """Connect to the store. Call once, before the first write."""
        self._store = store
        _, self._last = await store.read(messages.event_range)

    @property
    def last_id(self) -> int:
        """The newest committed event."""
        return self._last

    def listen(self, listener: Callable[[Sequence[Event]], None]) -> None:
        """Call ``listener`` with each group of committed events."""
        self._listeners.append(listener)

    def forget(self, listener: Callable[[Sequence[Event]], None]) -> None:
        """Stop calling ``listener``."""
        self._listeners.remove(listener)

    def publish(self, events: Sequence[Event]) -> None:
        """Add committed events."""
        self._ring.extend(events)
        self._last = events[-1].id
        for listener in tuple(self._listeners):
            listener(events)

    def drop_mentions(self, number: str) -> None:
        """Drop the events in memory that name a number: it was erased. Readers are not given them."""
        kept = [event for event in self._ring if number not in str(event.data)]
        self._ring.clear()
        self._ring.extend(kept)

    async def first_kept(self) -> int:
        """Return the oldest event that can be read; the next event's ID if there is none."""
        if self._store is None:
            return self._last + 1
        first, _ = await self._store.read(messages.event_range)
        return first or self._last + 1

    async def page(self, cursor: int, limit: int = PAGE) -> Sequence[Event]:
        """Return the events after a cursor, at most ``limit``."""
        if cursor >= self._last:
            return ()
        if self._ring and self._ring[0].id <= cursor + 1:
            # IDs are consecutive except for rolled back ones, so the position in the ring is close to the difference.
            start = max(0, len(self._ring) - (self._last - cursor))
            return [event for event in islice(self._ring, start, None) if event.id > cursor][:limit]
        if self._store is None:
            return ()
        return await self._store.read(lambda db: messages.events_after(db, cursor, limit))
