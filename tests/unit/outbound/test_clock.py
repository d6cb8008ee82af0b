"""A machine without a clock battery: its clock is set while messages wait; nothing is early, expired or reordered."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from datetime import time as hour
from pathlib import Path

import pytest
from support.desk import TO, Desk, desk
from support.fakes import ScriptedModem
from support.waiting import until

from gsmgw.clock import STEP_MS, SystemClock, VirtualClock
from gsmgw.errors import Disposition, SubmitError
from gsmgw.model import Event, MessageRecord, ModemState, Outgoing, Priority, Status, Waiting
from gsmgw.outbound import Limits, SendingTimes, Window
from gsmgw.store import Store, messages, outbox, queue_reads

YEAR_S = 365 * 86_400
DAY_S = 86_400


async def events(work: Desk, type: str) -> list[Event]:
    found = await work.store.read(lambda db: messages.events_after(db, 0, 1000))
    return [event for event in found if event.type == type]


async def set_clock(work: Desk, clock: VirtualClock, seconds: float) -> None:
    """Set the machine's clock, and let the gateway notice."""
    known = len(await events(work, "clock.set"))
    clock.jump(seconds)
    work.scheduler.due(0)

    async def noticed() -> bool:
        work.scheduler.due(0)
        return len(await events(work, "clock.set")) > known

    await until(noticed)


async def pass_time(work: Desk, clock: VirtualClock, seconds: float) -> None:
    await clock.advance(seconds)
    work.scheduler.due(0)


async def settled(work: Desk, clock: VirtualClock, number: int) -> MessageRecord:
    """The message after the timer has looked at it once more."""
    probe = await work.send("probe", to="+4915112340000", send_at_ms=work.clock.wall_ms() + 1)
    await clock.advance(0.002)

    async def seen() -> bool:
        work.scheduler.due(0)
        return (await work.record(probe)).status is not Status.SCHEDULED

    await until(seen)
    return await work.record(number)


async def waits(work: Desk, number: int, condition: Callable[[Waiting], bool]) -> Waiting:
    """Return what a message waits for, once that fulfils a condition."""
    found: list[Waiting] = []

    async def fulfilled() -> bool:
        waiting = work.scheduler.explain(await work.record(number))
        found[:] = [waiting] if waiting is not None and condition(waiting) else []
        return bool(found)

    await until(fulfilled)
    return found[0]


@pytest.mark.parametrize("by_s", [YEAR_S, -YEAR_S])
async def test_a_validity_lasts_as_long_as_it_was_meant_to(by_s: int, tmp_path: Path) -> None:
    clock = VirtualClock()
    modem = ScriptedModem("m", state=ModemState.SEARCHING)
    async with desk(tmp_path, modem, clock=clock) as work:
        number = await work.send(valid_for=3600)
        await set_clock(work, clock, by_s)
        await pass_time(work, clock, 3500)
        assert (await settled(work, clock, number)).status is Status.QUEUED
        await pass_time(work, clock, 101)
        assert (await settled(work, clock, number)).status is Status.EXPIRED


async def test_the_validity_that_the_network_is_told_is_what_is_left_of_it(tmp_path: Path) -> None:
    clock = VirtualClock()
    modem = ScriptedModem("m", state=ModemState.SEARCHING)
    async with desk(tmp_path, modem, clock=clock) as work:
        number = await work.send(valid_for=3600)
        await set_clock(work, clock, YEAR_S)
        work.scheduler.modem_changed(modem.become(ModemState.READY))
        await work.until(number, Status.SENT)
        assert modem.tpdus[0][-7] == 11  # TP-VP: 12 steps of 5 minutes (TS 23.040 9.2.3.12.1); then UDL, 5 octets


async def test_what_was_accepted_by_a_right_clock_expires_by_a_right_clock(tmp_path: Path) -> None:
    right_ms = 1_700_000_000_000
    store = await Store.open(tmp_path / "g.db")
    old = Outgoing(store.ids.next(right_ms), TO, "old", Priority.NORMAL, 1, right_ms, expires_ms=right_ms + 3_600_000)
    await store.write(lambda tx: outbox.accept(tx, right_ms, [old]))
    await store.close()
    clock = VirtualClock(right_ms - DAY_S * 1000)  # it started with a time of yesterday
    async with desk(tmp_path, ScriptedModem("m", state=ModemState.SEARCHING), clock=clock) as work:
        assert (await settled(work, clock, old.id)).status is Status.QUEUED
        await set_clock(work, clock, DAY_S + 3599)
        assert (await settled(work, clock, old.id)).status is Status.QUEUED
        await set_clock(work, clock, 10)
        assert (await settled(work, clock, old.id)).status is Status.EXPIRED


