"""One account: its receipts and received messages, from a durable cursor to whichever sessions can receive."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import partial
from itertools import takewhile
from typing import Final, Protocol, TypeAlias

from gsmgw.bridges.smpp.context import SmppContext
from gsmgw.bridges.smpp.deliveries import Delivery, given_up, receipt, received
from gsmgw.bridges.smpp.pdus import CommandStatus
from gsmgw.bridges.smpp.states import FINAL_EVENTS
from gsmgw.dispatch.cursor_runner import CursorRunner
from gsmgw.model import Event, EventType, MessageRecord
from gsmgw.outbound import principal_of_token
from gsmgw.store import cursors, messages, smpp
from gsmgw.store.smpp import Submitted
from gsmgw.store.tokens import Token, smpp_cursor

log = logging.getLogger(__name__)

#: Pause before a message is delivered again that the client could not take; seconds.
AGAIN_S: Final = 5.0
#: How long parts of a long message wait for the others, and how often that is looked at.
PARTS_KEPT_MS: Final = 3_600_000
LOOK_MS: Final = 60_000
DAY_MS: Final = 86_400_000
#: The longest pause until it is looked again for deliveries that have waited too long; seconds.
LONGEST_PAUSE_S: Final = 3600.0
#: Events without anything to deliver after which the cursor is saved.
_SAVED_EVERY: Final = 1000
_RECEIPTS: Final = frozenset({*FINAL_EVENTS, EventType.MESSAGE_SENT})
_RECEIVED: Final = frozenset({EventType.MESSAGE_RECEIVED, EventType.MESSAGE_COMPLETED})
#: Answers that ask for the message later (5.1.3).
_LATER: Final = frozenset({CommandStatus.QUEUE_FULL, CommandStatus.THROTTLED, CommandStatus.TEMPORARY_ERROR})


_Key: TypeAlias = tuple[int, int]


class Outcome(Enum):
    """The result of a delivery."""

    DONE = "done"
    LATER = "later"
    LOST = "lost"


class SessionLost(Exception):
    """The session ended before the response to a request."""


class Receiver(Protocol):
    """A session that can receive."""

    @property
    def load(self) -> int:
        """The number of deliveries without a response."""

    async def deliver(self, delivery: Delivery) -> int:
        """Deliver, and return the status of the response. Raises :class:`SessionLost`."""


class Account(CursorRunner):
    """Delivers what belongs to one account. Without a session everything waits, for ``keep_days``."""

    def __init__(self, ctx: SmppContext, token: Token) -> None:
        super().__init__(f"smpp account {token.name}", ctx.clock, ctx.feed)
        self.token = token
        self._ctx = ctx
        self._principal = principal_of_token(token, "smpp")
        self._name = smpp_cursor(token.id)
        self._opened = False
        self._saved = 0
        #: Deliveries with a response that are ahead of the position: event, and number of the delivery in it.
        self._ahead: set[_Key] = set()
        self._look_ms = 0
        self._keep_ms = ctx.settings.keep_days * DAY_MS
        #: Deliveries since the start that waited too long, or that the client refused.
        self.dropped = 0
        #: The sessions that can receive.
        self.receivers: list[Receiver] = []

    def attach(self, receiver: Receiver) -> None:
        """Deliver to this session, too."""
        self.receivers.append(receiver)
        self.wake()

    def detach(self, receiver: Receiver) -> None:
        """Deliver to this session no more."""
        if receiver in self.receivers:
            self.receivers.remove(receiver)

    async def turn(self) -> float | None:
        """Deliver what there is, as long as there is a session; give up what waited too long."""
        if not self._opened:
            self.position = self._saved = await self._ctx.store.write(
                lambda tx: cursors.open_cursor(tx, self._name, holds=True)
            )
            self._opened = True
        pause_s = await self._deliver_events()
        return min(pause_s, await self._give_up_parts())

    async def _deliver_events(self) -> float:
        """Deliver until nothing is left, or no session takes it. Return the pause until the next attempt."""
        while page := await self.page():
            pause_s = await self._work_off(page)
            if pause_s is not None:
                return pause_s
        return LONGEST_PAUSE_S

    async def _work_off(self, page: Sequence[Event]) -> float | None:
        """Deliver what a page of events makes, a window at a time. Return a pause where it cannot be delivered."""
        found = [(key, each) for key, each in await self._deliveries(page) if key not in self._ahead]
        at_ms = {event.id: event.at_ms for event in page}
        wanted = await self._without_late(found, at_ms)
        window = self._ctx.settings.window
        for start in range(0, len(wanted), window):
            portion = wanted[start : start + window]
            if not self.receivers:
                first = portion[0][0][0]
                await self._advance(first - 1)
                late_ms = at_ms[first] + self._keep_ms
                # a session wakes the account
                return min(max(0.0, (late_ms - self._ctx.clock.wall_ms()) / 1000), LONGEST_PAUSE_S)
            outcomes = await asyncio.gather(*(self._deliver(delivery) for _, delivery in portion))
            results = [(key, outcome) for (key, _), outcome in zip(portion, outcomes, strict=True)]
            self._ahead |= {key for key, outcome in results if outcome is Outcome.DONE}
            for key, outcome in results:
                if outcome is not Outcome.DONE:
                    await self._advance(key[0] - 1)
                    return AGAIN_S if outcome is Outcome.LATER else 0.0
            if start + window < len(wanted):
                await self._advance(wanted[start + window][0][0] - 1)
        await self._advance(page[-1].id, lazily=not wanted)
        return None

    async def _without_late(
        self, found: list[tuple[_Key, Delivery]], at_ms: Mapping[int, int]
    ) -> list[tuple[_Key, Delivery]]:
        """Give up the deliveries in front that have waited too long, and return the others."""
        before_ms = self._ctx.clock.wall_ms() - self._keep_ms
        late = list(takewhile(lambda each: at_ms[each[0][0]] <= before_ms, found))
        if late:
            await self._advance(late[-1][0][0])
            self._note_dropped(len(late))
        return found[len(late) :]

    def _note_dropped(self, count: int) -> None:
        self.dropped += count
        log.warning(
            "smpp: deliveries given up, no session took them within keep_days=%d system_id=%s count=%d",
            self._ctx.settings.keep_days,
            self.token.name,
            count,
        )

    async def _deliver(self, delivery: Delivery) -> Outcome:
        """Deliver to the session with the least to do."""
        receiver = min(self.receivers, key=lambda each: each.load, default=None)
        if receiver is None:
            return Outcome.LOST
        try:
            status = await receiver.deliver(delivery)
        except SessionLost:
            return Outcome.LOST
        if status in _LATER:
            return Outcome.LATER
        if status:
            self.dropped += 1
            log.warning("smpp: delivery refused system_id=%s status=%#04x", self.token.name, status)
        return Outcome.DONE

    async def _advance(self, event_id: int, *, lazily: bool = False) -> None:
        """Note how far the account is. Events without anything to deliver are not worth a write each."""
        self.position = max(self.position, event_id)
        self._ahead = {key for key in self._ahead if key[0] > self.position}
        if self.position > self._saved and not (lazily and self.position - self._saved < _SAVED_EVERY):
            position = self.position
            await self._ctx.store.write(lambda tx: cursors.move(tx, self._name, position))
            self._saved = position

    async def _deliveries(self, page: Sequence[Event]) -> list[tuple[_Key, Delivery]]:
        """Return what these events make for this account, in their order."""
        concerned = [
            event
            for event in page
            if event.message_id is not None and (event.type in _RECEIPTS or event.type in _RECEIVED)
        ]
        if not concerned:
            return []
        known, records = await self._read(concerned)
        made: list[tuple[_Key, Delivery]] = []
        for event in concerned:
            record = records.get(event.message_id or 0)
            if record is None:
                continue
            if event.type in _RECEIVED:
                if self._sees(record):
                    made.append(((event.id, 0), received(record, record.modem or "")))
                continue
            told = (receipt(event, record, each) for each in known.get(record.id, ()))
            made += [((event.id, number), each) for number, each in enumerate(told) if each is not None]
        return made

    async def _read(self, events: Sequence[Event]) -> tuple[dict[int, list[Submitted]], dict[int, MessageRecord]]:
        """Return what the client knows of messages, and the messages."""
        outbound = {event.message_id or 0 for event in events if event.type not in _RECEIVED}
        inbound = {event.message_id or 0 for event in events} - outbound
        store = self._ctx.store
        known = await store.read(lambda db: smpp.of_messages(db, outbound)) if outbound else {}
        ids = sorted({*known, *inbound})
        found = await store.read(lambda db: messages.get_messages(db, ids)) if ids else []
        records = {
            each.id: each for each in found if each is not None and (each.id in inbound or each.owner == self.token.id)
        }
        return known, records

    def _sees(self, record: MessageRecord) -> bool:
        """Return True for a received message that the account may read: one of the modems of its token."""
        if not self._principal.allows("read"):
            return False
        sight = self._ctx.service.visible_to(self._principal)
        return sight is None or sight.sees(record)

    async def _give_up_parts(self) -> float:
        """Tell of parts whose message did not become whole in time. Return when to look again."""
        now_ms = self._ctx.clock.wall_ms()
        if now_ms < self._look_ms:
            return (self._look_ms - now_ms) / 1000
        self._look_ms = now_ms + LOOK_MS
        late = await self._ctx.store.read(lambda db: smpp.parts_before(db, self.token.id, now_ms - PARTS_KEPT_MS))
        for part in late:
            told = given_up(part, now_ms)
            is_late = part.created_ms <= now_ms - self._keep_ms
            if told is not None and not is_late and await self._deliver(told) is not Outcome.DONE:
                break
            await self._ctx.store.write(partial(smpp.drop_parts, ids=[part.id]))
            if told is not None and is_late:
                self._note_dropped(1)
        return LOOK_MS / 1000
