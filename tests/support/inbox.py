"""A collector with its database, and received PDUs for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime

from gsmgw.clock import VirtualClock
from gsmgw.inbound import Collector
from gsmgw.model import Direction, MessageRecord
from gsmgw.pdu import Address, build_pdu, delivers, plan_text
from gsmgw.ports import RawPdu
from gsmgw.store import Store, messages

SENDER = "+4915112345678"
STAMP = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)


class Desk:
    """A collector on a real database, under a clock that the test turns."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = VirtualClock()
        #: Replaced by a test that wants joining to fail.
        self.own_number: Callable[[str], str] = lambda modem: "+491700000001"
        self.collector = Collector(
            store,
            self.clock,
            incomplete_after_s=600,
            own_number=lambda modem: self.own_number(modem),
            on_unmatched_report=lambda *_: None,
            on_queued=lambda _: None,
        )
        self._slots = itertools.count(1)

    async def take(self, pdu: str, *, slot: int | None = None, sim: str = "sim", stat: int = 0) -> RawPdu:
        raw = RawPdu("m", sim, pdu, None, "SM", slot or next(self._slots), stat)
        await self.collector.take(raw)
        return raw

    async def inbox(self) -> list[MessageRecord]:
        wanted = messages.Filter(direction=Direction.INBOUND)
        found = await self.store.read(lambda db: messages.list_messages(db, wanted, 100))
        return found[::-1]

    async def texts(self) -> list[str | None]:
        return [message.text for message in await self.inbox()]


def pdus(text: str, *, reference: int = 7, sender: str = SENDER, stamp: datetime = STAMP, **fields: int) -> list[str]:
    plan = plan_text(text)
    return [
        build_pdu(part) for part in delivers(plan, Address.parse_number(sender), stamp, reference=reference, **fields)
    ]
