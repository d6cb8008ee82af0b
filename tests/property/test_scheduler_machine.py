"""The scheduler with its workers over the real store, driven at random against a model of what the network has seen.

The modems do what the rules say: accept, refuse in each way there is, fall silent with or without having sent, vanish,
come back. A kill goes on with a copy of the database as it was on disk at that moment.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from support.fakes import ScriptedModem

from gsmgw.clock import VirtualClock
from gsmgw.errors import Disposition, SubmitError
from gsmgw.model import DeliveryOutcome, MessageRecord, ModemState, OnUnknown, Priority, Status, StatusReportFacts
from gsmgw.outbound import Accepted, Defaults, MessageService, Principal, RouteTable, Scheduler, Submission
from gsmgw.ports import Stored
from gsmgw.store import Store, messages, reports

T = TypeVar("T")
NAMES = ("a", "b", "c")
POOL = ("b", "c")
RECIPIENTS = [f"+4915112345{n:03d}" for n in range(12)]
ENDED = {Status.SENT, Status.DELIVERED, Status.UNDELIVERED, Status.FAILED, Status.EXPIRED, Status.CANCELED}


@dataclass
class Known:
    """The model's state of a message: when it was taken, for whom, and which of its segments the network has."""

    to: str
    modem: str | None
    pool: str | None
    taken: list[int] = field(default_factory=list)
    doubted: bool = False


class Modem(ScriptedModem):
    """Each submit waits for what the test makes of it."""

    def __init__(self, name: str, reference: int) -> None:
        super().__init__(name)
        self.reference = reference
        self.pending: tuple[bytes, asyncio.Future[int]] | None = None

    async def submit(
        self,
        tpdu: bytes,
        *,
        before_payload: Callable[[], Awaitable[None]],
        more: bool = False,
        on_stored: Stored | None = None,
    ) -> int:
        assert self.pending is None, "one submit at a time"
        assert self.status.state.carries
        await before_payload()
        outcome: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.pending = (tpdu, outcome)
        try:
            return await outcome
        finally:
            self.pending = None

    def count(self) -> int:
        """The network takes what is pending: the reference that the SIM gives it."""
        self.reference = (self.reference + 1) % 256
        return self.reference


