"""Drips in virtual time: delays, restarts, pauses, late steps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from support.desk import Desk, desk
from support.fakes import ScriptedModem

from gsmgw.audience.drips.desk import Drips
from gsmgw.audience.drips.endings import end_all
from gsmgw.audience.drips.runner import DripRunner
from gsmgw.audience.service import Audience
from gsmgw.clock import VirtualClock
from gsmgw.model import Purpose, Status
from gsmgw.model.drips import Delay, Drip, DripEnd, Step, parse_delay
from gsmgw.outbound.errors import Refusal
from gsmgw.store import drip_people

ANNA = "+4915112345671"
BERLIN = ZoneInfo("Europe/Berlin")
HOUR_S = 3600.0


def ms(text: str, zone: ZoneInfo = BERLIN) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


@pytest.mark.parametrize(
    ("delay", "since", "due"),
    [
        ("30m", "2026-11-28T10:00", "2026-11-28T10:30"),
        ("1h", "2026-11-28T23:30", "2026-11-29T00:30"),
        ("2w", "2026-11-28T10:00", "2026-12-12T10:00"),
        ("2d 09:00", "2026-11-28T10:00", "2026-11-30T09:00"),
        ("0d 09:00", "2026-11-28T08:00", "2026-11-28T09:00"),
        ("0d 09:00", "2026-11-28T09:00", "2026-11-29T09:00"),
        ("1d 09:00", "2026-10-24T10:00", "2026-10-25T09:00"),  # the night in which the clocks go back
        ("1w 7:30", "2026-11-28T10:00", "2026-12-05T07:30"),
    ],
)
def test_when_a_step_is_due(delay: str, since: str, due: str) -> None:
    assert parse_delay(delay).due_ms(ms(since), BERLIN) == ms(due)


@pytest.mark.parametrize("text", ["", "soon", "1", "1y", "-1h", "1h 09:00", "2d 25:00", "2d 9", "9999d", "1٣h"])
def test_what_is_not_a_delay(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a valid|is longer than"):
        parse_delay(text)


class Place:
    """A queue over one modem, with drips, in virtual time."""

    def __init__(self, desk: Desk, clock: VirtualClock) -> None:
        self.desk, self.clock = desk, clock
        audience = Audience(desk.store, clock, lambda: "DE")
        self.drips = Drips(desk.store, clock, audience, desk.service, lambda: "DE")
        self.runner = DripRunner(desk.store, clock, audience, desk.service, self.drips)

    async def pass_hours(self, hours: float) -> None:
        """Let time pass with the gateway on: the runner steps when something is due, and every hour."""
        end = self.clock.monotonic() + hours * HOUR_S
        while True:
            await self.runner.step()
            await self.desk.quiet()
            left_s = end - self.clock.monotonic()
            if left_s <= 0:
                return
            await self.clock.advance(min([left_s, HOUR_S, *await self._due_in_s()]))

    async def _due_in_s(self) -> list[float]:
        """Return in how many seconds steps are due; those of a paused drip may be due already."""
        return [
            seconds
            for counted in await self.drips.all()
            for each in await self.drips.people(counted.saved.drip.name, "", 100, active=True)
            if (seconds := (each.follower.due_ms - self.clock.wall_ms()) / 1000) > 0
        ]

    async def sent(self) -> list[str]:
        rows = await self.desk.store.read(
            lambda db: db.execute("SELECT text FROM messages WHERE direction = 'outbound' ORDER BY id").fetchall()
        )
        return [row[0] for row in rows]


@asynccontextmanager
async def place(directory: Path, clock: VirtualClock | None = None) -> AsyncIterator[Place]:
    clock = clock or VirtualClock(ms("2026-11-28T10:00"))
    async with desk(directory, ScriptedModem("m"), clock=clock) as found:
        yield Place(found, clock)


def drip(*steps: tuple[str, str], **rest: object) -> Drip:
    return Drip("D", tuple(Step(*each) for each in steps), **{"purpose": Purpose.TRANSACTIONAL, **rest})  # type: ignore[arg-type]


async def test_each_step_is_sent_once_at_its_time(tmp_path: Path) -> None:
    async with place(tmp_path) as at:
        await at.drips.create(drip(("1h", "one"), ("1d 09:00", "two"), ("0m", "three")))
        assert await at.drips.enroll("d", [ANNA], None, None) == 1
        assert await at.drips.enroll("d", [ANNA], None, None) == 0
        await at.pass_hours(0.9)
        assert await at.sent() == []
        await at.pass_hours(0.2)
        assert await at.sent() == ["one"]
        await at.pass_hours(21.7)  # 08:48 on the next day
        assert await at.sent() == ["one"]
        await at.pass_hours(0.5)
        assert await at.sent() == ["one", "two", "three"]
        (stands,) = await at.drips.of(ANNA)
        assert stands.follower.reason is DripEnd.FINISHED


async def test_what_fell_due_while_the_gateway_was_off_is_sent_once(tmp_path: Path) -> None:
    clock = VirtualClock(ms("2026-11-28T10:00"))
    async with place(tmp_path, clock) as at:
        await at.drips.create(drip(("1h", "one"), ("1h", "two"), ("1h", "three")))
        await at.drips.enroll("d", [ANNA], None, None)
        await at.runner.step()
    await clock.advance(5 * HOUR_S)
    async with place(tmp_path, clock) as at:
        await at.pass_hours(0.5)
        assert await at.sent() == ["one"]  # the others count from now: no burst
    async with place(tmp_path, clock) as at:
        await at.pass_hours(0.6)
        assert await at.sent() == ["one", "two"]


async def test_a_step_that_is_a_day_late_is_left_out(tmp_path: Path) -> None:
    clock = VirtualClock(ms("2026-11-28T10:00"))
    async with place(tmp_path, clock) as at:
        await at.drips.create(drip(("1h", "one"), ("2d", "two"), ("1h", "three")))
        await at.drips.put(Drip("Late", (Step("1h", "late"),), Purpose.TRANSACTIONAL, late_hours=0))
        await at.drips.enroll("d", [ANNA], None, None)
        await at.drips.enroll("late", [ANNA], None, None)
        await at.runner.step()
    await clock.advance(48 * HOUR_S)
    async with place(tmp_path, clock) as at:
        await at.pass_hours(0.5)
        assert await at.sent() == ["late"]
        await at.pass_hours(1)  # two days after the first step was due
        assert await at.sent() == ["late", "two"]


async def test_a_pause_moves_no_times_and_what_fell_due_is_sent_at_its_time_of_the_day(tmp_path: Path) -> None:
    async with place(tmp_path) as at:
        await at.drips.create(drip(("1h", "one")))
        await at.drips.put(Drip("Clock", (Step("0d 12:00", "noon"),), Purpose.TRANSACTIONAL))
        for name in ("d", "clock"):
            await at.drips.enroll(name, [ANNA], None, None)
            await at.runner.step()
            await at.drips.pause(name)
        await at.pass_hours(72)
        assert await at.sent() == []
        for name in ("d", "clock"):
            await at.drips.resume(name)
        await at.pass_hours(1)  # from 10:00 to 11:00
        assert await at.sent() == ["one"]
        await at.pass_hours(1.1)
        assert await at.sent() == ["one", "noon"]


async def test_a_step_that_waits_is_canceled_when_the_person_answers_or_the_drip_is_deleted(tmp_path: Path) -> None:
    async with place(tmp_path) as at:
        busy: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        at.desk.modems[0].script.append(busy)
        await at.desk.send("busy", to="+4915112345699")
        for name in ("D", "E"):
            await at.drips.put(Drip(name, (Step("0m", name), Step("1h", "more")), Purpose.TRANSACTIONAL))
            await at.drips.enroll(name, [ANNA], None, None)
        await at.runner.step()
        await at.desk.quiet()
        assert await at.sent() == ["busy", "D", "E"]
        assert await at.drips.delete("E") == (1, 1)
        canceled = await at.desk.store.write(lambda tx: end_all(tx, at.clock.wall_ms(), ANNA, DripEnd.ANSWERED))
        at.desk.service.taken_back(canceled)
        busy.set_result(1)
        states = [(await at.desk.record(number)).status for number in await _ids(at)]
        assert states[1:] == [Status.CANCELED, Status.CANCELED]


async def _ids(at: Place) -> list[int]:
    rows = await at.desk.store.read(lambda db: db.execute("SELECT id FROM messages ORDER BY id").fetchall())
    return [row[0] for row in rows]


async def test_a_deleted_contact_gets_no_steps(tmp_path: Path) -> None:
    async with place(tmp_path) as at:
        audience = Audience(at.desk.store, at.clock, lambda: "DE")
        await audience.groups.create("New", None)
        await audience.groups.add("New", [ANNA])
        await at.drips.create(drip(("1h", "one")))
        assert await at.drips.enroll("d", [], "New", None) == 1
        await audience.contacts.delete(ANNA)
        await at.pass_hours(2)
        assert await at.sent() == []
        (stands,) = await at.drips.of(ANNA)
        assert stands.follower.reason is DripEnd.CONTACT_GONE


async def test_what_is_refused(tmp_path: Path) -> None:
    async with place(tmp_path) as at:
        with pytest.raises(Refusal, match=r"steps\.1\.delay"):
            await at.drips.create(drip(("1h", "one"), ("later", "two")))
        with pytest.raises(Refusal, match=r"steps\.0\.text"):
            await at.drips.create(drip(("1h", "Hello {{ nmae }}")))
        with pytest.raises(Refusal, match="needs the purpose"):
            await at.drips.create(drip(("1h", "one"), list="news"))
        with pytest.raises(Refusal, match="steps: give at least one"):
            await at.drips.create(drip())


async def test_a_step_is_taken_up_once_however_often_it_is_tried(tmp_path: Path) -> None:
    async with place(tmp_path) as at:
        await at.drips.create(drip(("0m", "one"), ("1h", "two")))
        await at.drips.enroll("d", [ANNA], None, None)
        now_ms = at.clock.wall_ms()
        (person,) = await at.desk.store.read(lambda db: drip_people.due(db, 1, now_ms, 10))
        other = DripRunner(
            at.desk.store, at.clock, Audience(at.desk.store, at.clock, lambda: "DE"), at.desk.service, at.drips
        )
        await asyncio.gather(at.runner.step(), other.step())
        assert await at.sent() == ["one"]
        assert await at.desk.store.write(lambda tx: drip_people.unchanged(tx, [person])) == []
        record = await at.desk.record((await _ids(at))[0])
        assert record.client_ref == f"drip:{person.id}:0"


def test_a_delay_without_a_time_of_the_day_is_plain() -> None:
    assert Delay(parse_delay("3d").after).due_ms(0, UTC) == 3 * 86_400_000
