"""The readers of the event stream: each gets every event once and in order, however it reads."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.events import any_event
from support.waiting import GENEROUS_S, until

from gsmgw.dispatch import EventFeed, feed
from gsmgw.dispatch.event_filter import Types
from gsmgw.errors import StoreError
from gsmgw.http import event_chunks, event_streams
from gsmgw.http.event_chunks import Selection
from gsmgw.http.event_streams import EventStreams, Reader
from gsmgw.store import Store, Tx


class Pipe:
    """A line that takes so many octets until it is read."""

    def __init__(self, room: int = 2**40) -> None:
        self.room = room
        self.got = b""
        self.unread = 0
        self.lost = False
        self._changed: Callable[[], None] | None = None

    @property
    def writable(self) -> bool:
        return not self.lost and self.unread < self.room

    def push(self, piece: bytes) -> None:
        assert self.writable, "it is full, and was written to"
        self.got += piece
        self.unread += len(piece)

    def watch(self, changed: Callable[[], None] | None) -> None:
        self._changed = changed

    def read(self) -> None:
        self.unread = 0
        if self._changed is not None:
            self._changed()

    def lose(self) -> None:
        self.lost = True
        if self._changed is not None:
            self._changed()

    def ids(self) -> list[int]:
        return [int(number) for number in re.findall(rb"^id: (\d+)$", self.got, re.M)]


class Place:
    """A store, its feed and the readers of that."""

    def __init__(self, store: Store, source: EventFeed, served: EventStreams, tasks: asyncio.TaskGroup) -> None:
        self.store, self.source, self.served, self._tasks = store, source, served, tasks

    async def note(self, count: int, type: str = "test.a") -> None:
        def write(tx: Tx) -> None:
            for number in range(count):
                tx.event(1, any_event(type, n=number))

        await self.store.write(write)

    def join(self, line: Pipe, place: int, types: str = "", heartbeat_s: float = 300.0) -> asyncio.Task[None]:
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        return self.start(Reader(line, place, Selection(types), heartbeat_s, ended))

    def start(self, reader: Reader) -> asyncio.Task[None]:
        return self._tasks.create_task(self.served.serve(reader))


@asynccontextmanager
async def serving(directory: Path) -> AsyncIterator[Place]:
    source = EventFeed()
    store = await Store.open(directory / "g.db", source.publish)
    await source.attach(store)
    served = EventStreams(source, store)
    try:
        async with asyncio.timeout(4 * GENEROUS_S), asyncio.TaskGroup() as tasks:
            run = tasks.create_task(served.run())
            await asyncio.sleep(0)
            yield Place(store, source, served, tasks)
            run.cancel()
    finally:
        await store.close()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds so small that a few hundred events go past all of them."""
    monkeypatch.setattr(feed, "RING", 40)
    monkeypatch.setattr(feed, "PAGE", 13)
    monkeypatch.setattr(event_chunks, "PAGE", 13)
    monkeypatch.setattr(event_chunks, "CHUNK_BYTES", 400)
    monkeypatch.setattr(event_chunks, "MAX_KEPT", 5)
    monkeypatch.setattr(event_streams, "PER_READER_S", 0.0001)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("readers", [3, 40])
async def test_each_reader_gets_every_event_once_and_in_order(tmp_path: Path, readers: int) -> None:
    chance = random.Random(readers)
    async with serving(tmp_path) as place:
        await place.note(100)
        pipes = []
        for number in range(readers):
            start = chance.randrange(0, 101)
            pipe = Pipe(room=chance.choice([1, 900, 2**40]))
            types = ("", "test.a", "test.b,other.*")[number % 3]
            place.join(pipe, start, types)
            pipes.append((pipe, start, types))
        for turn in range(60):
            await place.note(chance.randrange(1, 9), "test.b" if turn % 5 == 0 else "test.a")
            for pipe, _, _ in pipes:
                if chance.random() < 0.3:
                    pipe.read()
            await asyncio.sleep(0)
        last = place.source.last_id
        events = {event.id: event.type for event in await _all(place)}
        for pipe, start, types in pipes:
            wanted = Types(types.split(",") if types else ())
            expected = [number for number in range(start + 1, last + 1) if events[number] in wanted]

            def has_all(pipe: Pipe = pipe, count: int = len(expected)) -> bool:
                pipe.read()
                return len(pipe.ids()) >= count

            await until(has_all)
            assert pipe.ids() == expected


