"""The queue over the real store: what becomes of a message when a modem says this or that."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.databases import refusing
from support.desk import LOCAL, TO, desk
from support.events import any_event
from support.fakes import ScriptedModem
from support.waiting import until

from gsmgw.clock import VirtualClock
from gsmgw.errors import Disposition, StoreError, SubmitError
from gsmgw.model import (
    DeliveryOutcome,
    MessageError,
    ModemState,
    ModemStatus,
    OnUnknown,
    Outgoing,
    Priority,
    Status,
    StatusReportFacts,
)
from gsmgw.outbound import Limits, Refusal, RouteTable, Rule, SendingTimes, Submission, WrongState
from gsmgw.pdu import Submit, parse_tpdu
from gsmgw.store import inbox, lifecycle, messages, queue_reads, reports


def refusal(disposition: Disposition, *, cms: int | None = None, started: bool = True) -> SubmitError:
    return SubmitError("no", disposition, cms=cms, payload_started=started)


@pytest.mark.parametrize("started", [True, False])
async def test_refused_for_good_is_failed_and_the_next_one_goes(started: bool, tmp_path: Path) -> None:
    modem = ScriptedModem("m", refusal(Disposition.NEVER, cms=28, started=started))
    async with desk(tmp_path, modem) as work:
        bad, good = await work.send("bad"), await work.send("good", to="+4915112345679")
        record = await work.until(bad, Status.FAILED)
        assert record.error == MessageError("refused_by_network", "no", "m", cms=28)
        await work.until(good, Status.SENT)


@pytest.mark.parametrize("started", [True, False])
async def test_a_passing_refusal_is_deferred_and_others_go_on(started: bool, tmp_path: Path) -> None:
    modem = ScriptedModem("m", refusal(Disposition.LATER, cms=42, started=started))
    async with desk(tmp_path, modem) as work:
        first, second = await work.send(), await work.send(to="+4915112345679")
        await work.until(second, Status.SENT)
        record = await work.record(first)
        assert (record.status, record.attempts) == (Status.QUEUED, 1)
        assert record.due_ms is not None
        waiting = work.scheduler.explain(record)
        assert waiting is not None
        assert (waiting.reason, waiting.sentence) == ("retry", "no")


async def test_a_deferred_message_that_is_retried_goes_at_once(tmp_path: Path) -> None:
    modem = ScriptedModem("m", refusal(Disposition.LATER, cms=42, started=True))
    async with desk(tmp_path, modem) as work:
        number = await work.send()
        await work.once(number, lambda record: record.due_ms is not None)
        await work.service.retry(LOCAL, number)
        await work.until(number, Status.SENT)
        with pytest.raises(WrongState, match="the message is sent: only a queued"):
            await work.service.retry(LOCAL, number)


@pytest.mark.parametrize("started", [True, False])
async def test_a_sick_modem_hands_its_message_to_another(started: bool, tmp_path: Path) -> None:
    sick = ScriptedModem("a", refusal(Disposition.MODEM, started=started))
    async with desk(tmp_path, sick) as work:
        number = await work.send()
        await until(lambda: not sick.script)
        healthy = ScriptedModem("b")
        work.scheduler.attach(healthy)
        record = await work.until(number, Status.SENT)
        assert record.modem == "b"
        assert len(healthy.tpdus) == 1


async def test_silence_after_the_payload_is_unknown_and_never_sent_again_at_once(tmp_path: Path) -> None:
    modem = ScriptedModem("m", refusal(Disposition.UNKNOWN))
    async with desk(tmp_path, modem) as work:
        number = await work.send()
        record = await work.until(number, Status.UNKNOWN)
        assert record.error is not None
        assert record.error.code == "not_confirmed"
        waiting = work.scheduler.explain(record)
        assert waiting is not None
        assert waiting.reason == "evidence"
        assert len(modem.tpdus) == 1


async def test_silence_without_evidence_is_sent_again_after_the_grace_time(tmp_path: Path) -> None:
    modem = ScriptedModem("m", refusal(Disposition.UNKNOWN), 9)
    async with desk(tmp_path, modem, grace_s=0.1) as work:
        number = await work.send()
        await work.until(number, Status.SENT)
        assert modem.tpdus[0] == modem.tpdus[1]


async def test_a_repeat_that_is_rejected_as_a_duplicate_shows_that_the_first_try_arrived(tmp_path: Path) -> None:
    duplicate = refusal(Disposition.UNKNOWN, cms=197)
    modem = ScriptedModem("m", refusal(Disposition.UNKNOWN), duplicate, duplicate)
    async with desk(tmp_path, modem, grace_s=0) as work:
        record = await work.until(await work.send(), Status.SENT)
        events = await work.store.read(lambda db: messages.history(db, record.id))
        assert ("message.settled", "duplicate") in [(event.type, event.data.get("evidence")) for event in events]
        # The report names a reference that nobody was told of: it is the first try's.
        facts = StatusReportFacts("m", "sim-m", 77, TO, 0, DeliveryOutcome.DELIVERED, "delivered", 1, "00")
        await work.store.write(lambda tx: reports.take_report(tx, 1, facts))
        assert (await work.record(record.id)).status is Status.DELIVERED
        # One that was never tried before is in doubt, whatever the service centre means by it.
        await work.until(await work.send(on_unknown=OnUnknown.HOLD), Status.UNKNOWN)


async def test_a_duplicate_is_settled_segment_by_segment(tmp_path: Path) -> None:
    modem = ScriptedModem("m", 1, refusal(Disposition.UNKNOWN), refusal(Disposition.UNKNOWN, cms=197), 3)
    async with desk(tmp_path, modem, grace_s=0) as work:
        record = await work.until(await work.send("x" * 400), Status.SENT)
        assert len(modem.tpdus) == 4
        assert record.error is None


async def test_silence_on_hold_stays_for_a_person(tmp_path: Path) -> None:
    modem = ScriptedModem("m", refusal(Disposition.UNKNOWN))
    clock = VirtualClock()
    async with desk(tmp_path, modem, grace_s=5, clock=clock) as work:
        number = await work.send(on_unknown=OnUnknown.HOLD)
        await work.until(number, Status.UNKNOWN)
        for _ in range(4):
            await clock.advance(5)
            await work.quiet()
        record = await work.record(number)
        assert record.status is Status.UNKNOWN
        assert "gsmgw resolve" in (record.waiting or "")
        assert len(modem.tpdus) == 1


async def test_a_report_settles_a_segment_whose_result_stays_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gsmgw.outbound.queue.scheduler.SETTLE_AFTER_S", 0.01)
    silent: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    modem = ScriptedModem("m", silent)
    async with desk(tmp_path, modem) as work:
        number = await work.send()
        following = await work.send(to="+4915112345679")
        await work.until(number, Status.SENDING)
        facts = StatusReportFacts("m", "sim-m", 41, TO, 0, DeliveryOutcome.DELIVERED, "received", None, "00")
        taken = await work.store.write(lambda tx: reports.take_report(tx, work.clock.wall_ms(), facts))
        assert taken.message_id is None
        work.scheduler.report_unmatched("m", 41, TO)
        record = await work.until(number, Status.DELIVERED)
        assert record.sent_ms is not None
        assert modem.settled == [41]
        await work.until(following, Status.SENT)


async def test_a_report_for_somebody_else_settles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gsmgw.outbound.queue.scheduler.SETTLE_AFTER_S", 0.01)
    silent: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    modem, clock = ScriptedModem("m", silent), VirtualClock()
    async with desk(tmp_path, modem, clock=clock) as work:
        number = await work.send()
        await work.until(number, Status.SENDING)
        work.scheduler.report_unmatched("m", 41, "+4917000000000")
        await clock.advance(1)
        await work.quiet()
        assert modem.settled == []
        silent.set_result(7)
        await work.until(number, Status.SENT)


async def test_an_urgent_text_goes_between_two_segments_of_a_long_one(tmp_path: Path) -> None:
    first: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    modem = ScriptedModem("m", first)
    async with desk(tmp_path, modem) as work:
        long = await work.send("x" * 400, priority=Priority.BULK)
        await work.until(long, Status.SENDING)
        code = await work.send("123456", to="+4915112345679", priority=Priority.URGENT)
        first.set_result(200)
        await work.until(long, Status.SENT)
        await work.until(code, Status.SENT)
        order = [parse_tpdu(tpdu, sent=True) for tpdu in modem.tpdus]
        texts = [entry.text for entry in order if isinstance(entry, Submit)]
        assert texts[1] == "123456"
        assert [len(text or "") for text in texts] == [153, 6, 153, 94]


async def test_a_long_text_is_resumed_at_the_segment_that_was_refused(tmp_path: Path) -> None:
    modem = ScriptedModem("m", 1, refusal(Disposition.MODEM))
    async with desk(tmp_path, modem) as work:
        number = await work.send("x" * 400)
        await work.until(number, Status.SENT)
        parts = [parse_tpdu(tpdu, sent=True) for tpdu in modem.tpdus]
        places = [part.concat for part in parts if isinstance(part, Submit)]
        assert [place and place.sequence for place in places] == [1, 2, 2, 3]
        assert len({place and place.reference for place in places}) == 1


async def test_a_modem_that_dies_hands_back_what_was_not_on_the_air(tmp_path: Path) -> None:
    dying = ScriptedModem("a", refusal(Disposition.MODEM))
    async with desk(tmp_path, dying) as work:
        dying.become(ModemState.RECOVERING)
        number = await work.send()
        record = await work.record(number)
        waiting = work.scheduler.explain(record)
        assert waiting is not None
        assert (waiting.reason, waiting.sentence) == ("modem", "a is recovering: as the test wants it")
        work.scheduler.attach(ScriptedModem("b"))
        assert (await work.until(number, Status.SENT)).modem == "b"


async def test_a_limit_defers_and_says_until_when(tmp_path: Path) -> None:
    modem = ScriptedModem("m")
    async with desk(tmp_path, modem, limits=Limits(windows={60: 2})) as work:
        numbers = [await work.send(to=f"+491511234560{n}") for n in range(3)]
        for number in numbers[:2]:
            await work.until(number, Status.SENT)
        await work.quiet()
        record = await work.record(numbers[2])
        assert record.status is Status.QUEUED
        waiting = work.scheduler.explain(record)
        assert waiting is not None
        assert waiting.reason == "limit"
        assert waiting.until_ms is not None
        assert 0 < waiting.until_ms - work.clock.wall_ms() <= 60_000


async def test_a_limit_is_remembered_across_a_restart(tmp_path: Path) -> None:
    async with desk(tmp_path, ScriptedModem("m"), limits=Limits(windows={60: 1})) as work:
        await work.until(await work.send(), Status.SENT)
    async with desk(tmp_path, ScriptedModem("m"), limits=Limits(windows={60: 1})) as work:
        number = await work.send(to="+4915112345679")
        await work.quiet()
        assert (await work.record(number)).status is Status.QUEUED


async def test_a_scheduled_text_goes_at_its_time(tmp_path: Path) -> None:
    clock = VirtualClock()
    async with desk(tmp_path, ScriptedModem("m"), clock=clock) as work:
        at_ms = clock.wall_ms() + 150_000
        number = await work.send(send_at_ms=at_ms)
        await work.quiet()
        await clock.advance(149)
        await work.quiet()
        assert (await work.record(number)).status is Status.SCHEDULED
        await clock.advance(1)
        record = await work.until(number, Status.SENT)
        assert record.sent_ms == at_ms


async def test_a_canceled_text_does_not_go(tmp_path: Path) -> None:
    modem = ScriptedModem("m", state=ModemState.SEARCHING)
    async with desk(tmp_path, modem) as work:
        number = await work.send()
        assert await work.store.write(lambda tx: lifecycle.cancel(tx, 1, number))
        work.scheduler.withdraw(number)
        other = await work.send(to="+4915112345679")
        work.scheduler.modem_changed(modem.become(ModemState.READY))
        await work.until(other, Status.SENT)
        assert len(modem.tpdus) == 1


async def test_a_backlog_larger_than_the_window_goes_out_once_and_in_order(tmp_path: Path) -> None:
    modem = ScriptedModem("m", state=ModemState.SEARCHING)
    async with desk(tmp_path, modem) as work:
        wanted = [Submission(f"+49151{n % 97:07d}", f"{n}") for n in range(5000)]
        await work.submit(wanted)
        work.scheduler.modem_changed(modem.become(ModemState.READY))
        await until(lambda: len(modem.tpdus) >= 5000)
        texts = [part.text for tpdu in modem.tpdus if isinstance(part := parse_tpdu(tpdu, sent=True), Submit)]
        assert texts == [f"{n}" for n in range(5000)]
        assert await work.store.read(lambda db: queue_reads.ready_after(db, "", "", 1, 0, 10)) == []


class _Elsewhere:
    """A modem of another gateway, which is told much later what became of its messages."""

    name = "ulm/m0"
    paused_until_ms = None

    def __init__(self, room: int) -> None:
        self.status = ModemStatus(self.name, ModemState.READY, "as the test wants it")
        self.room = room
        self.given: list[Outgoing] = []

    async def assign(self, messages: Sequence[Outgoing]) -> Sequence[Outgoing]:
        self.given += messages
        self.room -= len(messages)
        return ()


async def test_a_backlog_larger_than_the_window_goes_to_a_modem_that_holds_much_of_it(tmp_path: Path) -> None:
    modem = _Elsewhere(room=1500)
    async with desk(tmp_path) as work:
        queue = work.scheduler.attach_remote(modem)
        work.scheduler.modem_changed(modem.status)
        await work.submit([Submission(f"+49151{n:07d}", f"{n}") for n in range(3000)])
        await until(lambda: len(modem.given) >= 1500)
        await work.quiet()
        # The rest of the window is taken while the modem still holds so much that nothing more is loaded.
        modem.room = 500
        queue.wake()
        await until(lambda: len(modem.given) >= 2000)
        await work.quiet()
        for message in list(modem.given):
            modem.room += 1
            queue.finished(message.id)
        await until(lambda: len(modem.given) >= 3000)
        assert [message.text for message in modem.given] == [f"{n}" for n in range(3000)]


async def test_a_database_that_does_not_write_stops_sending_and_then_goes_on(tmp_path: Path) -> None:
    modem = ScriptedModem("m", state=ModemState.SEARCHING)
    async with desk(tmp_path, modem) as work:
        number = await work.send()
        pages = await work.store.write(lambda tx: tx.one("PRAGMA page_count")[0])
        await work.store.write(lambda tx: tx.run(f"PRAGMA max_page_count = {pages}"))
        for _ in range(20):  # what is left of the last pages takes some of it
            with contextlib.suppress(StoreError):
                await work.store.write(lambda tx: [tx.event(1, any_event("x", pad="x" * 900)) for _ in range(50)])
            if work.store.trouble is not None:
                break
        assert work.store.trouble is not None
        work.scheduler.modem_changed(modem.become(ModemState.READY))
        for _ in range(20):
            await work.store.read(messages.event_range)
        await work.store.write(lambda tx: tx.run("PRAGMA max_page_count = 1000000"))
        await work.until(number, Status.SENT)
        assert len(modem.tpdus) == 1


async def test_a_long_text_before_a_full_disk_is_tried_once_a_second(tmp_path: Path) -> None:
    modem, clock = ScriptedModem("m", state=ModemState.SEARCHING), VirtualClock()
    async with desk(tmp_path, modem, clock=clock) as work:
        number = await work.send("x" * 400)
        async with refusing(work.store):
            work.scheduler.modem_changed(modem.become(ModemState.READY))
            await until(lambda: work.store.failed_transactions > 0)
            for _ in range(15):
                await clock.advance(0.1)
                with contextlib.suppress(StoreError):  # time for the queue's write before this one
                    await work.store.write(lambda tx: None)
            assert 1 <= work.store.failed_transactions - 15 <= 3
        await clock.advance(2)
        assert (await work.until(number, Status.SENT)).segments == 3


async def test_an_answer_leaves_through_the_modem_that_was_texted(tmp_path: Path) -> None:
    first, second = ScriptedModem("a"), ScriptedModem("b")
    async with desk(tmp_path, first, second) as work:
        received = inbox.Received(TO, "b", None, "gsm7", 1, "hello?")
        await work.store.write(lambda tx: inbox.add_message(tx, 1, work.store.ids, received, []))
        for _ in range(5):
            assert (await work.until(await work.send(), Status.SENT)).modem == "b"
        work.scheduler.modem_changed(second.become(ModemState.ABSENT))
        assert (await work.until(await work.send(), Status.SENT)).modem == "a"


async def test_what_one_sim_may_not_send_leaves_through_the_next_and_rests_when_none_may(tmp_path: Path) -> None:
    barred = [ScriptedModem(name, *[refusal(Disposition.ELSEWHERE, cms=69)] * 9) for name in "ab"]
    free = ScriptedModem("c")
    async with desk(tmp_path, *barred, free) as work:
        for _ in range(6):
            assert (await work.until(await work.send(), Status.SENT)).modem == "c"
        taken = 18 - len(barred[0].script) - len(barred[1].script)
        assert taken <= 12  # each was asked once for a message at the most
        work.scheduler.modem_changed(free.become(ModemState.ABSENT))
        number = await work.send()
        record = await work.once(number, lambda record: record.due_ms is not None)
        assert (record.status, record.attempts, record.route) == (Status.QUEUED, 2, "")
        assert 18 - len(barred[0].script) - len(barred[1].script) == taken + 2


@pytest.mark.parametrize("disposition", [Disposition.MODEM, Disposition.ACCOUNT])
async def test_a_conversation_does_not_wait_for_a_modem_that_rests(disposition: Disposition, tmp_path: Path) -> None:
    first, second = ScriptedModem("a"), ScriptedModem("b", refusal(disposition))
    async with desk(tmp_path, first, second) as work:
        received = inbox.Received(TO, "b", None, "gsm7", 1, "hello?")
        await work.store.write(lambda tx: inbox.add_message(tx, 1, work.store.ids, received, []))
        record = await work.until(await work.send(), Status.SENT)
        assert (record.modem, second.script) == ("a", [])


async def test_a_message_that_leads_around_a_modem_does_so_after_a_restart(tmp_path: Path) -> None:
    barred, slow = ScriptedModem("a", refusal(Disposition.ELSEWHERE)), ScriptedModem("b")
    async with desk(tmp_path, barred, slow, limits=Limits({60: 1})) as work:
        # Both are at their limit after one text each; the first one is refused by "a" and waits for "b".
        await work.until(await work.send(to="+4915112345677", modem="b"), Status.SENT)
        number = await work.send()
        await until(lambda: not barred.script)
        assert (await work.record(number)).status is not Status.SENT
    async with desk(tmp_path, ScriptedModem("a"), ScriptedModem("b")) as work:
        assert (await work.until(number, Status.SENT)).modem == "b"


async def test_a_pool_is_honoured_or_clearly_refused(tmp_path: Path) -> None:
    modems = [ScriptedModem(name) for name in "abc"]
    table = RouteTable([Rule("@two", tag="bulk")], {"two": ["b", "c"]})
    async with desk(tmp_path, *modems, table=table) as work:
        for fields in ({"pool": "two"}, {"tags": ("bulk",)}):
            for _ in range(4):
                assert (await work.until(await work.send(**fields), Status.SENT)).modem in ("b", "c")
        with pytest.raises(Refusal, match="the pool 'three' does not exist \\(known: two\\)"):
            await work.send(pool="three")
        with pytest.raises(Refusal, match="not both"):
            await work.send(pool="two", modem="a")


async def test_weights_share_out_what_comes_one_by_one(tmp_path: Path) -> None:
    modems = [ScriptedModem("a"), ScriptedModem("b")]
    async with desk(tmp_path, *modems, weights={"a": 3.0}) as work:
        for _ in range(40):
            await work.until(await work.send(), Status.SENT)
        assert (len(modems[0].tpdus), len(modems[1].tpdus)) == (30, 10)


async def test_outside_the_sending_times_it_waits_and_says_so(tmp_path: Path) -> None:
    never = SendingTimes(None, (), [date(2026, 1, 1) + timedelta(days=n) for n in range(-800, 1600)])
    async with desk(tmp_path, ScriptedModem("m"), times=never) as work:
        number = await work.send()
        urgent = await work.send(to="+4915112345679", priority=Priority.URGENT)
        await work.until(urgent, Status.SENT)
        record = await work.once(number, lambda record: record.due_ms is not None)
        waiting = work.scheduler.explain(record)
        assert waiting is not None
        assert "sending times" in waiting.sentence


async def test_when_it_is_allowed_is_looked_up_once_for_all_that_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    look = SendingTimes.next_allowed_ms

    def counted(self: SendingTimes, now_ms: int, zones: Sequence[ZoneInfo]) -> int | None:
        looked.append(now_ms)
        return look(self, now_ms, zones)

    monkeypatch.setattr(SendingTimes, "next_allowed_ms", counted)
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    soon = SendingTimes(None, (), [today + timedelta(days=n) for n in (-1, 0, 1)])
    async with desk(tmp_path, ScriptedModem("m"), times=soon) as work:
        numbers = [await work.send(to=f"+491511234{n:04d}") for n in range(50)]
        for number in numbers:
            await work.once(number, lambda record: record.due_ms is not None)
        assert len(looked) == 1


async def test_urgent_messages_use_the_reserve_of_a_limit(tmp_path: Path) -> None:
    modem = ScriptedModem("m")
    async with desk(tmp_path, modem, limits=Limits(windows={60: 2}, urgent_reserve=1)) as work:
        numbers = [await work.send(to=f"+491511234560{n}") for n in range(3)]
        await work.until(numbers[0], Status.SENT)
        await work.quiet()
        urgent = await work.send(to="+4915112345699", priority=Priority.URGENT)
        await work.until(urgent, Status.SENT)
        await work.quiet()
        assert len(modem.tpdus) == 2


async def test_one_more_recipient_than_allowed_waits_a_day(tmp_path: Path) -> None:
    async with desk(tmp_path, ScriptedModem("m"), limits=Limits(recipients_per_day=1)) as work:
        await work.until(await work.send(), Status.SENT)
        other = await work.send(to="+4915112345699")
        await work.until(await work.send(), Status.SENT)
        record = await work.record(other)
        assert record.status is Status.QUEUED
        assert record.due_ms is not None
        assert 23 * 3600_000 < record.due_ms - work.clock.wall_ms() <= 24 * 3600_000


async def test_what_is_in_doubt_after_a_crash_was_on_the_wire_in_the_order_of_its_claims(tmp_path: Path) -> None:
    modem = ScriptedModem("m")
    async with desk(tmp_path, modem) as work:
        for number in range(40):
            await work.send(f"{number}", to=f"+4915100000{number:02d}")
        urgent = await work.send("urgent", to="+4915199999999", priority=Priority.URGENT)
        await work.until(urgent, Status.SENT)
        await until(lambda: len(modem.tpdus) >= 41)
        claims = await work.store.write(lambda tx: dict(tx.all("SELECT hex(tpdu), claim FROM segments")))
        order = [claims[tpdu.hex().upper()] for tpdu in modem.tpdus]
        assert order == sorted(order)


async def test_a_modem_that_gains_nothing_by_it_has_nothing_claimed_ahead(tmp_path: Path) -> None:
    """Messages that wait behind its segment are free for whichever modem is ready first."""
    loop = asyncio.get_running_loop()
    results: list[asyncio.Future[int]] = [loop.create_future() for _ in range(4)]
    modem, clock = ScriptedModem("m", *results), VirtualClock()
    async with desk(tmp_path, modem, clock=clock) as work:
        for number, result in enumerate(results[:3]):  # commits take a small part of 0.9 s
            known = await work.send("known", to=f"+491511234560{number}")
            await until(lambda count=number + 1: len(modem.tpdus) == count)
            await clock.advance(0.9)
            result.set_result(number)
            await work.until(known, Status.SENT)
        work.scheduler.modem_changed(modem.become(ModemState.SEARCHING))
        first = await work.send("first", priority=Priority.URGENT)
        others = [await work.send("x", to=f"+491511234569{number}", priority=Priority.URGENT) for number in range(2)]
        work.scheduler.modem_changed(modem.become(ModemState.READY))
        await until(lambda: len(modem.tpdus) == 4)
        await work.quiet()
        assert [(await work.record(number)).status for number in others] == [Status.QUEUED] * 2
        results[3].set_result(3)
        for number in (first, *others):
            await work.until(number, Status.SENT)
