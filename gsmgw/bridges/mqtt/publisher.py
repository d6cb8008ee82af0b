"""Publishes events from the durable cursor: what the broker has not acknowledged is published again, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gsmgw.bridges.mqtt.connection import Connection, ConnectionLost
from gsmgw.bridges.mqtt.states import OUTCOME, RECEIVED, event_payload
from gsmgw.bridges.mqtt.topics import Topics
from gsmgw.dispatch import EventFeed
from gsmgw.dispatch.cursor_runner import CursorRunner
from gsmgw.model import Event, MessageRecord
from gsmgw.ports import Clock
from gsmgw.store import Store, contacts, cursors, webhooks
from gsmgw.wire.encoding import dumped

#: Events on their way to the broker at the same time.
WINDOW = 50


class Publisher(CursorRunner):
    """Publishes received texts, missed calls, answers to USSD codes, and outcomes."""

    def __init__(self, store: Store, clock: Clock, feed: EventFeed, topics: Topics) -> None:
        super().__init__("mqtt", clock, feed)
        self._store = store
        self._topics = topics
        self._opened = False
        #: The connection, while there is one.
        self.connection: Connection | None = None

    async def open(self) -> None:
        """Begin at the durable cursor; a new one begins at the newest event."""
        self.position = await self._store.write(lambda tx: cursors.open_cursor(tx, cursors.MQTT, holds=True))
        self._opened = True

    async def turn(self) -> float | None:
        """Publish what there is. Without a connection nothing happens until :meth:`wake`."""
        if not self._opened:
            await self.open()
        while self.connection is not None and (page := await self.page()):
            try:
                await self._publish(self.connection, page)
            except ConnectionLost:
                return None  # woken when there is a connection again
        return None

    async def _publish(self, connection: Connection, page: Sequence[Event]) -> None:
        for start in range(0, len(page), WINDOW):
            portion = page[start : start + WINDOW]
            waiting = [future for event in portion if (future := await self._begin(connection, event)) is not None]
            await asyncio.gather(*waiting)
            await self._advance(portion[-1].id)

    async def _advance(self, event_id: int) -> None:
        await self._store.write(lambda tx: cursors.move(tx, cursors.MQTT, event_id))
        self.position = event_id

    async def _begin(self, connection: Connection, event: Event) -> asyncio.Future[None] | None:
        if event.type not in RECEIVED and event.type not in OUTCOME:
            return None
        content = await self._store.read(lambda db: webhooks.content(db, event.id))
        if content is None:
            return None
        found, message = content
        payload = event_payload(found, message, await self._contact(found, message))
        if payload is None:
            return None
        topic = self._topics.received if event.type in RECEIVED else self._topics.outcome
        return connection.begin(topic, dumped(payload))

    async def _contact(self, event: Event, message: MessageRecord | None) -> str | None:
        number = message.peer if message is not None else event.data.get("number")
        if not isinstance(number, str):
            return None
        return (await self._store.read(lambda db: contacts.names_of(db, [number]))).get(number)