@pytest.mark.parametrize("by_s", [YEAR_S, -YEAR_S])
async def test_a_clock_that_was_set_before_a_restart_expires_nothing(by_s: int, tmp_path: Path) -> None:
    clock = VirtualClock()
    modem = ScriptedModem("m", state=ModemState.SEARCHING)
    async with desk(tmp_path, modem, clock=clock) as work:
        number = await work.send(valid_for=3600)
    clock.jump(by_s)
    clock.adjust()  # as a new process sees it
    async with desk(tmp_path, modem, clock=clock) as work:
        assert (await settled(work, clock, number)).status is Status.QUEUED
        assert [event.data["by_s"] for event in await events(work, "clock.set")] == [by_s]
        await pass_time(work, clock, 3500)
        assert (await settled(work, clock, number)).status is Status.QUEUED
        await pass_time(work, clock, 101)
        assert (await settled(work, clock, number)).status is Status.EXPIRED
    async with desk(tmp_path, modem, clock=clock) as work:
        await settled(work, clock, number)
        assert len(await events(work, "clock.set")) == 1


async def test_time_without_the_gateway_counts(tmp_path: Path) -> None:
    clock = VirtualClock()
    modem = ScriptedModem("m", state=ModemState.SEARCHING)
    async with desk(tmp_path, modem, clock=clock) as work:
        number = await work.send(valid_for=3600)
    await clock.advance(3601)
    async with desk(tmp_path, modem, clock=clock) as work:
        assert (await settled(work, clock, number)).status is Status.EXPIRED
        assert await events(work, "clock.set") == []


def test_a_boot_has_one_name() -> None:
    assert SystemClock().boot_id() == SystemClock().boot_id() != ""
    assert VirtualClock().boot_id() != ""


async def test_a_moment_stays_that_moment(tmp_path: Path) -> None:
    clock = VirtualClock()
    async with desk(tmp_path, ScriptedModem("m"), clock=clock) as work:
        at_ms = clock.wall_ms() + DAY_S * 1000
        number = await work.send(send_at_ms=at_ms)
        await set_clock(work, clock, DAY_S - 60)
        assert (await settled(work, clock, number)).status is Status.SCHEDULED
        await set_clock(work, clock, -DAY_S)
        await pass_time(work, clock, 3600)
        assert (await settled(work, clock, number)).status is Status.SCHEDULED
        await set_clock(work, clock, DAY_S)
        await work.until(number, Status.SENT)


async def test_a_try_that_was_put_off_does_not_wait_for_a_year_that_is_gone(tmp_path: Path) -> None:
    clock = VirtualClock()
    modem = ScriptedModem("m", SubmitError("congestion", Disposition.LATER, cms=42))
    async with desk(tmp_path, modem, clock=clock) as work:
        number = await work.send()
        await work.once(number, lambda record: record.due_ms is not None)
        await set_clock(work, clock, -YEAR_S)
        await work.until(number, Status.SENT)


@pytest.mark.parametrize("by_s", [YEAR_S, -YEAR_S])
async def test_evidence_is_awaited_as_long(by_s: int, tmp_path: Path) -> None:
    clock = VirtualClock()
    modem = ScriptedModem("m", SubmitError("silence", Disposition.UNKNOWN, payload_started=True))
    async with desk(tmp_path, modem, clock=clock, grace_s=120) as work:
        number = await work.send()
        await work.until(number, Status.UNKNOWN)
        await pass_time(work, clock, 60)
        await set_clock(work, clock, by_s)
        due_ms = clock.wall_ms() + 60_000
        record = await settled(work, clock, number)
        assert (record.status, record.due_ms) == (Status.UNKNOWN, due_ms)


@pytest.mark.parametrize("by_s", [YEAR_S, -YEAR_S])
@pytest.mark.parametrize("restart", [False, True])
async def test_a_limit_counts_what_left_before(by_s: int, restart: bool, tmp_path: Path) -> None:
    clock, limits = VirtualClock(), Limits({3600: 1})
    async with desk(tmp_path, ScriptedModem("m"), clock=clock, limits=limits) as work:
        await work.until(await work.send(), Status.SENT)
        await set_clock(work, clock, by_s)
        second = await work.send()
        if not restart:
            await _waits_an_hour(work, clock, second)
    if restart:
        async with desk(tmp_path, ScriptedModem("m"), clock=clock, limits=limits) as work:
            await _waits_an_hour(work, clock, second)


