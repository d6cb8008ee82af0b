"""Tells the hub what happens at a node, from a durable cursor: what the server has not acknowledged is told again.

Events are published in portions, for the server syncs each message to the disk. Where a portion ends is on disk before
it is published: one that is published again is the same, and the server keeps it once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from gsmgw.bridges.fleet import subjects
from gsmgw.bridges.fleet.connection import Connection
from gsmgw.bridges.fleet.contents import NodeEvent, event_payload, events_payload
from gsmgw.bridges.fleet.failures import ConnectionLost
from gsmgw.dispatch import EventFeed
from gsmgw.dispatch.cursor_runner import CursorRunner
from gsmgw.model import FLEET, Direction, Event, EventType, MessageRecord
from gsmgw.ports import Clock
from gsmgw.store import Store, cursors, messages
from gsmgw.store.fleet_jobs import JobName
from gsmgw.store.fleet_state import Mark, mark, set_mark

#: Events that are published together, and their size in bytes; the server takes a megabyte at most.
PORTION, PORTION_BYTES = 100, 256 * 1024
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
        #: The last event of the portion that is being published, or was.
        self._end = 0
        #: The connection, while there is one.
        self.connection: Connection | None = None

    async def turn(self) -> float | None:
        """Publish what there is. Without a connection nothing happens until :meth:`wake`."""
        if not self._opened:
            self.position = await self._store.write(lambda tx: cursors.open_cursor(tx, cursors.FLEET, holds=True))
            end = await self._store.read(partial(mark, which=Mark.PORTION))
            self._end = end or 0
            self._opened = True
        while self.connection is not None and (page := await self.page()):
            try:
                await self._publish(self.connection, page)
            except ConnectionLost:
                return 1.0  # or woken when there is a connection again
        return None

    async def _publish(self, connection: Connection, page: Sequence[Event]) -> None:
        left = list(page)
        while left:
            if self._end > self.position:  # it is on disk, and may have been published
                found = await self._payloads(_up_to(left, self._end))
            else:
                found = await self._payloads(left[:PORTION])
                found = found[: _fitting(found)]
                end = found[-1][0]
                if any(payload is not None for _, payload in found):
                    await self._store.write(partial(set_mark, which=Mark.PORTION, value=end))
                self._end = end
            payloads = [payload for _, payload in found if payload is not None]
            if payloads:
                # After a restored backup, other events have these numbers: they happened at another time.
                at_ms = max(event.at_ms for event in _up_to(left, self._end))
                name = f"{self._node}:{self.position + 1}-{self._end}:{at_ms}"
                await connection.publish(subjects.events_of(self._node), events_payload(payloads), name)
            await self._store.write(partial(cursors.move, name=cursors.FLEET, event_id=self._end))
            self.position = self._end
            left = [event for event in left if event.id > self.position]

    async def _payloads(self, events: Sequence[Event]) -> list[tuple[int, bytes | None]]:
        about = list({event.message_id for event in events if event.message_id is not None})
        known = await self._store.read(lambda db: messages.get_messages(db, about))
        records = {record.id: record for record in known if record is not None}
        return [(event.id, self._payload(event, records)) for event in events]

    def _payload(self, event: Event, records: Mapping[int, MessageRecord]) -> bytes | None:
        if event.message_id is None:
            if event.type not in _OTHERS or event.data.get("source") == FROM_HUB:
                return None
            return event_payload(NodeEvent(event.type, event.at_ms, event.modem, event.data))
        record = records.get(event.message_id)
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


def _up_to(events: Sequence[Event], end: int) -> list[Event]:
    return [event for event in events if event.id <= end]


def _fitting(found: Sequence[tuple[int, bytes | None]]) -> int:
    """Return how many of these are published together, at least one."""
    size = 0
    for count, (_, payload) in enumerate(found):
        size += len(payload or b"")
        if count and size > PORTION_BYTES:
            return count
    return len(found)
