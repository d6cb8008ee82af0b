"""The life of an outbound message, step by step, in the real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gsmgw.errors import StoreFault
from gsmgw.model import (
    SOURCES,
    TRANSITIONS,
    DeliveryOutcome,
    MessageError,
    OnUnknown,
    Outgoing,
    Priority,
    SegmentStatus,
    Status,
    StatusReportFacts,
    derive_status,
)
from gsmgw.store import Gone, Store, lifecycle, messages, outbox, queue_reads, reports
from gsmgw.store.states import IN_DOUBT, OPEN, SENDING, WAITING

NOW = 1_700_000_000_000
TO = "+4915112345678"
ERROR = MessageError("refused_by_network", "congestion", cms=42)


def message(number: int = 1, **fields: Any) -> Outgoing:
    base: dict[str, Any] = {"to": TO, "text": "hello", "priority": Priority.NORMAL, "segments": 1, "created_ms": NOW}
    return Outgoing(id=number, **{**base, **fields})


def report(
    reference: int,
    *,
    status: int = 0,
    outcome: DeliveryOutcome = DeliveryOutcome.DELIVERED,
    recipient: str = TO,
) -> StatusReportFacts:
    return StatusReportFacts("m", "sim", reference, recipient, status, outcome, outcome, NOW, "00")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await Store.open(tmp_path / "g.db")
    yield opened
    await opened.close()


async def status_of(store: Store, number: int = 1) -> Status:
    record = await store.read(lambda db: messages.get_message(db, number))
    assert record is not None
    return record.status


async def segments_of(store: Store, number: int = 1) -> list[SegmentStatus]:
    return [segment.status for segment in await store.read(lambda db: queue_reads.segments_of(db, number))]


async def accept(store: Store, *wanted: Outgoing) -> None:
    await store.write(lambda tx: outbox.accept(tx, NOW, wanted))


async def begin(store: Store, which: Outgoing, seq: int = 1, *, first: bool = True, new: bool = True) -> None:
    tpdus = [b"tpdu%d" % n for n in range(which.segments)] if new else None
    number = claim(which, seq)
    await store.write(
        lambda tx: outbox.begin_segment(tx, NOW + 1, which, seq, "m", "sim", number, first=first, tpdus=tpdus)
    )


async def sent(store: Store, which: Outgoing, reference: int, seq: int = 1) -> list[int]:
    queued = await store.write(
        lambda tx: outbox.segment_sent(tx, NOW + 2, which, seq, "m", "sim", claim(which, seq), reference)
    )
    return [entry.id for entry in queued]


def claim(which: Outgoing, seq: int) -> int:
    return which.id * 1000 + seq


async def history(store: Store, number: int = 1) -> list[str]:
    return [event.type for event in await store.read(lambda db: messages.history(db, number))]


async def test_queued_sending_sent_delivered(store: Store) -> None:
    one = message()
    await accept(store, one)
    assert await status_of(store) is Status.QUEUED
    await begin(store, one)
    assert await status_of(store) is Status.SENDING
    await sent(store, one, 7)
    assert await status_of(store) is Status.SENT
    assert (await store.write(lambda tx: reports.take_report(tx, NOW + 3, report(7)))).message_id == 1
    assert await status_of(store) is Status.DELIVERED
    assert await history(store) == ["message.queued", "message.sending", "message.sent", "message.delivered"]


async def test_a_long_one_is_delivered_when_every_segment_is(store: Store) -> None:
    one = message(segments=3)
    await accept(store, one)
    for seq in (1, 2, 3):
        await begin(store, one, seq, first=seq == 1, new=seq == 1)
        await sent(store, one, 10 + seq, seq)
    assert await status_of(store) is Status.SENT
    for reference in (13, 11):
        await store.write(lambda tx, r=reference: reports.take_report(tx, NOW + 3, report(r)))
        assert await status_of(store) is Status.SENT
    await store.write(lambda tx: reports.take_report(tx, NOW + 3, report(12)))
    assert await status_of(store) is Status.DELIVERED


async def test_a_report_for_an_early_segment_does_not_disturb_the_rest(store: Store) -> None:
    one = message(segments=2)
    await accept(store, one)
    await begin(store, one)
    await sent(store, one, 1)
    await store.write(lambda tx: reports.take_report(tx, NOW + 3, report(1)))
    assert await status_of(store) is Status.SENDING
    await begin(store, one, 2, first=False, new=False)
    await sent(store, one, 2, 2)
    assert await status_of(store) is Status.SENT


async def test_a_report_may_come_before_the_modems_answer(store: Store) -> None:
    one = message()
    await accept(store, one)
    await begin(store, one)
    assert (await store.write(lambda tx: reports.take_report(tx, NOW + 2, report(9)))).message_id is None
    await sent(store, one, 9)
    assert await status_of(store) is Status.DELIVERED


async def test_still_trying_is_not_the_end(store: Store) -> None:
    one = message()
    await accept(store, one)
    await begin(store, one)
    await sent(store, one, 5)
    await store.write(
        lambda tx: reports.take_report(tx, NOW + 3, report(5, status=0x22, outcome=DeliveryOutcome.PENDING))
    )
    assert await status_of(store) is Status.SENT
    await store.write(
        lambda tx: reports.take_report(tx, NOW + 4, report(5, status=0x46, outcome=DeliveryOutcome.FAILED))
    )
    assert await status_of(store) is Status.UNDELIVERED


@pytest.mark.parametrize(
    ("recipient", "matches"),
    [
        (TO, True),
        ("015112345678", True),  # national, with the trunk zero
        ("15112345678", True),
        ("004915112345678", True),
        ("+4915112345679", False),
        ("5678", False),  # a short code is not the end of a long number
    ],
)
async def test_a_report_finds_its_recipient_however_it_is_written(store: Store, recipient: str, matches: bool) -> None:
    one = message()
    await accept(store, one)
    await begin(store, one)
    await sent(store, one, 5)
    await store.write(lambda tx: reports.take_report(tx, NOW + 3, report(5, recipient=recipient)))
    assert (await status_of(store) is Status.DELIVERED) == matches


async def test_a_reference_that_came_round_again_matches_the_newest(store: Store) -> None:
    first, second = message(1), message(2)
    await accept(store, first, second)
    for which in (first, second):
        await begin(store, which)
        await store.write(
            lambda tx, w=which: outbox.segment_sent(tx, NOW + w.id * 1000, w, 1, "m", "sim", claim(w, 1), 5)
        )
    assert (await store.write(lambda tx: reports.take_report(tx, NOW + 9000, report(5)))).message_id == 2
    assert (await store.write(lambda tx: reports.take_report(tx, NOW + 9001, report(5)))).message_id == 1


async def test_a_report_that_never_comes_is_noted_and_counts_when_it_comes_after_all(store: Store) -> None:
    day = 86_400_000
    one, two = message(1, expires_ms=NOW + day), message(2, expires_ms=NOW + day, report=False)
    await accept(store, one, two)
    for reference, which in enumerate((one, two), 5):
        await begin(store, which)
        await sent(store, which, reference)
    assert await store.write(lambda tx: lifecycle.miss_reports(tx, NOW + 2 * day - 1)) == 0
    assert await store.write(lambda tx: lifecycle.miss_reports(tx, NOW + 2 * day)) == 1
    assert await store.write(lambda tx: lifecycle.miss_reports(tx, NOW + 3 * day)) == 0
    record = await store.read(lambda db: messages.get_message(db, 1))
    assert record is not None
    assert (record.status, record.report_missing) == (Status.SENT, True)
    await store.write(lambda tx: reports.take_report(tx, NOW + 4 * day, report(5)))
    record = await store.read(lambda db: messages.get_message(db, 1))
    assert record is not None
    assert (record.status, record.report_missing) == (Status.DELIVERED, False)
    assert [event.type for event in await store.read(lambda db: messages.history(db, 1))][-2:] == [
        "message.report_missing",
        "message.delivered",
    ]


async def test_a_report_without_a_recipient_is_not_guessed_between_two(store: Store) -> None:
    first, second = message(1), message(2, to="+4915112345679")
    await accept(store, first, second)
    for which in (first, second):
        await begin(store, which)
        await sent(store, which, 5)
    assert (await store.write(lambda tx: reports.take_report(tx, NOW + 3, report(5, recipient="")))).message_id is None


async def test_an_unknown_is_settled_by_its_report(store: Store) -> None:
    one = message()
    await accept(store, one)
    await begin(store, one)
    await store.write(lambda tx: outbox.segment_unknown(tx, NOW + 2, one, 1, error=ERROR, due_ms=NOW + 9))
    assert await status_of(store) is Status.UNKNOWN
    assert (await store.write(lambda tx: reports.take_report(tx, NOW + 3, report(77)))).message_id == 1
    assert await status_of(store) is Status.DELIVERED
    assert (await store.write(lambda tx: lifecycle.promote_due(tx, NOW + 10))).queued == []


async def test_a_report_for_an_unknown_segment_lets_the_rest_of_its_text_go(store: Store) -> None:
    one = message(segments=2)
    await accept(store, one)
    await begin(store, one)
    await store.write(lambda tx: lifecycle.recover(tx, NOW + 2, 1000))
    assert await status_of(store) is Status.UNKNOWN
    taken = await store.write(lambda tx: reports.take_report(tx, NOW + 3, report(1)))
    assert [(entry.id, entry.cut) for entry in taken.queued] == [(1, True)]
    assert await status_of(store) is Status.QUEUED
    assert await segments_of(store) == [SegmentStatus.DELIVERED, SegmentStatus.QUEUED]


async def test_an_unknown_without_evidence_is_sent_again_after_its_grace(store: Store) -> None:
    one = message()
    await accept(store, one)
    await begin(store, one)
    await store.write(lambda tx: outbox.segment_unknown(tx, NOW + 2, one, 1, error=ERROR, due_ms=NOW + 9))
    assert (await store.write(lambda tx: lifecycle.promote_due(tx, NOW + 8))).queued == []
    ready = await store.write(lambda tx: lifecycle.promote_due(tx, NOW + 9))
    assert [(entry.id, entry.cut) for entry in ready.queued] == [(1, True)]
    assert await status_of(store) is Status.QUEUED
    assert await segments_of(store) == [SegmentStatus.QUEUED]


@pytest.mark.parametrize("resend", [True, False])
async def test_late_evidence_corrects_what_was_decided_without_it(store: Store, resend: bool) -> None:
    one = message(on_unknown=OnUnknown.HOLD)
    await accept(store, one)
    await begin(store, one)
    await store.write(lambda tx: outbox.segment_unknown(tx, NOW + 2, one, 1, error=ERROR, due_ms=NOW + 9))
    await store.write(lambda tx: lifecycle.resolve(tx, NOW + 10, 1, resend=resend))
    assert await status_of(store) is (Status.QUEUED if resend else Status.SENT)
    await store.write(lambda tx: reports.take_report(tx, NOW + 20, report(77)))
    assert await status_of(store) is Status.DELIVERED
    with pytest.raises(Gone):
        await begin(store, one, new=False)


async def test_an_unknown_on_hold_waits_for_a_person(store: Store) -> None:
    for number, resend, after in ((1, True, Status.QUEUED), (2, False, Status.SENT)):
        one = message(number, on_unknown=OnUnknown.HOLD)
        await accept(store, one)
        await begin(store, one)
        await store.write(lambda tx, m=one: outbox.segment_unknown(tx, NOW + 2, m, 1, error=ERROR, due_ms=NOW + 9))
        assert (await store.write(lambda tx: lifecycle.promote_due(tx, NOW + 10**9))).queued == []
        assert await status_of(store, number) is Status.UNKNOWN
        resolved = await store.write(lambda tx, n=number, r=resend: lifecycle.resolve(tx, NOW, n, resend=r))
        assert resolved is not None
        assert (resolved.queued is not None) == resend
        assert await status_of(store, number) is after


async def test_a_refusal_puts_it_back_until_its_time(store: Store) -> None:
    one = message()
    await accept(store, one)
    await begin(store, one)
    await store.write(
        lambda tx: outbox.segment_refused(
            tx, NOW + 2, one, 1, "sim", error=ERROR, due_ms=NOW + 5000, waiting="congestion", charged=True
        )
    )
    assert await status_of(store) is Status.QUEUED
    assert await store.read(lambda db: queue_reads.ready_after(db, "", "", 1, 0, 10)) == []
    assert await store.read(queue_reads.next_due_ms) == NOW + 5000
    ready = (await store.write(lambda tx: lifecycle.promote_due(tx, NOW + 5000))).queued
    assert [(entry.id, entry.attempts) for entry in ready] == [(1, 1)]


async def test_the_modems_fault_is_not_charged(store: Store) -> None:
    one = message()
    await accept(store, one)
    await begin(store, one)
    await store.write(
        lambda tx: outbox.segment_refused(tx, NOW, one, 1, "sim", error=ERROR, due_ms=None, waiting=None, charged=False)
    )
    (again,) = await store.read(lambda db: queue_reads.ready_after(db, "", "", 1, 0, 10))
    assert (again.attempts, again.cut) == (0, True)


async def test_a_long_one_resumes_at_its_first_segment_that_is_not_on_the_air(store: Store) -> None:
    one = message(segments=3)
    await accept(store, one)
    await begin(store, one)
    await sent(store, one, 1)
    await begin(store, one, 2, first=False, new=False)
    await store.write(
        lambda tx: outbox.segment_refused(
            tx, NOW, one, 2, "sim", error=ERROR, due_ms=None, waiting=None, charged=False, route="m"
        )
    )
    assert await segments_of(store) == [SegmentStatus.SENT, SegmentStatus.QUEUED, SegmentStatus.QUEUED]
    # the rest goes through the same SIM: a phone joins parts of one sender only
    assert [entry.id for entry in await store.read(lambda db: queue_reads.ready_after(db, "m", "", 1, 0, 10))] == [1]
    assert await store.read(queue_reads.ready_lanes) == [("m", "")]


async def test_a_canceled_one_is_not_begun(store: Store) -> None:
    one = message()
    await accept(store, one)
    assert await store.write(lambda tx: lifecycle.cancel(tx, NOW, 1))
    with pytest.raises(Gone):
        await begin(store, one)
    assert await status_of(store) is Status.CANCELED
    assert not await store.write(lambda tx: lifecycle.cancel(tx, NOW, 1))


async def test_what_is_on_the_air_cannot_be_canceled(store: Store) -> None:
    one = message()
    await accept(store, one)
    await begin(store, one)
    assert not await store.write(lambda tx: lifecycle.cancel(tx, NOW, 1))


async def test_expiry_and_retry(store: Store) -> None:
    await accept(store, message(expires_ms=NOW + 1000), message(2, expires_ms=NOW + 9000))
    assert await store.write(lambda tx: lifecycle.expire(tx, NOW + 1000)) == [1]
    assert await status_of(store) is Status.EXPIRED
    again = await store.write(lambda tx: lifecycle.retry(tx, NOW, 1, NOW + 99_000))
    assert again is not None
    assert (again.expires_ms, await status_of(store)) == (NOW + 99_000, Status.QUEUED)
    assert await store.write(lambda tx: lifecycle.retry(tx, NOW, 2, None)) is None


async def test_a_deferred_message_is_hurried_and_no_other(store: Store) -> None:
    await accept(store, message(), message(2, send_at_ms=NOW + 60_000))
    await store.write(lambda tx: tx.run("UPDATE messages SET due_ms = ? WHERE id = 1", (NOW + 60_000,)))
    hurried = await store.write(lambda tx: lifecycle.hurry(tx, NOW, 1))
    assert hurried is not None
    assert hurried.id == 1
    assert await store.write(lambda tx: lifecycle.hurry(tx, NOW, 1)) is None  # it does not wait any more
    assert await store.write(lambda tx: lifecycle.hurry(tx, NOW, 2)) is None  # its time was chosen by a person


async def test_scheduled_until_its_time(store: Store) -> None:
    await accept(store, message(send_at_ms=NOW + 60_000))
    assert await status_of(store) is Status.SCHEDULED
    assert (await store.write(lambda tx: lifecycle.promote_due(tx, NOW + 59_999))).queued == []
    assert len((await store.write(lambda tx: lifecycle.promote_due(tx, NOW + 60_000))).queued) == 1
    assert await status_of(store) is Status.QUEUED


async def test_after_a_crash_what_was_being_sent_is_unknown_and_the_rest_is_back(store: Store) -> None:
    one, two = message(1), message(2, segments=2)
    await accept(store, one, two)
    await begin(store, one)
    await begin(store, two)
    await sent(store, two, 3)  # and the power went before its second segment was begun
    assert await store.write(lambda tx: lifecycle.recover(tx, NOW + 5, 1000)) == (1, 1)
    assert (await status_of(store, 1), await status_of(store, 2)) == (Status.UNKNOWN, Status.QUEUED)
    assert await segments_of(store, 2) == [SegmentStatus.SENT, SegmentStatus.QUEUED]


def test_the_table_of_transitions_lists_every_state() -> None:
    assert set(TRANSITIONS) == set(Status) - {Status.RECEIVED}
    for source, targets in TRANSITIONS.items():
        for target in targets:
            assert source in SOURCES[target]


@pytest.mark.parametrize(
    ("segments", "status"),
    [
        (["sent", "sent"], "sent"),
        (["delivered", "delivered"], "delivered"),
        (["delivered", "sent"], "sent"),
        (["delivered", "undelivered"], "undelivered"),
        (["sent", "queued"], "queued"),
        (["sent", "unknown", "queued"], "unknown"),
        (["sent", "failed", "queued"], "failed"),
        (["sending", "queued"], "sending"),
    ],
)
def test_a_messages_state_follows_from_its_segments(segments: list[str], status: str) -> None:
    assert derive_status(map(SegmentStatus, segments)) is Status(status)


@pytest.mark.parametrize(
    "change",
    [
        "status = 'flying'",
        "status = 'received'",
        "status = 'sent'",  # without a time
        "status = 'delivered'",
        "text = NULL",
        "segments = 0",
        "segments = 256",
        "priority = 3",
        "status = 'scheduled'",  # without a time to wait for
        "on_unknown = 'guess'",
    ],
)
async def test_the_database_refuses_the_impossible(store: Store, change: str) -> None:
    await accept(store, message())
    with pytest.raises(StoreFault, match="constraint"):
        await store.write(lambda tx: tx.run(f"UPDATE messages SET {change} WHERE id = 1"))


async def test_the_queues_questions_use_an_index(store: Store) -> None:
    questions = {
        "SELECT id FROM messages WHERE status = 'queued' AND due_ms IS NULL AND route = ? AND client = ? "
        "AND priority = ? AND id > ? "
        "ORDER BY id LIMIT 5": "messages_ready",
        "SELECT route, client FROM messages WHERE status = 'queued' AND due_ms IS NULL AND (route, client) > (?, ?) "
        "ORDER BY route, client LIMIT 1": "messages_ready",
        "SELECT modem FROM messages WHERE peer = ? AND direction = 'inbound' ORDER BY id DESC LIMIT 1": (
            "messages_conversation"
        ),
        "SELECT id FROM messages WHERE due_ms <= ? ORDER BY due_ms LIMIT 5": "messages_due",
        "SELECT id FROM messages WHERE expires_ms <= ? AND expires_ms IS NOT NULL "
        f"AND {WAITING} ORDER BY expires_ms LIMIT 5": "messages_expiry",
        "SELECT message_id FROM segments WHERE sim = ? AND reference = ? AND report_due = 1 ORDER BY sent_ms DESC": (
            "segments_report"
        ),
        "SELECT message_id FROM segments WHERE sim = ? AND doubt IS NOT NULL AND reference IS NULL AND claim > ? "
        "AND claim < ? ORDER BY claim": "segments_doubt",
        "SELECT message_id FROM segments WHERE sim = ? AND doubt IS NOT NULL AND reference IS NULL ORDER BY claim": (
            "segments_doubt"
        ),
        f"SELECT seq FROM segments WHERE {SENDING}": "segments_open",
        f"SELECT seq FROM segments WHERE {IN_DOUBT} AND sim = ?": "segments_open",
        f"SELECT id FROM messages WHERE {OPEN} AND status = 'sending'": "messages_open",
        f"SELECT id FROM messages WHERE {OPEN} AND status IN (?) AND id < ? ORDER BY id DESC LIMIT 5": "messages_open",
        "SELECT id FROM messages WHERE direction = 'inbound' AND id < ? ORDER BY id DESC LIMIT 5": "messages_inbound",
        "SELECT id FROM messages WHERE peer = ? AND id < ? ORDER BY id DESC LIMIT 5": "messages_peer",
        "SELECT id FROM reports WHERE sim = ? AND reference = ? AND at_ms >= ? ORDER BY id": "reports_match",
        "SELECT sending_ms FROM segments WHERE sim = ? AND sending_ms >= ? ORDER BY sending_ms": "segments_usage",
        "SELECT id FROM events WHERE message_id = ? ORDER BY id": "events_message",
    }
    for question, index in questions.items():
        places = ("?",) * question.count("?")
        plan = await store.read(lambda db, q=question, p=places: db.execute("EXPLAIN QUERY PLAN " + q, p).fetchall())
        text = "; ".join(row[3] for row in plan)
        assert index in text, text
        assert "SCAN" not in text, text