class House(RuleBasedStateMachine):
    """Three modems, two of them in a pool."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self._runner = asyncio.Runner()
        self._lives = 0
        self._clock = VirtualClock()
        self._known: dict[int, Known] = {}
        self._modems: dict[str, Modem] = {}

    def _run(self, start: Callable[[], Awaitable[T]]) -> T:
        async def call() -> T:
            value = await start()
            await self._come_to_rest()
            return value

        return self._runner.run(call())

    @initialize()
    def it_starts(self) -> None:
        self._run(self._start)

    async def _start(self) -> None:
        path = Path(self._directory.name) / f"{self._lives}" / "g.db"
        path.parent.mkdir(exist_ok=True)
        self._store = await Store.open(path)
        table = RouteTable((), {"pool": POOL})
        self._scheduler = Scheduler(self._store, self._clock, unknown_grace_s=60, table=table)
        defaults = Defaults(None, 10**6, True, OnUnknown.RESEND)
        self._service = MessageService(self._store, self._clock, self._scheduler, lambda: set(NAMES), defaults, table)
        for name in NAMES:
            former = self._modems.get(name)
            modem = self._modems[name] = Modem(name, 7 if former is None else former.reference)
            self._scheduler.attach(modem)
        self._task = asyncio.create_task(self._scheduler.run())

    async def _come_to_rest(self) -> None:
        for _ in range(4):
            await self._store.write(lambda tx: None)
            await self._store.read(lambda db: None)
            for _ in range(10):
                await asyncio.sleep(0)

    def teardown(self) -> None:
        try:
            if self._modems:
                self._run(self._drain)
        finally:
            if self._modems:
                self._runner.run(self._store.close())
            self._runner.close()
            self._directory.cleanup()

    # -- what happens -----------------------------------------------------------------------------------------------

    @rule(
        to=st.sampled_from(RECIPIENTS),
        priority=st.sampled_from(Priority),
        way=st.sampled_from([{}, {}, {}, {"modem": "a"}, {"pool": "pool"}]),
        long=st.sampled_from([False, False, True]),
        count=st.integers(1, 6),
    )
    def messages_are_accepted(self, to: str, priority: Priority, way: dict[str, str], long: bool, count: int) -> None:
        for _ in range(count):
            text = f"{len(self._known):04d}" + "x" * (200 if long else 0)
            request = Submission(to, text, priority=priority, **way)  # type: ignore[arg-type]
            accepted = self._run(lambda r=request: self._service.submit(Principal(), r))
            assert isinstance(accepted, Accepted)
            self._known[accepted.message_id] = Known(to, way.get("modem"), way.get("pool"))

    def _busy(self) -> list[Modem]:
        return [modem for modem in self._modems.values() if modem.pending is not None]

    def _message_of(self, modem: Modem) -> tuple[int, int]:
        """Which message and segment a modem has."""
        assert modem.pending is not None
        row = self._read(
            lambda db: db.execute(
                "SELECT message_id, seq FROM segments WHERE status = 'sending' AND tpdu = ? AND modem = ?",
                (modem.pending and modem.pending[0], modem.name),
            ).fetchall()
        )
        assert len(row) == 1, row
        return int(row[0][0]), int(row[0][1])

    def _sending_now(self) -> set[int]:
        rows = self._read(
            lambda db: db.execute("SELECT DISTINCT message_id FROM segments WHERE status = 'sending'").fetchall()
        )
        return {row[0] for row in rows}

    def _read(self, query: Callable[..., T]) -> T:
        return self._runner.run(self._store.read(query))

    @rule(turns=st.lists(st.integers(0, 5), min_size=1, max_size=8))
    def the_network_takes_it(self, turns: list[int]) -> None:
        for turn in turns:
            if busy := self._busy():
                self._accept(busy[turn % len(busy)])

    def _accept(self, modem: Modem) -> None:
        assert modem.pending is not None
        _, outcome = modem.pending
        number, segment = self._message_of(modem)
        self._note(number, segment, modem)
        reference = modem.count()

        async def answer() -> None:
            outcome.set_result(reference)

        self._run(answer)

    def _note(self, number: int, segment: int, modem: Modem) -> None:
        known = self._known[number]
        assert known.modem in (None, modem.name)
        assert known.pool is None or modem.name in POOL
        assert known.doubted or segment not in known.taken, (number, segment, "went twice")
        known.taken.append(segment)

    @rule(turn=st.integers(0, 5), disposition=st.sampled_from(Disposition), went=st.booleans())
    def it_does_not(self, turn: int, disposition: Disposition, went: bool) -> None:
        busy = self._busy()
        if not busy:
            return
        modem = busy[turn % len(busy)]
        assert modem.pending is not None
        _, outcome = modem.pending
        if disposition is Disposition.UNKNOWN:
            number, segment = self._message_of(modem)
            if went:
                self._note(number, segment, modem)
                modem.count()
            self._known[number].doubted = True
        elif went:
            modem.count()  # a refused submission may have used a reference up, or not

        async def answer() -> None:
            outcome.set_exception(SubmitError("no", disposition, payload_started=True))

        self._run(answer)

    @rule(name=st.sampled_from(NAMES), state=st.sampled_from([ModemState.ABSENT, ModemState.READY, ModemState.READY]))
    def a_modem_goes_or_comes(self, name: str, state: ModemState) -> None:
        modem = self._modems[name]
        if modem.pending is None:
            self._change(modem, state)

    def _change(self, modem: Modem, state: ModemState) -> None:
        async def change() -> None:
            self._scheduler.modem_changed(modem.become(state))

        self._run(change)

    @rule(seconds=st.sampled_from([1, 10, 100, 2000]))
    def time_passes(self, seconds: int) -> None:
        self._run(lambda: self._pass(seconds))

    async def _pass(self, seconds: int) -> None:
        await self._clock.advance(seconds)
        self._scheduler.due(0)
        for modem in self._modems.values():  # a rest is over by real time; here it is by the virtual one
            self._scheduler.modem_changed(modem.status)

    @rule(seconds=st.sampled_from([10**6, -(10**6)]))
    def the_clock_is_set(self, seconds: int) -> None:
        self._clock.jump(seconds)
        self._run(lambda: self._pass(1))

    @rule(went=st.booleans())
    def the_gateway_is_killed(self, went: bool) -> None:
        for modem in self._busy():
            number, segment = self._message_of(modem)
            if went:
                self._note(number, segment, modem)
                modem.count()
        for number in self._sending_now():
            self._known[number].doubted = True
        here = Path(self._directory.name) / f"{self._lives}"
        self._lives += 1
        shutil.copytree(here, here.with_name(f"{self._lives}"))
        self._run(self._begin_anew)

    async def _begin_anew(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])
        await self._store.close()
        await self._start()

    @rule(turn=st.integers(0, 50))
    def a_report_comes(self, turn: int) -> None:
        rows = self._read(
            lambda db: db.execute(
                "SELECT s.sim, s.reference, m.peer FROM segments s JOIN messages m ON m.id = s.message_id "
                "WHERE s.status = 'sent' AND s.reference IS NOT NULL"
            ).fetchall()
        )
        if rows:
            sim, reference, peer = rows[turn % len(rows)]
            facts = StatusReportFacts("m", sim, reference, peer, 0, DeliveryOutcome.DELIVERED, "delivered", 1, "00")
            self._run(lambda: self._store.write(lambda tx: reports.take_report(tx, 1, facts)))

    # -- what must be true ------------------------------------------------------------------------------------------

    @invariant()
    def no_two_modems_have_the_same_message_nor_texts_to_one_person(self) -> None:
        busy = [self._message_of(modem)[0] for modem in self._busy()]
        people = [self._known[number].to for number in busy]
        assert len(set(people)) == len(people)

    @invariant()
    def what_is_said_to_be_sent_was_sent(self) -> None:
        if not self._modems:
            return
        for number, known in self._known.items():
            record = self._read(lambda db, n=number: messages.get_message(db, n))
            assert record is not None
            if record.status in (Status.SENT, Status.DELIVERED):
                assert len(set(known.taken)) == record.segments, (number, known.taken, record.segments)

    async def _drain(self) -> None:
        """In the end, with all modems well, every message comes to an end, or to a person after a blind repeat."""
        for modem in self._modems.values():
            self._scheduler.modem_changed(modem.become(ModemState.READY))
        for _ in range(400):
            await self._come_to_rest()
            for modem in self._modems.values():
                if modem.pending is not None:
                    modem.pending[1].set_result(modem.count())
            if not any(modem.pending for modem in self._modems.values()):
                found = await self._store.read(lambda db: [messages.get_message(db, number) for number in self._known])
                if all(record is not None and (record.status in ENDED or _is_held(record)) for record in found):
                    break
                await self._pass(100)
        else:
            raise AssertionError([(record.id, record.status, record.waiting) for record in found if record])
        self._scheduler.stop()
        await self._task


def _is_held(record: MessageRecord) -> bool:
    return record.status is Status.UNKNOWN and record.due_ms is None and record.attempts > 1


TestHouse = House.TestCase
TestHouse.settings = settings(max_examples=15, stateful_step_count=30, deadline=None)
