"""Received PDUs and their messages. The PDUs are built by the simulator's codec, which shares nothing with gsmgw's."""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.inbox import SENDER, STAMP, Desk, pdus

from gsmgw.inbound.collector import Reread
from gsmgw.inbound.joining import GAP
from gsmgw.model import Outgoing, PartState, Priority, Status, format_id
from gsmgw.pdu import Address, build_pdu
from gsmgw.ports import RawPdu
from gsmgw.store import Store, Tx, inbox, messages, outbox


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    store = await Store.open(tmp_path / "g.db")
    yield Desk(store)
    await store.close()


async def test_a_single_text(desk: Desk) -> None:
    await desk.take(pdus("Grüße")[0])
    (message,) = await desk.inbox()
    assert (message.text, message.peer, message.own) == ("Grüße", SENDER, "+491700000001")
    assert message.smsc_ms == STAMP.timestamp() * 1000


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
async def test_parts_in_any_order(desk: Desk, order: tuple[int, ...]) -> None:
    text = "".join(random.Random(3).choices("abcdefgh 😀ü€", k=180))
    parts = pdus(text)
    assert len(parts) == 3
    for number in order:
        await desk.take(parts[number])
    assert await desk.texts() == [text]


async def test_several_long_texts_at_once_are_not_mixed_up(desk: Desk) -> None:
    wanted = {
        (sender, reference): f"{sender} {reference} " * 20
        for sender in (SENDER, "+4915112345679")
        for reference in (1, 2)
    }
    parts = [pdus(text, sender=sender, reference=reference) for (sender, reference), text in wanted.items()]
    for group in itertools.zip_longest(*parts):
        for pdu in group:
            if pdu is not None:
                await desk.take(pdu)
    assert sorted(text or "" for text in await desk.texts()) == sorted(wanted.values())


async def test_the_same_sender_and_reference_on_two_sims_are_two_texts(desk: Desk) -> None:
    first, second = pdus("a" * 200), pdus("b" * 200)
    await desk.take(first[0], sim="one")
    await desk.take(second[1], sim="two")
    assert await desk.texts() == []
    await desk.take(first[1], sim="one")
    await desk.take(second[0], sim="two")
    assert sorted(text or "" for text in await desk.texts()) == ["a" * 200, "b" * 200]


async def test_read_again_before_the_modem_forgot_it_is_the_same_one(desk: Desk) -> None:
    (pdu,) = pdus("once")
    raw = await desk.take(pdu, slot=1)
    await desk.take(pdu, slot=1)
    assert await desk.texts() == ["once"]
    desk.collector.released(raw)
    await desk.take(pdu, slot=1)  # forgotten in between: another message, though the same to the octet
    assert await desk.texts() == ["once", "once"]


async def test_the_same_text_in_another_slot_is_another_message(desk: Desk) -> None:
    (pdu,) = pdus("hi")
    await desk.take(pdu, slot=1)
    await desk.take(pdu, slot=2)
    assert await desk.texts() == ["hi", "hi"]


async def test_a_part_delivered_twice_after_its_text_was_complete_is_no_new_text(desk: Desk) -> None:
    parts = pdus("x" * 200)
    for pdu in (*parts, parts[0]):
        await desk.take(pdu)
    await desk.clock.advance(3600)
    await desk.collector.sweep()
    assert await desk.texts() == ["x" * 200]


async def test_a_missing_part_is_shown_after_a_time_and_filled_in_when_it_comes(desk: Desk) -> None:
    text = "".join(f"{n:05d}" for n in range(80))
    parts = pdus(text)
    await desk.take(parts[0])
    await desk.take(parts[2])
    await desk.collector.sweep()
    assert await desk.texts() == []
    await desk.clock.advance(601)
    await desk.collector.sweep()
    (message,) = await desk.inbox()
    assert message.incomplete
    assert message.text == text[:153] + GAP + text[306:]
    await desk.take(parts[1])
    (message,) = await desk.inbox()
    assert (message.text, message.incomplete) == (text, False)


async def test_a_character_that_was_cut_by_the_sender_is_whole_again(desk: Desk) -> None:
    """A phone may cut a surrogate pair: the parts are joined as octets and then decoded (TS 23.038 6.2.3)."""
    from gsmgw.pdu import Alphabet, Concat, Deliver, UserData, build_timestamp, dcs_octet

    octets = "a😀".encode("utf-16-be")
    for number, body in enumerate((octets[:4], octets[4:]), 1):
        field = UserData.of_octets(body, (Concat(9, 2, number).element(),), alphabet=Alphabet.UCS2)
        part = Deliver(Address.parse_number(SENDER), build_timestamp(STAMP), field, dcs=dcs_octet(Alphabet.UCS2, None))
        await desk.take(build_pdu(part))
    assert await desk.texts() == ["a😀"]


