"""The events of a node on their way: in order, in portions, and each portion the same however often it is published."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.databases import refusing
from support.events import any_event

from gsmgw.bridges.fleet.contents import read_event, read_events
from gsmgw.bridges.fleet.failures import ConnectionLost
from gsmgw.bridges.fleet.publisher import PORTION, PORTION_BYTES, Publisher
from gsmgw.bridges.fleet.streams import Published
from gsmgw.clock import SystemClock
from gsmgw.dispatch import EventFeed
from gsmgw.errors import StoreError
from gsmgw.store import Store


class _Server:
    """A connection whose server keeps what is published; it goes away before it answers, as often as the test wants."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.lost = 0

    async def publish(self, subject: str, payload: bytes, message_id: str) -> Published:
        assert subject == "gsmgw.ev.ulm"
        is_new = message_id not in self.kept
        self.kept.setdefault(message_id, payload)
        if self.lost:
            self.lost -= 1
            raise ConnectionLost("the server went away")
        return Published(len(self.kept), not is_new)

    def numbers(self) -> list[object]:
        return [
            read_event("ulm", event).data["number"] for payload in self.kept.values() for event in read_events(payload)
        ]


async def _store(directory: Path, feed: EventFeed) -> Store:
    store = await Store.open(directory / "g.db", feed.publish)
    await feed.attach(store)
    return store


async def _publisher(store: Store, feed: EventFeed, server: _Server) -> Publisher:
    publisher = Publisher("ulm", store, SystemClock(), feed)
    await publisher.turn()  # the cursor begins here
    publisher.connection = server  # type: ignore[assignment]
    return publisher


async def _happen(store: Store, first: int, count: int, detail: str = "", at_ms: int = 1) -> None:
    for number in range(first, first + count):
        event = any_event("modem.state_changed", number=number, detail=detail)
        await store.write(lambda tx, event=event: tx.event(at_ms, event, None, "m0"))


async def test_events_go_in_order_and_many_together(tmp_path: Path) -> None:
    feed, server = EventFeed(), _Server()
    store = await _store(tmp_path, feed)
    try:
        publisher = await _publisher(store, feed, server)
        await _happen(store, 0, 250)
        assert await publisher.turn() is None
        assert server.numbers() == list(range(250))
        assert list(server.kept) == ["ulm:1-100:1", "ulm:101-200:1", "ulm:201-250:1"]
        assert publisher.lag == 0
    finally:
        await store.close()


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_portion_without_an_answer_is_the_same_when_it_is_published_again(
    tmp_path: Path, restarted: bool
) -> None:
    feed, server = EventFeed(), _Server()
    store = await _store(tmp_path, feed)
    try:
        publisher = await _publisher(store, feed, server)
        await _happen(store, 0, 3)
        server.lost = 1
        assert await publisher.turn() == 1.0
        await _happen(store, 3, PORTION)  # they would fit in with the first ones
        if restarted:
            await store.close()
            feed = EventFeed()
            store = await _store(tmp_path, feed)
            publisher = await _publisher(store, feed, server)
        await publisher.turn()
        assert server.numbers() == list(range(3 + PORTION))
        assert list(server.kept) == ["ulm:1-3:1", f"ulm:4-{3 + PORTION}:1"]
    finally:
        await store.close()


async def test_large_events_go_in_several_portions(tmp_path: Path) -> None:
    feed, server = EventFeed(), _Server()
    store = await _store(tmp_path, feed)
    try:
        publisher = await _publisher(store, feed, server)
        await _happen(store, 0, 5, "x" * (PORTION_BYTES // 2 - 200))
        await publisher.turn()
        assert server.numbers() == list(range(5))
        assert list(server.kept) == ["ulm:1-2:1", "ulm:3-4:1", "ulm:5-5:1"]
    finally:
        await store.close()


async def test_other_events_with_the_same_numbers_are_others(tmp_path: Path) -> None:
    """A node that was restored from a backup counts on from there."""
    server = _Server()
    for number, at_ms in enumerate((1, 2)):
        feed = EventFeed()
        store = await _store(tmp_path / f"{number}", feed)
        try:
            publisher = await _publisher(store, feed, server)
            await _happen(store, number, 1, at_ms=at_ms)
            await publisher.turn()
        finally:
            await store.close()
    assert server.numbers() == [0, 1]


async def test_a_portion_that_could_not_be_noted_is_not_taken_for_noted(tmp_path: Path) -> None:
    feed, server = EventFeed(), _Server()
    store = await _store(tmp_path, feed)
    try:
        publisher = await _publisher(store, feed, server)
        await _happen(store, 0, 3)
        async with refusing(store):
            with pytest.raises(StoreError):
                await publisher.turn()
        assert not server.kept
        await _happen(store, 3, 3)
        await publisher.turn()
        assert list(server.kept) == ["ulm:1-6:1"]
    finally:
        await store.close()
