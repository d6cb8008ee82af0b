"""Campaigns that repeat, and those on dates of contacts: each person once, whatever happens in between."""

from __future__ import annotations

from collections import Counter
from datetime import time
from pathlib import Path

import pytest
from support.campaigns import Office, at, office

from gsmgw.audience.errors import Conflict
from gsmgw.model.campaigns import Audience, CampaignPlan, CampaignState, DateTrigger, Exclusions, Variant
from gsmgw.outbound.errors import Refusal

ANNA, BEN, CLIVE = "+4915112345671", "+4915112345672", "+447911123456"
MONDAYS = "FREQ=WEEKLY;BYDAY=MO;BYHOUR=9;BYMINUTE=0;BYSECOND=0"
DAILY = "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0"
BERLIN = "Europe/Berlin"
#: A Wednesday; the clocks change on Sunday, 29 March.
NOW = "2026-03-25T12:00:00+01:00"
BIRTHDAY = DateTrigger("birthday", time(9), yearly=True)
REMINDER = DateTrigger("appointment", time(9), days_before=2)


async def names(place: Office, campaign_id: int) -> list[str]:
    return [each.name for each in reversed(await place.campaigns.runs(campaign_id))]


# -- repetitions ------------------------------------------------------------------------------------------------------


async def test_each_time_makes_a_run_of_its_own(tmp_path: Path) -> None:
    async with office(tmp_path, NOW) as place:
        await place.contact(ANNA)
        series = await place.start(repeat=MONDAYS, time_zone=BERLIN)
        assert (series.state, series.start_ms) == (CampaignState.SCHEDULED, at("2026-03-30T09:00:00+02:00"))
        await place.until("2026-03-30T08:59:59+02:00")
        assert not await place.texted()
        await place.until("2026-03-30T09:00:00+02:00")
        assert await place.texted() == Counter({ANNA: 1})
        await place.contact(BEN)  # who joins is texted from the next run on
        await place.until("2026-04-06T09:00:01+02:00")
        assert await place.texted() == Counter({ANNA: 2, BEN: 1})
        runs = await place.campaigns.runs(series.id)
        assert [(run.name, run.state, run.run and run.run.parent) for run in runs] == [
            ("Series, 2026-04-06 09:00", CampaignState.FINISHED, series.id),
            ("Series, 2026-03-30 09:00", CampaignState.FINISHED, series.id),
        ]
        counts = await place.campaigns.counts(await place.campaigns.get(series.id))
        assert (counts.total, counts.sent) == (3, 3)


async def test_of_missed_times_one_run_is_made(tmp_path: Path) -> None:
    async with office(tmp_path, NOW) as place:
        await place.contact(ANNA)
        series = (await place.start(repeat=MONDAYS, time_zone=BERLIN)).id
    async with office(tmp_path, "2026-04-22T12:00:00+02:00", new=False) as place:  # four Mondays later
        await place.step()
        assert await names(place, series) == ["Series, 2026-04-20 09:00"]
        assert await place.texted() == Counter({ANNA: 1})
        assert (await place.campaigns.get(series)).start_ms == at("2026-04-27T09:00:00+02:00")


async def test_a_run_that_was_made_up_for_and_the_next_one_text_nobody_twice(tmp_path: Path) -> None:
    async with office(tmp_path, NOW) as place:
        await place.contact(ANNA)
        await place.start(repeat=DAILY, time_zone=BERLIN)
    async with office(tmp_path, "2026-03-27T08:59:00+01:00", new=False) as place:
        await place.step()
        await place.until("2026-03-27T09:00:00+01:00")
        assert await place.texted() == Counter({ANNA: 1})
        await place.until("2026-03-28T09:00:00+01:00")  # a day apart: both
        await place.until("2026-03-29T09:00:00+02:00")
        assert await place.texted() == Counter({ANNA: 3})


@pytest.mark.parametrize("end", ["COUNT=2", "UNTIL=20260406", "UNTIL=20260406T070000Z"])
async def test_a_repetition_ends(tmp_path: Path, end: str) -> None:
    async with office(tmp_path, NOW) as place:
        await place.contact(ANNA)
        series = (await place.start(repeat=f"{MONDAYS};{end}", time_zone=BERLIN)).id
        await place.until("2026-03-30T09:00:00+02:00")
        assert (await place.campaigns.get(series)).state is CampaignState.SCHEDULED
        await place.until("2026-04-06T09:00:00+02:00")
        assert (await place.campaigns.get(series)).state is CampaignState.FINISHED
        await place.until("2026-04-13T09:00:00+02:00")
        assert await place.texted() == Counter({ANNA: 2})


async def test_the_first_run_is_not_before_the_start(tmp_path: Path) -> None:
    async with office(tmp_path, NOW) as place:
        series = await place.start("2026-05-01T00:00:00+02:00", repeat=MONDAYS, time_zone=BERLIN)
        assert series.start_ms == at("2026-05-04T09:00:00+02:00")
        review = await place.campaigns.review(series.id)
        assert review.next_ms[0] == series.start_ms
        assert len(review.next_ms) == 3


