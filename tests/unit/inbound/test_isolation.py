"""No PDU harms another one: mixed parts, old parts, wrong clocks and faults of ours."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from support.databases import refusing
from support.inbox import SENDER, STAMP, Desk, pdus
from support.waiting import until

from gsmgw.errors import StoreError
from gsmgw.inbound.joining import GAP
from gsmgw.inbound.reassembly import ARRIVAL_MS, SPREAD_MS, Piece, groups, is_overdue
from gsmgw.pdu import Address, Alphabet, Deliver, Element, UserData, build_pdu, build_timestamp, dcs_octet
from gsmgw.ports import RawPdu
from gsmgw.store import Store, Tx, inbox

DAY_S = 86_400


def part(
    seq: int,
    total: int,
    body: bytes = b"\x01\x02",
    *,
    alphabet: Alphabet = Alphabet.DATA,
    reference: int = 7,
    stamp: datetime | None = STAMP,
) -> str:
    """A DELIVER that is one part; ``stamp`` None is a time stamp that cannot be read."""
    field = UserData.of_octets(body, (Element(0, bytes((reference, total, seq))),), alphabet=alphabet)
    octets = build_timestamp(stamp) if stamp is not None else b"\xff" * 7
    return build_pdu(Deliver(Address.parse_number(SENDER), octets, field, dcs=dcs_octet(alphabet, None)))


def text_part(seq: int, total: int, text: str, **fields: object) -> str:
    return part(seq, total, text.encode("utf-16-be"), alphabet=Alphabet.UCS2, **fields)  # type: ignore[arg-type]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    store = await Store.open(tmp_path / "g.db")
    yield Desk(store)
    await store.close()


async def part_states(desk: Desk) -> list[tuple[str, bool]]:
    """State of each kept PDU, and whether a message shows it."""
    return await desk.store.read(
        lambda db: db.execute("SELECT state, message_id IS NOT NULL FROM parts ORDER BY id").fetchall()
    )


@pytest.mark.parametrize("total", [2, 3])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("shown_between", [False, True])
async def test_text_and_data_under_one_reference_are_two_messages(
    desk: Desk, total: int, order: tuple[int, int], shown_between: bool
) -> None:
    """Field case G1: part 1 is text (DCS 8), part 2 is 8-bit data (DCS 4)."""
    mixed = [text_part(1, total, "hello"), part(2, total, b"\xca\xfe")]
    for number in order:
        await desk.take(mixed[number])
        if shown_between:
            await desk.clock.advance(601)
            await desk.collector.sweep()
    await desk.take(pdus("another text", reference=9)[0])
    await desk.clock.advance(601)
    await desk.collector.sweep()
    found = {(message.text, message.data) for message in await desk.inbox()}
    assert found == {("hello" + GAP, None), (None, b"\xca\xfe"), ("another text", None)}
    assert await part_states(desk) == [("waiting", 1), ("waiting", 1), ("assembled", 1)]


async def test_parts_that_an_earlier_version_kept_without_their_kind_are_sorted_out(desk: Desk) -> None:
    await desk.take(text_part(1, 2, "hello"))
    await desk.store.write(lambda tx: tx.run("UPDATE parts SET data = NULL"))
    await desk.take(part(2, 2, b"\xca\xfe"))
    assert len(await desk.store.read(inbox.quarantined)) == 2
    await desk.collector.reread()
    await desk.clock.advance(601)
    await desk.collector.sweep()
    assert {(message.text, message.data) for message in await desk.inbox()} == {
        ("hello" + GAP, None),
        (None, b"\xca\xfe"),
    }


async def test_the_missing_part_of_a_data_message_is_filled_in_when_it_comes(desk: Desk) -> None:
    await desk.take(part(2, 2, b"world"))
    await desk.clock.advance(601)
    await desk.collector.sweep()
    await desk.take(part(1, 2, b"hello "))
    (message,) = await desk.inbox()
    assert (message.data, message.incomplete) == (b"hello world", False)


@pytest.mark.parametrize("away_s", [41 * DAY_S, 400 * DAY_S, -41 * DAY_S, -DAY_S])
async def test_parts_older_or_newer_than_any_memory_are_shown(desk: Desk, away_s: int) -> None:
    """The box was in a drawer for a year, or its clock was wrong when the part came."""
    await desk.take(text_part(1, 2, "left over"))
    desk.clock.jump(away_s)
    desk.clock.adjust()
    await desk.collector.sweep()
    assert await desk.texts() == ["left over" + GAP]


@pytest.mark.parametrize("column", ["at_ms = x'ff'", "seq = 'x'", "pdu = x'00'", "smsc_ms = 'x'", "reference = 'x'"])
async def test_a_part_whose_row_cannot_be_decoded_costs_no_other_message(desk: Desk, column: str) -> None:
    """It is reported; the sweep goes on with the others, and a part that comes later finds its message."""
    await desk.take(text_part(1, 2, "damaged", reference=1))
    await desk.store.write(lambda tx: tx.run(f"UPDATE parts SET {column}"))
    await desk.take(text_part(1, 2, "other", reference=2))
    await desk.take(text_part(2, 2, "late", reference=1))
    await desk.clock.advance(601)
    await desk.collector.sweep()
    assert set(await desk.texts()) >= {"other" + GAP, GAP + "late"}


async def test_a_fault_of_ours_with_one_group_holds_up_no_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await desk.take(text_part(1, 2, "first", reference=1))
    await desk.take(text_part(1, 2, "second", reference=2))
    siblings = inbox.siblings

    def faulty(tx: Tx, group: inbox.Group, since_ms: int) -> list[inbox.Part]:
        if group.reference == 1:
            raise RuntimeError("a fault of ours")
        return siblings(tx, group, since_ms)

    monkeypatch.setattr(inbox, "siblings", faulty)
    await desk.clock.advance(601)
    await desk.collector.sweep()
    assert await desk.texts() == ["second" + GAP]
    monkeypatch.undo()
    await desk.collector.sweep()
    assert await desk.texts() == ["second" + GAP, "first" + GAP]


@pytest.mark.parametrize("apart", [timedelta(days=2), timedelta(hours=5), timedelta(days=-2)])
@pytest.mark.parametrize("order", list(itertools.permutations(range(2))))
async def test_parts_stamped_far_apart_are_different_messages(
    desk: Desk, apart: timedelta, order: Sequence[int]
) -> None:
    """Field case B4: part 1 of two days ago waits alone when the sender uses the reference again."""
    await desk.take(text_part(1, 2, "old", stamp=STAMP - apart))
    fresh = [text_part(1, 2, "new ", stamp=STAMP), text_part(2, 2, "text", stamp=STAMP + timedelta(seconds=4))]
    for number in order:
        await desk.take(fresh[number])
    assert await desk.texts() == ["new text"]
    await desk.clock.advance(601)
    await desk.collector.sweep()
    assert await desk.texts() == ["new text", "old" + GAP]


@pytest.mark.parametrize("delay_s", [0, 3600, 3 * DAY_S])
async def test_parts_stamped_together_are_one_message_however_late_one_arrives(desk: Desk, delay_s: int) -> None:
    await desk.take(text_part(2, 2, "text", stamp=STAMP + timedelta(minutes=20)))
    await desk.clock.advance(delay_s)
    await desk.collector.sweep()
    await desk.take(text_part(1, 2, "one "))
    (message,) = await desk.inbox()
    assert (message.text, message.incomplete) == ("one text", False)


async def test_parts_without_a_readable_time_stamp_are_joined_by_their_arrival(desk: Desk) -> None:
    await desk.take(text_part(1, 2, "one ", stamp=None))
    await desk.take(text_part(2, 2, "text", stamp=None))
    assert await desk.texts() == ["one text"]


@pytest.mark.parametrize("generations", [1, 3])
async def test_parts_without_a_time_stamp_that_arrive_days_apart_are_different_messages(
    desk: Desk, generations: int
) -> None:
    for _ in range(generations):
        await desk.take(text_part(1, 2, "old", stamp=None))
        await desk.clock.advance(2 * DAY_S)
    for seq, text in ((2, "text"), (1, "new ")):
        await desk.take(text_part(seq, 2, text, stamp=None))
    assert (await desk.texts())[-1] == "new text"


async def test_what_cannot_be_joined_is_in_quarantine_and_nothing_else_is_held_up(desk: Desk) -> None:
    def own_number(modem: str) -> str:
        raise LookupError(modem)

    await desk.take(text_part(1, 2, "first"))
    await desk.take(text_part(1, 2, "second", reference=8))
    good = desk.own_number
    desk.own_number = own_number
    await desk.take(pdus("alone")[0])
    await desk.take(text_part(2, 2, " half"))
    assert await desk.texts() == []
    kept = await desk.store.read(inbox.quarantined)
    assert {item.raw.pdu for item in kept} >= {pdus("alone")[0], text_part(1, 2, "first"), text_part(2, 2, " half")}
    assert all("LookupError" in item.problem for item in kept)
    await desk.clock.advance(601)
    await desk.collector.sweep()  # the other group cannot be shown either: it is set aside, not tried for ever
    assert len(await desk.store.read(inbox.quarantined)) == 4
    desk.own_number = good
    again = await desk.collector.reread()
    assert (again.decoded, again.left) == (4, 0)
    await desk.clock.advance(601)
    await desk.collector.sweep()
    assert sorted(text or "" for text in await desk.texts()) == ["alone", "first half", "second" + GAP]


async def test_an_error_of_the_database_is_not_the_pdus_fault(desk: Desk) -> None:
    """A full disk must leave the PDU in the modem, not put it into quarantine."""
    await desk.store.write(lambda tx: tx.run("PRAGMA max_page_count = 1"))

    async def fill() -> None:
        for number in range(2000):
            await desk.take(pdus("x" * 150, reference=number % 256)[0])

    with pytest.raises(StoreError):
        await fill()
    await desk.store.write(lambda tx: tx.run("PRAGMA max_page_count = 1000000"))
    assert await desk.store.read(inbox.quarantined) == []


async def test_a_pdu_that_only_we_have_is_kept_when_the_database_takes_it(desk: Desk) -> None:
    """A directly routed PDU lies in no memory of the modem; also when the port was lost meanwhile."""
    direct = RawPdu("m", "sim", pdus("only here")[0])
    async with refusing(desk.store):
        taking = asyncio.create_task(desk.collector.take(direct))
        with pytest.raises(StoreError):
            await desk.take(pdus("in the modem")[0])
        await until(lambda: desk.collector.unsaved == 1)
        taking.cancel()
    await desk.clock.advance(2)
    await until(lambda: desk.collector.unsaved == 0)
    assert await desk.texts() == ["only here"]


KINDS = st.sampled_from([Alphabet.DATA, Alphabet.UCS2])
PARTS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from([2, 3, 4]),
        KINDS,
        st.integers(1, 2),
        st.sampled_from([None, 0, 60, 4 * 3600, 30 * DAY_S, -30 * DAY_S]),
        st.sampled_from([0.0, 1.0, 700.0, 5.0 * DAY_S, 50.0 * DAY_S]),
    ),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(parts=PARTS)
async def test_any_set_of_parts_is_shown_or_kept(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[int, int, Alphabet, int, int | None, float]]
) -> None:
    """Each PDU is kept, and in the end shown by a message, in quarantine, or a repeat of one that is."""
    store = await Store.open(tmp_path_factory.mktemp("parts") / "g.db")
    desk = Desk(store)
    try:
        for seq, total, alphabet, reference, away_s, pause_s in parts:
            stamp = None if away_s is None else datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=away_s)
            body = f"{seq}".encode("utf-16-be" if alphabet is Alphabet.UCS2 else "ascii")
            await desk.take(part(seq, total, body, alphabet=alphabet, reference=reference, stamp=stamp))
            await desk.clock.advance(pause_s)
            await desk.collector.sweep()
        await desk.clock.advance(700)
        await desk.collector.sweep()
        states = await part_states(desk)
        assert len(states) == len(parts)
        assert all(shown or state in ("quarantined", "silent") for state, shown in states)
    finally:
        await store.close()


PIECES = st.lists(
    st.builds(
        Piece,
        id=st.integers(1, 10**6),
        seq=st.integers(1, 5),
        at_ms=st.integers(0, 10 * DAY_S * 1000),
        pdu=st.just(""),
        smsc_ms=st.none() | st.integers(0, 10 * DAY_S * 1000),
        data=st.sampled_from([None, True, False]),
    ),
    max_size=40,
)


@given(pieces=PIECES)
def test_groups_hold_each_piece_once_and_no_number_twice(pieces: list[Piece]) -> None:
    found = groups(pieces)
    assert sorted(piece.id for group in found for piece in group) == sorted(piece.id for piece in pieces)
    for group in found:
        assert len({piece.seq for piece in group}) == len(group)
        assert len({piece.data for piece in group} - {None}) <= 1
        for one, other in itertools.combinations(group, 2):
            if one.smsc_ms is not None and other.smsc_ms is not None:
                assert abs(one.smsc_ms - other.smsc_ms) <= SPREAD_MS
            else:
                assert abs(one.at_ms - other.at_ms) <= ARRIVAL_MS


def test_a_part_from_the_future_is_overdue() -> None:
    assert is_overdue([Piece(1, 1, 10_000_000, "")], 0, 600_000)
    assert not is_overdue([Piece(1, 1, 1000, "")], 0, 600_000)