async def _waits_an_hour(work: Desk, clock: VirtualClock, number: int) -> None:
    waiting = await waits(work, number, lambda waiting: waiting.reason == "limit")
    assert waiting.until_ms is not None
    assert abs(waiting.until_ms - clock.wall_ms() - 3_600_000) < 1000


async def test_the_order_stays(tmp_path: Path) -> None:
    clock = VirtualClock()
    modem = ScriptedModem("m", state=ModemState.SEARCHING)
    async with desk(tmp_path, modem, clock=clock) as work:
        numbers = []
        for by_s in (YEAR_S, -YEAR_S, -YEAR_S, YEAR_S):
            numbers.append(await work.send(f"{len(numbers)}", to=f"+49151000000{len(numbers)}"))
            await set_clock(work, clock, by_s)
        assert all(a < b for a, b in itertools.pairwise(numbers))
        work.scheduler.modem_changed(modem.become(ModemState.READY))
        for number in numbers:
            await work.until(number, Status.SENT)
        found = await work.store.read(lambda db: [queue_reads.segments_of(db, number)[0].tpdu for number in numbers])
        assert modem.tpdus == found


class UnsetClock(VirtualClock):
    """Of a board that has just started."""

    known = False

    def is_set(self) -> bool:
        return self.known


NIGHT_MS = round(datetime(2026, 11, 21, 3, 0, tzinfo=UTC).timestamp() * 1000)
BY_DAY = SendingTimes(window=Window(hour(8), hour(20)))


async def test_nobody_is_woken_by_a_machine_that_does_not_know_the_time(tmp_path: Path) -> None:
    clock = UnsetClock(NIGHT_MS + 9 * 3_600_000)  # noon, it thinks
    async with desk(tmp_path, ScriptedModem("m"), clock=clock, times=BY_DAY) as work:
        await work.scheduler.answer()  # it knows by now how far the database was
        number = await work.send()
        await work.once(number, lambda record: record.due_ms is not None)
        waiting = work.scheduler.explain(await work.record(number))
        assert waiting is not None
        assert "does not know the time" in waiting.sentence
        await work.until(await work.send(priority=Priority.URGENT, to="+4915112345679"), Status.SENT)
        clock.known = True
        await set_clock(work, clock, -9 * 3600)
        await waits(work, number, lambda waiting: "outside the sending times" in waiting.sentence)
        await set_clock(work, clock, 9 * 3600)
        await work.until(number, Status.SENT)


async def test_a_clock_behind_the_database_is_not_believed_for_an_hour(tmp_path: Path) -> None:
    clock = VirtualClock(NIGHT_MS + 9 * 3_600_000)
    async with desk(tmp_path, ScriptedModem("m"), clock=clock, times=BY_DAY) as work:
        await work.until(await work.send(), Status.SENT)
    clock = VirtualClock(NIGHT_MS - 15 * 3_600_000)  # the noon before
    async with desk(tmp_path, ScriptedModem("m"), clock=clock, times=BY_DAY) as work:
        await work.scheduler.answer()  # it knows by now how far the database was
        number = await work.send()
        await work.once(number, lambda record: record.due_ms is not None)
        await pass_time(work, clock, 3601)
        await work.until(number, Status.SENT)


async def test_the_systems_clock_shows_that_it_was_set_only_when_it_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, real = SystemClock(), time.time_ns
    assert abs(clock.wall_ms() - real() // 1_000_000) < STEP_MS
    assert clock.adjust() == 0
    monkeypatch.setattr(time, "time_ns", lambda: real() + YEAR_S * 10**9)
    assert abs(clock.wall_ms() - real() // 1_000_000) < STEP_MS
    assert abs(clock.adjust() - YEAR_S * 1000) < STEP_MS
    assert abs(clock.wall_ms() - real() // 1_000_000 - YEAR_S * 1000) < STEP_MS
    assert clock.adjust() == 0


async def test_a_drift_is_followed_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, real = SystemClock(), time.time_ns
    for step in range(1, 11):
        monkeypatch.setattr(time, "time_ns", lambda step=step: real() + step * 10**9)
        assert abs(clock.wall_ms() - real() // 1_000_000 - step * 1000) < 500
        assert clock.adjust() == 0