async def test_pause_resume_and_cancel_hold_for_the_runs_too(tmp_path: Path) -> None:
    async with office(tmp_path, NOW) as place:
        for number in (ANNA, BEN):
            await place.contact(number)
        series = (await place.start(repeat=MONDAYS, time_zone=BERLIN, per_minute=1)).id
        await place.until("2026-03-30T09:00:00+02:00")
        assert (await place.texted()).total() == 1
        assert (await place.campaigns.pause(series)).state is CampaignState.PAUSED
        (run,) = await place.campaigns.runs(series)
        assert run.state is CampaignState.PAUSED
        await place.until("2026-04-14T12:00:00+02:00")
        assert (await place.texted()).total() == 1
        resumed = await place.campaigns.resume(series)
        assert (resumed.state, resumed.start_ms) == (CampaignState.SCHEDULED, at("2026-04-20T09:00:00+02:00"))
        await place.until("2026-04-14T12:02:00+02:00")
        assert await place.texted() == Counter({ANNA: 1, BEN: 1})
        await place.until("2026-04-20T09:00:00+02:00")
        assert (await place.campaigns.cancel(series)).state is CampaignState.CANCELED
        assert [run.state for run in await place.campaigns.runs(series)] == [
            CampaignState.CANCELED, CampaignState.FINISHED,
        ]  # fmt: skip
        await place.until("2026-04-27T09:00:00+02:00")
        assert (await place.texted()).total() == 3


async def test_a_scheduled_campaign_becomes_a_draft_again(tmp_path: Path) -> None:
    async with office(tmp_path, NOW) as place:
        await place.contact(ANNA)
        later = await place.start("2026-04-01T09:00:00+02:00")
        with pytest.raises(Conflict, match="unschedule it first"):
            await place.campaigns.change(later.id, "Later", CampaignPlan(later.plan.audience, (Variant("New"),)))
        with pytest.raises(Conflict, match="unschedule it"):
            await place.campaigns.pause(later.id)
        draft = await place.campaigns.unschedule(later.id)
        assert (draft.state, draft.start_ms, draft.built_to) == (CampaignState.DRAFT, None, None)
        await place.campaigns.change(later.id, "Later", CampaignPlan(later.plan.audience, (Variant("New"),)))
        await place.until("2026-04-01T09:00:00+02:00")
        assert not await place.texted()
        await place.campaigns.start(later.id, None)
        await place.step()
        assert await place.texted() == Counter({ANNA: 1})
        with pytest.raises(Conflict, match="only a scheduled one"):
            await place.campaigns.unschedule(later.id)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"repeat": "FREQ=HOURLY"}, "FREQ=HOURLY is not valid"),
        ({"repeat": "FREQ=DAILY;BYEASTER=1"}, "'BYEASTER' is not supported"),
        ({"repeat": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "no time in the future"),
        ({"repeat": "FREQ=DAILY;UNTIL=20200101"}, "no time in the future"),
        ({"repeat": MONDAYS, "time_zone": "Europe/Berln"}, "'Europe/Berln' is not a time zone"),
        ({"trigger": DateTrigger("birthdy", time(9))}, "did you mean 'birthday'"),
        ({"trigger": BIRTHDAY, "audience": Audience(("All",), None, (ANNA,))}, "numbers have no date"),
    ],
)
async def test_what_never_comes_is_refused(tmp_path: Path, plan: dict[str, object], said: str) -> None:
    async with office(tmp_path, NOW) as place:
        await place.field("birthday")
        with pytest.raises(Refusal, match=said):
            await place.start(**plan)


# -- dates of contacts ------------------------------------------------------------------------------------------------


async def test_a_birthday_in_the_zone_of_each(tmp_path: Path) -> None:
    async with office(tmp_path, NOW) as place:
        await place.field("birthday")
        await place.contact(ANNA, fields={"birthday": "1980-03-27"})
        await place.contact(BEN, fields={"birthday": "1990-03-28"})
        await place.contact(CLIVE, fields={"birthday": "2001-03-27"})
        series = (await place.start(trigger=BIRTHDAY)).id
        review = await place.campaigns.review(series)
        assert review.next_ms[:2] == [at("2026-03-27T09:00:00+01:00"), at("2026-03-28T09:00:00+01:00")]
        await place.until("2026-03-27T08:59:00+01:00")
        assert not await place.texted()
        await place.until("2026-03-27T09:00:00+01:00")
        assert await place.texted() == Counter({ANNA: 1})
        await place.until("2026-03-27T09:00:00+00:00")
        assert await place.texted() == Counter({ANNA: 1, CLIVE: 1})
        await place.until("2026-03-27T23:59:00+01:00")
        await place.until("2026-03-28T12:00:00+01:00")
        assert await place.texted() == Counter({ANNA: 1, BEN: 1, CLIVE: 1})
        assert await names(place, series) == ["Series, 2026-03-27", "Series, 2026-03-27", "Series, 2026-03-28"]
        await place.until("2027-03-27T12:00:00+01:00")
        assert await place.texted() == Counter({ANNA: 2, BEN: 1, CLIVE: 2})


