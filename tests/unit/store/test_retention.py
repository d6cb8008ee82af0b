"""Old rows go, and nothing that is under way."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from support.databases import index_all

from gsmgw.clock import VirtualClock
from gsmgw.config import RetentionSection
from gsmgw.dispatch import Retention
from gsmgw.dispatch.retention import PORTION
from gsmgw.model import MessageError, Outgoing, PartState, Priority
from gsmgw.ports import RawPdu
from gsmgw.store import Store, Tx, concat_references, idempotency, inbox, lifecycle, messages, outbox

DAY_MS = 86_400_000
TO = "+4915112345678"


class House:
    """A store whose clock the test moves, and its upkeep."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.clock = VirtualClock()
        self.retention = Retention(store, self.clock, RetentionSection(messages_days=31, events_days=7))

    def outgoing(self, report: bool = False) -> Outgoing:
        now_ms = self.clock.wall_ms()
        return Outgoing(
            self.store.ids.next(now_ms), TO, "hello", Priority.NORMAL, 1, now_ms, report=report,
            expires_ms=now_ms + DAY_MS,
        )  # fmt: skip

    async def sent(self, report: bool = False) -> Outgoing:
        one, now_ms = self.outgoing(report), self.clock.wall_ms()

        def send(tx: Tx) -> None:
            outbox.accept(tx, now_ms, [one])
            outbox.begin_segment(tx, now_ms, one, 1, "m", "sim", one.id, first=True, tpdus=[b"x"])
            outbox.segment_sent(tx, now_ms, one, 1, "m", "sim", one.id, 5)

        await self.store.write(send)
        return one

    async def rows(self, table: str) -> int:
        return int(await self.store.read(lambda db: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]))

    async def round(self) -> int:
        """A round, its pauses skipped."""
        done = asyncio.ensure_future(self.retention.round())
        while not done.done():
            await self.clock.advance(1)
            await self.store.read(messages.event_range)  # time for what the round does meanwhile
        return await done

    async def write(self, operation: Callable[[Tx], object]) -> None:
        await self.store.write(operation)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    store = await Store.open(tmp_path / "g.db")
    yield House(store)
    await store.close()


async def test_ended_messages_go_with_all_that_belongs_to_them(house: House) -> None:
    now_ms = house.clock.wall_ms()
    await house.sent()
    raw = RawPdu("m", "sim", "00", None, "SM", 1, 0)
    received = inbox.Received(TO, "m", None, "gsm7", 1, "hello?")

    def receive(tx: Tx) -> None:
        part = inbox.keep(tx, now_ms, raw, inbox.PartFacts(PartState.ASSEMBLED, sender=TO))
        inbox.add_message(tx, now_ms, house.store.ids, received, [part])
        inbox.release(tx, raw)
        idempotency.remember_answers(tx, now_ms, {"key:old": idempotency.Answered("x", "[]")})
        concat_references.next_reference(tx, now_ms, TO)

    await house.write(receive)
    await index_all(house.store)
    await house.clock.advance(30 * 86_400)
    assert await house.round() > 0  # events only
    assert await house.rows("messages") == 2
    await house.clock.advance(2 * 86_400)
    await house.sent()
    await house.write(
        lambda tx: idempotency.remember_answers(tx, house.clock.wall_ms(), {"key:new": idempotency.Answered("x", "[]")})
    )
    await house.round()
    left = {name: await house.rows(name) for name in ("messages", "segments", "parts", "idempotency")}
    assert left == {"messages": 1, "segments": 1, "parts": 0, "idempotency": 1}
    assert await house.rows("concat_references") == 0


async def test_what_is_under_way_or_in_doubt_or_still_on_a_sim_stays(house: House) -> None:
    now_ms = house.clock.wall_ms()
    waiting, doubtful = house.outgoing(), house.outgoing()
    awaited = await house.sent(report=True)
    scheduled = house.outgoing()._replace(send_at_ms=now_ms + 400 * DAY_MS)
    raw = RawPdu("m", "sim", "00", None, "SM", 1, 0)

    def prepare(tx: Tx) -> None:
        outbox.accept(tx, now_ms, [waiting, doubtful, scheduled])
        outbox.begin_segment(tx, now_ms, doubtful, 1, "m", "sim", doubtful.id, first=True, tpdus=[b"x"])
        outbox.segment_unknown(tx, now_ms, doubtful, 1, error=MessageError("not_confirmed", "?"), due_ms=now_ms)
        part = inbox.keep(tx, now_ms, raw, inbox.PartFacts(PartState.ASSEMBLED, sender=TO))
        inbox.add_message(tx, now_ms, house.store.ids, inbox.Received(TO, "m", None, "gsm7", 1, "hi"), [part])

    await house.write(prepare)
    await house.clock.advance(300 * 86_400)
    await house.round()
    found = await house.store.read(lambda db: {row[0] for row in db.execute("SELECT id FROM messages")})
    assert found == {waiting.id, doubtful.id, awaited.id, scheduled.id}
    # The text from the phone is gone, but its PDU lies on the SIM still and must not come in again.
    await house.write(lambda tx: _assert_held(tx, raw))
    await house.write(lambda tx: lifecycle.miss_reports(tx, house.clock.wall_ms()))
    await house.round()
    found = await house.store.read(lambda db: {row[0] for row in db.execute("SELECT id FROM messages")})
    assert awaited.id not in found


def _assert_held(tx: Tx, raw: RawPdu) -> None:
    assert inbox.is_held(tx, raw)


async def test_events_go_oldest_first_and_not_before_they_are_indexed(house: House) -> None:
    await house.sent()
    await house.clock.advance(8 * 86_400)
    await house.round()
    assert await house.rows("events") > 0
    await index_all(house.store)
    await house.sent()
    new = await house.store.read(lambda db: db.execute("SELECT max(id) FROM events").fetchone()[0])
    await house.round()
    kept = await house.store.read(lambda db: [row[0] for row in db.execute("SELECT id FROM events ORDER BY id")])
    assert kept == list(range(kept[0], new + 1))
    assert len(kept) == 3  # queued, sending, sent


async def test_for_ever_is_for_ever(house: House) -> None:
    house.retention = Retention(house.store, house.clock, RetentionSection(events_days=None))
    await house.sent()
    await index_all(house.store)
    await house.clock.advance(4000 * 86_400)
    assert await house.round() == 0
    assert (await house.rows("messages"), await house.rows("events")) == (1, 3)


async def test_a_file_shrinks_when_much_of_it_is_free(house: House) -> None:
    text = "x" * 1000
    many = [house.outgoing()._replace(text=text, report=False) for _ in range(20 * PORTION)]
    now_ms = house.clock.wall_ms()
    await house.write(lambda tx: outbox.accept(tx, now_ms, many))
    await house.write(lambda tx: lifecycle.expire(tx, now_ms + 2 * DAY_MS, len(many)))
    before = await house.store.read(_pages)
    await house.clock.advance(40 * 86_400)
    await house.round()
    assert await house.rows("messages") == 0
    pages = await house.store.read(_pages)
    assert pages < before / 2


def _pages(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA page_count").fetchone()[0])
