"""Wait for a received message, for people who test what sends texts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from gsmgw.dispatch.feed import EventFeed
from gsmgw.model import Direction, EventType, MessageRecord
from gsmgw.patterns import PatternRunner
from gsmgw.ports import Clock
from gsmgw.store import Store, messages
from gsmgw.store.visibility import Sight

#: Maximum number of messages since a time that are searched.
EARLIER = 1000
_ARRIVALS = (EventType.MESSAGE_RECEIVED, EventType.MESSAGE_COMPLETED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The message that is waited for. Empty strings and None do not restrict.

    ``text`` is a part of its text in upper or lower case, ``pattern`` a regular expression. Messages received after
    ``since_ms`` count, also those that are stored already.
    """

    peer: str | None = None
    modem: str | None = None
    text: str = ""
    pattern: str | None = None
    since_ms: int | None = None
    sight: Sight | None = None


def _stored(db: Any, number: int) -> list[MessageRecord]:
    return [record for record in messages.get_messages(db, (number,)) if record is not None]


class Arrivals:
    """Finds the first received message that matches."""

    def __init__(self, store: Store, clock: Clock, feed: EventFeed, patterns: PatternRunner) -> None:
        self._store = store
        self._clock = clock
        self._feed = feed
        self._patterns = patterns

    async def wait(self, wanted: Wanted, timeout_s: float) -> MessageRecord | None:
        """Return the first message that matches, or None if none arrived in time.

        Raises :class:`gsmgw.patterns.PatternError` for a pattern that is not valid or takes too long.
        """
        woken, over = asyncio.Event(), False

        def expire() -> None:
            nonlocal over
            over = True
            woken.set()

        def wake(events: object) -> None:
            woken.set()

        timer = self._clock.call_later(timeout_s, expire)
        position = self._feed.last_id
        self._feed.listen(wake)
        try:
            found = await self._earlier(wanted)
            while found is None and not over:
                woken.clear()
                for event in await self._feed.page(position):
                    position = event.id
                    if event.type in _ARRIVALS and event.message_id is not None:
                        records = await self._store.read(partial(_stored, number=event.message_id))
                        found = await self._first(records, wanted)
                        if found is not None:
                            return found
                if position >= self._feed.last_id:
                    await woken.wait()
            return found
        finally:
            self._feed.forget(wake)
            timer.cancel()

    async def _earlier(self, wanted: Wanted) -> MessageRecord | None:
        if wanted.since_ms is None:
            return None
        criteria = messages.Filter(
            direction=Direction.INBOUND,  # the sender is compared below: a name may be written in lower case
            modem=wanted.modem,
            since_ms=wanted.since_ms,
            sight=wanted.sight,
        )
        stored = await self._store.read(lambda db: messages.list_messages(db, criteria, EARLIER))
        return await self._first(reversed(stored), wanted)

    async def _first(self, records: Iterable[MessageRecord], wanted: Wanted) -> MessageRecord | None:
        for record in records:
            if await self._matches(record, wanted):
                return record
        return None

    async def _matches(self, record: MessageRecord, wanted: Wanted) -> bool:
        if wanted.peer is not None and record.peer.casefold() != wanted.peer.casefold():
            return False
        if wanted.modem is not None and record.modem != wanted.modem:
            return False
        if wanted.sight is not None and not wanted.sight.sees(record):
            return False
        text = record.text or ""
        if wanted.pattern is not None:
            return await self._patterns.search(wanted.pattern, text)
        return wanted.text.casefold() in text.casefold()
