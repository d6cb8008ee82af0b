"""Tells the hub what happens at a node, from a durable cursor: what the server has not acknowledged is told again."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from functools import partial

from gsmgw.bridges.fleet import subjects
from gsmgw.bridges.fleet.connection import Connection, ConnectionLost
from gsmgw.bridges.fleet.contents import NodeEvent, event_payload
from gsmgw.dispatch import EventFeed
from gsmgw.dispatch.cursor_runner import CursorRunner
from gsmgw.model import FLEET, Direction, Event, EventType, MessageRecord
from gsmgw.ports import Clock
from gsmgw.store import Store, cursors, webhooks
from gsmgw.store.fleet import JobName

#: Events on their way to the server at the same time.
WINDOW = 100
#: Where an opt-out comes from that the hub has told.
FROM_HUB = "fleet"
_RECEIVED = frozenset({EventType.MESSAGE_RECEIVED, EventType.MESSAGE_COMPLETED})
#: Events with which a hub that does not know a message has to be told all of it.
_FIRST = frozenset({EventType.MESSAGE_QUEUED, EventType.MESSAGE_SCHEDULED})
#: Events that are about no message and are passed on as they are.
_OTHERS = frozenset(
    {
        EventType.MODEM_STATE_CHANGED,
        EventType.MODEM_RECOVERY,
        EventType.MODEM_QUARANTINED,
        EventType.SIM_CHANGED,
        EventType.STORAGE_FULL,
        EventType.CALL_MISSED,
        EventType.USSD_RECEIVED,
        EventType.CONSENT_CHANGED,
    }
)


class Publisher(CursorRunner):
    """Publishes the events of the hub's messages, received texts, and what happens to modems."""

    def __init__(self, node: str, store: Store, clock: Clock, feed: EventFeed) -> None:
        super().__init__("fleet", clock, feed)
        self._node = node
        self._store = store
        self._opened = False
        #: The connection, while there is one.
        self.connection: Connection | None = None

    async def turn(self) -> float | None:
        """Publish what there is. Without a connection nothing happens until :meth:`wake`."""
        if not self._opened:
            self.position = await self._store.write(lambda tx: cursors.open_cursor(tx, cursors.FLEET, holds=True))
            self._opened = True
        while self.connection is not None and (page := await self.page()):
            try:
                await self._publish(self.connection, page)
            except ConnectionLost:
                return 1.0  # or woken when there is a connection again
        return None

    async def _publish(self, connection: Connection, page: Sequence[Event]) -> None:
        for start in range(0, len(page), WINDOW):
            portion = page[start : start + WINDOW]
            payloads = await self._store.read(partial(self._payloads, events=portion))
            subject = subjects.events_of(self._node)
            await asyncio.gather(
                *(connection.publish(subject, payload, f"{self._node}:{number}") for number, payload in payloads)
            )
            await self._store.write(partial(cursors.move, name=cursors.FLEET, event_id=portion[-1].id))
            self.position = portion[-1].id

    def _payloads(self, db: sqlite3.Connection, events: Sequence[Event]) -> list[tuple[int, bytes]]:
        found = []
        for event in events:
            payload = self._payload(db, event)
            if payload is not None:
                found.append((event.id, payload))
        return found

    def _payload(self, db: sqlite3.Connection, event: Event) -> bytes | None:
        if event.message_id is None:
            if event.type not in _OTHERS or event.data.get("source") == FROM_HUB:
                return None
            return event_payload(NodeEvent(event.type, event.at_ms, event.modem, event.data))
        content = webhooks.content(db, event.id)
        record = None if content is None else content[1]
        if record is None:
            return None
        if record.direction is Direction.INBOUND:
            if event.type not in _RECEIVED:
                return None
            return event_payload(NodeEvent(event.type, event.at_ms, record.modem), record)
        job = _job_of(record)
        if job is None:
            return None
        is_first = event.type in _FIRST and event.data.get("to") is not None
        told = NodeEvent(event.type, event.at_ms, event.modem or record.modem, event.data, job)
        return event_payload(told, record if is_first else None)


def _job_of(record: MessageRecord) -> JobName | None:
    """Return the job that a message was made of; None for one of this gateway's own."""
    if record.owner != FLEET or record.client_ref is None:
        return None
    try:
        return JobName.parse(record.client_ref)
    except ValueError:
        return None
