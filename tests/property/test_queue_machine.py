"""The store and the rules of a message's life, driven at random against a small model of them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gsmgw.model import (
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
from gsmgw.store import Gone, Store, Tx, lifecycle, messages, outbox, queue_reads, reports

T = TypeVar("T")
ERROR = MessageError("x", "x")


@dataclass
class Known:
    """The model's state of a message."""

    message: Outgoing
    #: How often each segment was taken by the network, truly.
    taken: list[int] = field(default_factory=list)
    #: Segments that may have been taken though nobody said so.
    doubted: set[int] = field(default_factory=set)
    status: Status = Status.QUEUED
    ended_by_user: bool = False


class Queue(RuleBasedStateMachine):
    """Messages are accepted, sent, refused, doubted, reported, canceled, expired, and the gateway is killed."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self._runner = asyncio.Runner()
        self._store = self._run(lambda: Store.open(Path(self._directory.name) / "g.db"))
        self._now = 1_700_000_000_000
        self._count = 0
        self._claims = 0
        self._reference = 100
        self._known: dict[int, Known] = {}

    def _run(self, start: Callable[[], Awaitable[T]]) -> T:
        async def call() -> T:
            return await start()

        return self._runner.run(call())

    def _write(self, operation: Callable[[Tx], T]) -> T:
        return self._run(lambda: self._store.write(operation))

    def teardown(self) -> None:
        self._run(self._store.close)
        self._runner.close()
        self._directory.cleanup()

    # -- what happens -------------------------------------------------------------------------------------------

    @initialize()
    def the_sim_has_shown_that_it_counts(self) -> None:
        for _ in range(3):
            which = self.accept(1, OnUnknown.RESEND)
            self._sent(which)

    def accept(self, segments: int, on_unknown: OnUnknown) -> int:
        self._count += 1
        number = self._count
        message = Outgoing(
            number,
            f"+4915{number:08d}",
            "x",
            Priority.NORMAL,
            segments,
            self._now,
            on_unknown=on_unknown,
            expires_ms=self._now + 10**9,
        )
        self._write(lambda tx: outbox.accept(tx, self._now, [message]))
        self._known[number] = Known(message, [0] * segments)
        return number

    @rule(segments=st.integers(1, 3), on_unknown=st.sampled_from(OnUnknown))
    def a_message_is_accepted(self, segments: int, on_unknown: OnUnknown) -> None:
        self.accept(segments, on_unknown)

    def _begin(self, number: int) -> int | None:
        """Begin the next segment; its number, or None when the store says no."""
        message = self._known[number].message
        rows = self._run(lambda: self._store.read(lambda db: queue_reads.segments_of(db, number)))
        todo = [row.seq for row in rows if row.status is SegmentStatus.QUEUED] if rows else [1]
        record = self._run(lambda: self._store.read(lambda db: messages.get_message(db, number)))
        assert record is not None
        if record.status not in (Status.QUEUED, Status.SENDING) or record.due_ms is not None or not todo:
            return None
        self._claims += 1
        tpdus = None if rows else [b"x"] * message.segments
        try:
            self._write(
                lambda tx: outbox.begin_segment(
                    tx, self._now, message, todo[0], "m", "sim", self._claims, first=True, tpdus=tpdus
                )
            )
        except Gone:
            return None
        return todo[0]

    def _take(self, number: int, seq: int) -> int:
        """The network takes a segment; the reference that the SIM gave it."""
        self._known[number].taken[seq - 1] += 1
        self._reference = (self._reference + 1) % 256
        return self._reference

    def _sent(self, number: int) -> None:
        known = self._known[number]
        for _ in range(known.message.segments):
            seq = self._begin(number)
            if seq is None:
                return
            claim, reference = self._claims, self._take(number, seq)
            self._write(
                lambda tx, s=seq, c=claim, r=reference: outbox.segment_sent(
                    tx, self._now, known.message, s, "m", "sim", c, r
                )
            )

    def _open(self) -> list[int]:
        return sorted(self._known)

    @rule(data=st.data())
    def a_message_is_sent(self, data: st.DataObject) -> None:
        self._sent(data.draw(st.sampled_from(self._open())))

    @rule(data=st.data(), went=st.booleans())
    def a_modem_falls_silent(self, data: st.DataObject, went: bool) -> None:
        number = data.draw(st.sampled_from(self._open()))
        seq = self._begin(number)
        if seq is None:
            return
        known = self._known[number]
        if went:
            self._take(number, seq)
        known.doubted.add(seq)
        self._write(
            lambda tx: outbox.segment_unknown(tx, self._now, known.message, seq, error=ERROR, due_ms=self._now + 1000)
        )

    @rule(data=st.data(), later=st.booleans())
    def the_network_refuses(self, data: st.DataObject, later: bool) -> None:
        number = data.draw(st.sampled_from(self._open()))
        seq = self._begin(number)
        if seq is None:
            return
        message = self._known[number].message
        if later:
            self._write(
                lambda tx: outbox.segment_refused(
                    tx, self._now, message, seq, "sim", error=ERROR, due_ms=self._now + 500, waiting="x", charged=True
                )
            )
        else:
            self._write(lambda tx: outbox.segment_failed(tx, self._now, message, seq, "m", "sim", error=ERROR))

    @rule(data=st.data(), count=st.integers(1, 3), went=st.integers(0, 3))
    def the_gateway_is_killed(self, data: st.DataObject, count: int, went: int) -> None:
        """So many segments were committed, the first of them had gone."""
        for place in range(count):
            number = data.draw(st.sampled_from(self._open()))
            seq = self._begin(number)
            if seq is None:
                continue
            self._known[number].doubted.add(seq)
            if place < went:
                self._take(number, seq)
            else:
                went = 0
        self._now += 1
        self._write(lambda tx: lifecycle.recover(tx, self._now, 1000))

    @rule(data=st.data(), good=st.booleans())
    def a_report_comes(self, data: st.DataObject, good: bool) -> None:
        number = data.draw(st.sampled_from(self._open()))
        rows = self._run(lambda: self._store.read(lambda db: queue_reads.segments_of(db, number)))
        sent = [row for row in rows if row.reference is not None and row.status is SegmentStatus.SENT]
        if not sent:
            return
        row = data.draw(st.sampled_from(sent))
        outcome = DeliveryOutcome.DELIVERED if good else DeliveryOutcome.FAILED
        facts = StatusReportFacts(
            "m", "sim", row.reference or 0, f"+4915{number:08d}", 0, outcome, outcome, self._now, "00"
        )
        self._write(lambda tx: reports.take_report(tx, self._now, facts))

    @rule(ms=st.sampled_from([1, 500, 1000, 4000]))
    def time_passes(self, ms: int) -> None:
        self._now += ms
        self._write(lambda tx: lifecycle.promote_due(tx, self._now))

    @rule(data=st.data())
    def a_person_cancels(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self._open()))
        if self._write(lambda tx: lifecycle.cancel(tx, self._now, number)):
            assert sum(self._known[number].taken) == 0 or self._known[number].doubted

    @rule(data=st.data(), resend=st.booleans())
    def a_person_resolves(self, data: st.DataObject, resend: bool) -> None:
        number = data.draw(st.sampled_from(self._open()))
        if self._write(lambda tx: lifecycle.resolve(tx, self._now, number, resend=resend)) is not None and not resend:
            self._known[number].ended_by_user = True

    # -- what must be true --------------------------------------------------------------------------------------

    @invariant()
    def nothing_is_lost_and_nothing_goes_twice_without_having_been_in_doubt(self) -> None:
        for number, known in self._known.items():
            record = self._run(lambda n=number: self._store.read(lambda db: messages.get_message(db, n)))
            assert record is not None
            if record.status is not known.status:
                known.status = record.status
            for seq, count in enumerate(known.taken, 1):
                assert count <= 1 or seq in known.doubted, (number, seq, "went twice")
            if record.status in (Status.SENT, Status.DELIVERED) and not known.ended_by_user:
                assert all(known.taken), (number, record.status, known.taken, "is said to be sent and was not")

    @invariant()
    def a_messages_state_follows_from_its_segments(self) -> None:
        for number in self._known:
            record = self._run(lambda n=number: self._store.read(lambda db: messages.get_message(db, n)))
            rows = self._run(lambda n=number: self._store.read(lambda db: queue_reads.segments_of(db, n)))
            assert record is not None
            if rows and record.status in (Status.SENT, Status.DELIVERED, Status.UNDELIVERED, Status.UNKNOWN):
                assert derive_status(row.status for row in rows) is record.status
            assert record.status in TRANSITIONS


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
