"""Evidence from a copy in a modem's storage about its segment, in every state of the segment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gsmgw.model import CopyFate, MessageError, Outgoing, Priority, Status
from gsmgw.store import Store, messages, outbox, stored_copies
from gsmgw.store.stored_copies import Copy, Judged

NOW = 1_700_000_000_000
TPDU = bytes.fromhex("01000C91947121436587000005E8329BFD06")
#: The same, with the reference that the modem gave it.
NUMBERED = TPDU[:1] + b"\x2a" + TPDU[2:]
ERROR = MessageError("not_confirmed", "silence")
UNSENT, SENT = 2, 3


class Desk:
    """Messages of the same text to the same person, and a modem's storage."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def begun(self, number: int, place: str | None = None) -> Outgoing:
        one = Outgoing(number, "+491712345678", "hello", Priority.NORMAL, 1, NOW)
        await self.store.write(lambda tx: outbox.accept(tx, NOW, [one]))
        await self.store.write(
            lambda tx: outbox.begin_segment(tx, NOW, one, 1, "m", "sim", number, first=True, tpdus=[TPDU])
        )
        if place is not None:
            await self.store.write(lambda tx: stored_copies.note(tx, number, 1, place))
        return one

    async def unknown(self, number: int, place: str | None = None, *, copy_tells: bool = True) -> None:
        one = await self.begun(number, place)
        await self.store.write(
            lambda tx: outbox.segment_unknown(tx, NOW, one, 1, error=ERROR, due_ms=NOW + 10**6, copy_tells=copy_tells)
        )

    async def judge(self, status: int, place: str = "SM:3", *, tpdu: bytes = NUMBERED, sim: str = "sim") -> Judged:
        memory, _, index = place.partition(":")
        copy = Copy(sim, memory, int(index), status, tpdu)
        return await self.store.write(lambda tx: stored_copies.judge(tx, NOW + 1, [copy]))

    async def status(self, number: int) -> Status:
        found = await self.store.read(lambda db: messages.get_message(db, number))
        assert found is not None
        return found.status


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    store = await Store.open(tmp_path / "g.db")
    try:
        yield Desk(store)
    finally:
        await store.close()


@pytest.mark.parametrize("place", ["SM:3", None])
@pytest.mark.parametrize(("stat", "status"), [(SENT, Status.SENT), (UNSENT, Status.QUEUED)])
async def test_it_settles_what_is_unknown(desk: Desk, place: str | None, stat: int, status: Status) -> None:
    await desk.unknown(1, place)
    judged = await desk.judge(stat)
    assert judged.fates == [CopyFate.SETTLED]
    assert [one.id for one in judged.queued] == ([1] if stat == UNSENT else [])
    assert await desk.status(1) is status


async def test_of_two_alike_the_place_tells_which(desk: Desk) -> None:
    await desk.unknown(1, "SM:3")
    await desk.unknown(2, "SM:4")
    assert (await desk.judge(SENT, "SM:4")).fates == [CopyFate.SETTLED]
    assert (await desk.status(1), await desk.status(2)) == (Status.UNKNOWN, Status.SENT)
    assert (await desk.judge(UNSENT, "SM:3")).fates == [CopyFate.SETTLED]
    assert await desk.status(1) is Status.QUEUED


async def test_what_is_being_sent_is_needed_still(desk: Desk) -> None:
    await desk.begun(1, "SM:3")
    assert (await desk.judge(UNSENT)).fates == [CopyFate.NEEDED]
    assert await desk.status(1) is Status.SENDING


async def test_what_was_confirmed_needs_it_no_more(desk: Desk) -> None:
    one = await desk.begun(1, "SM:3")
    await desk.store.write(lambda tx: outbox.segment_sent(tx, NOW, one, 1, "m", "sim", 1, 42))
    assert (await desk.judge(SENT)).fates == [CopyFate.SETTLED]
    assert await desk.status(1) is Status.SENT


async def test_what_waits_to_be_repeated_is_not_when_the_copy_comes_to_light(desk: Desk) -> None:
    await desk.unknown(1, "SM:3")
    await desk.store.write(
        lambda tx: (
            tx.run("UPDATE segments SET status = 'queued' WHERE message_id = 1"),
            tx.run("UPDATE messages SET status = 'queued', due_ms = NULL WHERE id = 1"),
        )
    )
    assert (await desk.judge(UNSENT)).fates == [CopyFate.SETTLED]
    assert await desk.status(1) is Status.QUEUED
    assert (await desk.judge(SENT)).fates == [CopyFate.SETTLED]
    assert await desk.status(1) is Status.SENT


async def test_one_that_tells_nothing_settles_nothing(desk: Desk) -> None:
    await desk.unknown(1, "SM:3", copy_tells=False)
    assert (await desk.judge(UNSENT)).fates == [CopyFate.SETTLED]
    assert await desk.status(1) is Status.UNKNOWN


@pytest.mark.parametrize("changes", [{"tpdu": TPDU[:-1] + b"\x07"}, {"sim": "another"}])
async def test_what_is_not_ours_is_left_alone(desk: Desk, changes: dict[str, object]) -> None:
    await desk.unknown(1, "SM:3")
    assert (await desk.judge(SENT, **changes)).fates == [CopyFate.FOREIGN]  # type: ignore[arg-type]
    assert await desk.status(1) is Status.UNKNOWN