async def test_once_a_person_and_occasion_across_restarts(tmp_path: Path) -> None:
    async with office(tmp_path, NOW) as place:
        await place.field("birthday")
        await place.contact(ANNA, fields={"birthday": "1980-03-27"})
        await place.start(trigger=BIRTHDAY)
        await place.until("2026-03-27T09:00:00+01:00")
    for hour in (10, 15, 20):
        async with office(tmp_path, f"2026-03-27T{hour}:00:00+01:00", new=False) as place:
            await place.step()
            # Corrected after the text: not another birthday this year.
            await place.contact(ANNA, fields={"birthday": "1980-03-28" if hour == 20 else "1980-03-27"})
            await place.step()
    async with office(tmp_path, "2026-03-28T12:00:00+01:00", new=False) as place:
        await place.step()
        assert await place.texted() == Counter({ANNA: 1})


async def test_who_was_missed_is_texted_until_the_end_of_the_day(tmp_path: Path) -> None:
    async with office(tmp_path, NOW) as place:
        await place.field("birthday")
        await place.contact(ANNA, fields={"birthday": "1980-03-27"})
        await place.contact(BEN, fields={"birthday": "1980-03-26"})
        await place.start(trigger=BIRTHDAY)
    async with office(tmp_path, "2026-03-27T22:10:00+01:00", new=False) as place:
        await place.step()
        assert await place.texted() == Counter({ANNA: 1})


async def test_two_days_before_an_appointment_that_is_moved(tmp_path: Path) -> None:
    async with office(tmp_path, NOW) as place:
        await place.field("appointment")
        await place.contact(ANNA, fields={"appointment": "2026-03-28"})
        await place.contact(BEN, fields={"appointment": "2026-03-28"})
        await place.start(trigger=REMINDER)
        await place.until("2026-03-26T08:00:00+01:00")
        await place.contact(BEN, fields={"appointment": "2026-03-30"})  # before the text
        await place.until("2026-03-26T09:00:00+01:00")
        assert await place.texted() == Counter({ANNA: 1})
        await place.contact(ANNA, fields={"appointment": "2026-03-31"})  # after it: another appointment
        await place.until("2026-03-28T09:00:00+01:00")
        assert await place.texted() == Counter({ANNA: 1, BEN: 1})
        await place.until("2026-03-29T09:00:00+02:00")
        assert await place.texted() == Counter({ANNA: 2, BEN: 1})
        await place.until("2027-03-26T09:00:00+01:00")  # an appointment does not come back
        assert await place.texted() == Counter({ANNA: 2, BEN: 1})


async def test_a_date_that_is_changed_while_the_text_waits(tmp_path: Path) -> None:
    async with office(tmp_path, NOW) as place:
        await place.field("appointment")
        await place.contact(ANNA, fields={"appointment": "2026-03-28"})
        await place.contact(BEN, fields={"appointment": "2026-03-28"})
        series = (await place.start(trigger=REMINDER, per_minute=1)).id
        await place.until("2026-03-26T09:00:00+01:00")
        assert (await place.texted()).total() == 1
        (waiting,) = {ANNA, BEN} - set(await place.texted())
        await place.contact(waiting, fields={"appointment": "2026-04-28"})
        await place.until("2026-03-26T09:05:00+01:00")
        (run,) = await place.campaigns.runs(series)
        assert (await place.campaigns.results(run.id)).skipped == {"date_changed": 1}
        await place.until("2026-04-26T09:00:00+02:00")
        assert (await place.texted())[waiting] == 1


async def test_who_opted_out_or_left_the_segment_gets_no_greeting(tmp_path: Path) -> None:
    async with office(tmp_path, NOW) as place:
        await place.field("birthday")
        for number in (ANNA, BEN, CLIVE):
            await place.contact(number, fields={"birthday": "1980-03-27"})
        plan = Exclusions(numbers=(BEN,))
        await place.start(trigger=BIRTHDAY, exclude=plan, audience=Audience(segment=f'not number = "{CLIVE}"'))
        await place.until("2026-03-27T12:00:00+01:00")
        assert await place.texted() == Counter({ANNA: 1})


async def test_an_erased_person_leaves_no_occasion(tmp_path: Path) -> None:
    async with office(tmp_path, NOW) as place:
        await place.field("birthday")
        await place.contact(ANNA, fields={"birthday": "1980-03-27"})
        await place.start(trigger=BIRTHDAY)
        await place.until("2026-03-27T09:00:00+01:00")
        from gsmgw.store import campaign_recipients

        await place.store.write(lambda tx: campaign_recipients.forget(tx, ANNA))
        rows = await place.store.read(lambda db: db.execute("SELECT count(*) FROM campaign_occasions").fetchone())
        assert rows[0] == 0