async def _all(place: Place) -> list[feed.Event]:
    found: list[feed.Event] = []
    while page := await place.source.page(found[-1].id if found else 0):
        found.extend(page)
    return found


async def test_who_does_not_read_keeps_nobody_from_reading(tmp_path: Path) -> None:
    async with serving(tmp_path) as place:
        stuck, eager = [Pipe(room=1) for _ in range(20)], Pipe()
        for pipe in stuck:
            place.join(pipe, 0)
        place.join(eager, 0)
        for _ in range(10):
            await place.note(200)
        await until(lambda: len(eager.ids()) == 2000)
        # a stuck one holds one piece, and no more than it was given
        assert all(len(pipe.got) <= event_chunks.CHUNK_BYTES + 1000 for pipe in stuck)
        assert stuck[0].ids() == list(range(1, len(stuck[0].ids()) + 1))


async def test_heartbeats_come_in_silence_also_where_nothing_that_happens_is_wanted(tmp_path: Path) -> None:
    async with serving(tmp_path) as place:
        quiet, fussy = Pipe(), Pipe()
        place.join(quiet, 0, heartbeat_s=0.02)
        place.join(fussy, 0, "modem.*", heartbeat_s=0.02)
        await until(lambda: quiet.got.count(b": still here\n\n") >= 3)
        fussy.got = b""
        while fussy.got.count(b": still here\n\n") < 3:
            await place.note(1)  # each of them wakes the readers
        assert fussy.ids() == []
        assert quiet.ids() == list(range(1, len(quiet.ids()) + 1))


async def test_a_reader_ends_with_its_connection_with_the_gateway_and_at_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "RING", 1)  # all but the last event has to come from disk
    async with serving(tmp_path) as place:
        await place.note(20)
        line = Pipe()
        left = place.join(line, 0)
        await until(lambda: len(line.ids()) == 20)
        line.lose()
        await left
        assert place.served.readers == 0

        behind = Pipe(room=1)
        behind.unread = 1
        gone = place.join(behind, 5)
        await asyncio.sleep(0)
        await place.store.write(lambda tx: tx.run("DELETE FROM events WHERE id <= 10"))
        behind.read()
        await gone
        assert behind.ids() == []  # nothing of what came after the gap

        stays = place.join(Pipe(), 20)
        await asyncio.sleep(0)
        assert place.served.readers == 1
    assert stays.done()  # the gateway stopped


async def test_a_token_that_is_revoked_or_expires_ends_its_streams(tmp_path: Path) -> None:
    async with serving(tmp_path) as place:
        loop = asyncio.get_running_loop()
        never = float("inf")

        def reading(owner: int, until_s: float) -> asyncio.Task[None]:
            reader = Reader(Pipe(), 0, Selection(), 300.0, loop.create_future(), owner, until_s)
            return place.start(reader)

        revoked, other, expiring = (
            reading(7, never),
            reading(8, never),
            reading(8, time.monotonic() + 0.05),
        )
        await until(lambda: place.served.readers == 3)
        place.served.end_streams(7)
        await revoked
        await expiring
        assert not other.done()


async def test_a_database_that_cannot_be_read_costs_a_reader_and_not_the_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(place: int) -> None:
        raise StoreError("the disk cannot be read")

    async with serving(tmp_path) as place:
        await place.note(3)
        with monkeypatch.context() as patch:
            patch.setattr(place.source, "page", broken)
            await place.join(Pipe(), 0)
        line = Pipe()
        place.join(line, 0)
        await until(lambda: line.ids() == [1, 2, 3])
