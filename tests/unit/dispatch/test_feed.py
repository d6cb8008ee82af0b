"""The event feed: each event once, in order, from any cursor, from memory or disk."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from support.events import any_event

from gsmgw.dispatch import EventFeed, feed
from gsmgw.dispatch.event_filter import Types
from gsmgw.store import Store, Tx


def _note(tx: Tx, count: int, type: str = "test.a") -> None:
    for number in range(count):
        tx.event(1, any_event(type, n=number))


async def _read(source: EventFeed, after: int | None, count: int, *types: str) -> list[int]:
    found: list[int] = []
    cursor, wanted = source.last_id if after is None else after, Types(types)
    came = asyncio.Event()
    source.listen(lambda events: came.set())
    async with asyncio.timeout(60):
        while len(found) < count:
            came.clear()
            page = await source.page(cursor)
            found += [event.id for event in page if event.type in wanted]
            cursor = page[-1].id if page else cursor
            if not page:
                await came.wait()
    return found[:count]


async def test_from_any_cursor_each_event_once_and_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "PAGE", 7)
    monkeypatch.setattr(feed, "RING", 20)  # most of it has to come from disk
    source = EventFeed()
    store = await Store.open(tmp_path / "g.db", source.publish)
    await source.attach(store)
    for _ in range(10):
        await store.write(lambda tx: _note(tx, 10))
    for after in (0, 1, 42, 79, 80, 81, 99):
        assert await _read(source, after, 100 - after) == list(range(after + 1, 101))
    await store.close()


async def test_new_events_wake_a_waiting_reader(tmp_path: Path) -> None:
    source = EventFeed()
    store = await Store.open(tmp_path / "g.db", source.publish)
    await source.attach(store)
    async with asyncio.TaskGroup() as group:
        reader = group.create_task(_read(source, None, 3))
        await asyncio.sleep(0)
        for _ in range(3):
            await store.write(lambda tx: _note(tx, 1))
    assert reader.result() == [1, 2, 3]
    await store.close()


async def test_types_narrow_by_name_and_by_prefix(tmp_path: Path) -> None:
    source = EventFeed()
    store = await Store.open(tmp_path / "g.db", source.publish)
    await source.attach(store)
    for type in ("message.sent", "modem.gone", "message.failed", "messages.odd", "call.missed"):
        await store.write(lambda tx, t=type: _note(tx, 1, t))
    assert await _read(source, 0, 2, "message.*") == [1, 3]
    assert await _read(source, 0, 2, "modem.gone", "call.*") == [2, 5]
    await store.close()


async def test_a_feed_goes_on_behind_what_a_former_process_wrote(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "g.db")
    await store.write(lambda tx: _note(tx, 5))
    await store.close()
    source = EventFeed()
    store = await Store.open(tmp_path / "g.db", source.publish)
    await source.attach(store)
    assert source.last_id == 5
    await store.write(lambda tx: _note(tx, 2))
    assert await _read(source, 3, 4) == [4, 5, 6, 7]
    await store.close()