@pytest.mark.parametrize(
    "pdu", ["", "0", "zz", "00", "07912143658709F1", "FF" * 20, "07911326040000F0040B91", "é" * 10]
)
async def test_what_cannot_be_decoded_is_kept_in_quarantine(desk: Desk, pdu: str) -> None:
    await desk.take(pdu)
    (kept,) = await desk.store.read(inbox.quarantined)
    assert kept.raw.pdu == pdu
    assert kept.problem
    assert await desk.texts() == []


async def put_away(desk: Desk, pdu: str, at_ms: int) -> None:
    """As a version that does not understand the PDU would have done it."""
    raw = RawPdu("m", "sim", pdu, None, "SM", 1, 0)
    facts = inbox.PartFacts(PartState.QUARANTINED, problem="TP-DCS: unheard of")
    await desk.store.write(lambda tx: inbox.keep(tx, at_ms, raw, facts))


async def test_what_is_understood_later_leaves_the_quarantine_as_of_when_it_came(desk: Desk) -> None:
    came_ms = desk.clock.wall_ms() - 86_400_000
    await put_away(desk, pdus("late but not lost")[0], came_ms)
    await put_away(desk, "FF" * 20, came_ms)
    parts = pdus("x" * 200)
    for part in parts:
        await put_away(desk, part, came_ms)
    assert await desk.collector.reread() == Reread(decoded=3, left=1)
    assert [(m.text, m.received_ms) for m in await desk.inbox()] == [
        ("x" * 200, came_ms),
        ("late but not lost", came_ms),
    ]
    assert await desk.collector.reread() == Reread(decoded=0, left=1)
    assert len(await desk.inbox()) == 2


async def test_a_report_in_quarantine_settles_its_message_when_it_is_understood(desk: Desk) -> None:
    await sent_message(desk, reference=0x2A)
    # STATUS-REPORT for reference 2A, delivered: the example layout of TS 23.040 9.2.2.3 with the numbers used here.
    await put_away(desk, "00062A0D91945111325476F862112121000000621121210000" + "0000", desk.clock.wall_ms())
    assert await desk.collector.reread() == Reread(decoded=1, left=0)
    found = await desk.store.read(lambda db: messages.get_message(db, 1))
    assert found is not None
    assert found.status is Status.DELIVERED


@pytest.mark.parametrize("wrong", ["00", "0C91947100000010"])  # no number at all; +491700000001, the SIM's own
async def test_a_report_that_is_addressed_wrongly_finds_the_only_one_it_can_mean(desk: Desk, wrong: str) -> None:
    await sent_message(desk, reference=0x2A, own="+491700000001")
    octets = {"00": "0080", "0C91947100000010": "0C91947100000010"}[wrong]
    await desk.take("00062A" + octets + "62112121000000621121210000" + "0000")
    found = await desk.store.read(lambda db: messages.get_message(db, 1))
    assert found is not None
    assert found.status is Status.DELIVERED


async def sent_message(desk: Desk, *, reference: int, own: str | None = None) -> None:
    now_ms = desk.clock.wall_ms()
    one = Outgoing(1, SENDER, "hello", Priority.NORMAL, 1, now_ms)

    def send(tx: Tx) -> None:
        outbox.accept(tx, now_ms, [one])
        outbox.begin_segment(tx, now_ms, one, 1, "m", "sim", 1, first=True, tpdus=[b"x"], own=own)
        outbox.segment_sent(tx, now_ms, one, 1, "m", "sim", 1, reference)

    await desk.store.write(send)


async def test_a_text_may_take_the_place_of_an_earlier_one(desk: Desk) -> None:
    for text, pid in (("1 new voice mail", 0x41), ("another matter", 0x42), ("2 new voice mails", 0x41)):
        await desk.take(pdus(text, pid=pid)[0])
    await desk.take(pdus("3 new voice mails", pid=0x41)[0], sim="another SIM")
    await desk.take(pdus("a call for somebody else", pid=0x41, sender="+4915112345679")[0])
    await desk.take(pdus("a plain text")[0])
    first, other, second, *rest = await desk.inbox()
    assert (second.replaces, second.replaced_by) == (first.id, None)
    assert (first.replaces, first.replaced_by) == (None, second.id)
    assert [(m.replaces, m.replaced_by) for m in (other, *rest)] == [(None, None)] * 4
    events = await desk.store.read(lambda db: messages.history(db, second.id))
    assert events[0].data["replaces"] == format_id(first.id)


async def test_a_silent_message_is_acknowledged_and_not_shown(desk: Desk) -> None:
    await desk.take(pdus("type 0", pid=0x40)[0])
    assert await desk.texts() == []


async def test_a_flash_message_is_marked(desk: Desk) -> None:
    await desk.take(pdus("at once", message_class=0)[0])
    (message,) = await desk.inbox()
    assert message.flash


async def test_a_draft_on_the_sim_is_no_received_message(desk: Desk) -> None:
    await desk.take("0011000B916407281553F80000AA0AE8329BFD4697D9EC37", stat=2)  # TS 27.005 3.1: STO UNSENT
    assert await desk.texts() == []
    assert await desk.store.read(inbox.quarantined) == []
