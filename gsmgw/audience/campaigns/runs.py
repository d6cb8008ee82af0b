"""Campaigns that make others: at the times of a repetition, or when dates of contacts come.

A run and the note of it are written in one transaction: a crash neither makes a run twice nor leaves one out.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import date, datetime
from itertools import islice
from zoneinfo import ZoneInfo

from gsmgw.audience.campaigns import date_triggers
from gsmgw.audience.campaigns.plans import Plans
from gsmgw.audience.campaigns.recurrence import parse_repeat
from gsmgw.audience.templates import setting_of
from gsmgw.model.campaigns import Campaign, CampaignState, DateTrigger, Run
from gsmgw.store import Store, Tx, campaign_occasions, campaigns
from gsmgw.store.campaign_occasions import Dated

#: People that are added to a run in one transaction.
PORTION = 500
#: An occasion is remembered for that many days.
_REMEMBERED_DAYS = 800


class RunMaker:
    """Makes the runs of campaigns."""

    def __init__(self, store: Store, plans: Plans) -> None:
        self._store = store
        self._plans = plans

    async def advance(self, campaign: Campaign, now_ms: int) -> None:
        """Make the run of a campaign whose time has come."""
        if campaign.start_ms is None or campaign.start_ms > now_ms:
            return
        if campaign.plan.repeat is not None:
            await self._repeat(campaign, campaign.start_ms, now_ms)
        elif campaign.plan.trigger is not None:
            await self._on_dates(campaign, campaign.plan.trigger, now_ms)

    # -- repetitions ----------------------------------------------------------------------------------------------

    async def _repeat(self, campaign: Campaign, due_ms: int, now_ms: int) -> None:
        """Make one run, also if several times have passed, and set the next time."""
        repeat = parse_repeat(campaign.plan.repeat or "", campaign.plan.time_zone or "UTC")
        first_ms = campaign.first_ms or due_ms
        last, next_ms = await asyncio.to_thread(repeat.last_ms, first_ms, due_ms - 1, now_ms)
        made_for_ms = due_ms if last is None else last
        apart_ms = campaign.plan.exclude.recent_hours * 3_600_000
        if next_ms is not None:
            apart_ms = min(apart_ms, (next_ms - made_for_ms) // 2)
        name = f"{campaign.name}, {datetime.fromtimestamp(made_for_ms / 1000, repeat.zone):%Y-%m-%d %H:%M}"
        run_id = self._store.ids.next(now_ms)

        def make(tx: Tx) -> None:
            loaded = campaigns.load(tx, campaign.id)
            if loaded is None or loaded.state is not CampaignState.SCHEDULED or loaded.start_ms != due_ms:
                return  # changed meanwhile
            campaigns.create_run(tx, now_ms, run_id, name, loaded, Run(loaded.id, apart_ms=apart_ms), whole=True)
            campaigns.set_next(tx, loaded.id, next_ms)
            if next_ms is None:
                campaigns.set_state(tx, now_ms, loaded, CampaignState.FINISHED)

        await self._store.write(make)

    # -- dates of contacts ----------------------------------------------------------------------------------------

    async def _on_dates(self, campaign: Campaign, trigger: DateTrigger, now_ms: int) -> None:
        """Make a run for those whose time has come, and set when to look next."""
        wanted = await self._plans.audience_clause(campaign.plan.audience)
        values = date_triggers.values_near(trigger, now_ms)
        found = await self._store.read(lambda db: campaign_occasions.with_dates(db, wanted, trigger.field, values))
        due = await asyncio.to_thread(_due, trigger, found, now_ms)
        for occasion, people in due.items():
            await self._make_runs(campaign, trigger, occasion, people, now_ms)
        next_ms = date_triggers.next_look_ms(trigger, now_ms)
        old = date.fromordinal(datetime.fromtimestamp(now_ms / 1000, ZoneInfo("UTC")).toordinal() - _REMEMBERED_DAYS)

        def set_next(tx: Tx) -> None:
            campaign_occasions.prune(tx, campaign.id, old.isoformat())
            loaded = campaigns.load(tx, campaign.id)
            if loaded is not None and loaded.state is CampaignState.SCHEDULED:
                campaigns.set_next(tx, campaign.id, next_ms)

        await self._store.write(set_next)

    async def _make_runs(
        self, campaign: Campaign, trigger: DateTrigger, occasion: date, people: list[Dated], now_ms: int
    ) -> None:
        """Make a run for the people who were not texted for an occasion."""
        key = date_triggers.occasion_key(trigger, occasion)
        fresh = await self._store.read(
            lambda db: campaign_occasions.not_yet_texted(db, campaign.id, [(each.number, key) for each in people])
        )
        waiting = iter([each for each in people if each.number in fresh])
        run_id = self._store.ids.next(now_ms)
        while portion := list(islice(waiting, PORTION)):

            def make(tx: Tx, portion: list[Dated] = portion) -> None:
                loaded = campaigns.load(tx, campaign.id)
                if loaded is None or loaded.state is not CampaignState.SCHEDULED:
                    return
                new = [each for each in portion if campaign_occasions.note(tx, campaign.id, each.number, key)]
                if not new:
                    return
                if campaigns.load(tx, run_id) is None:
                    name, run = f"{campaign.name}, {occasion}", Run(campaign.id, occasion)
                    campaigns.create_run(tx, now_ms, run_id, name, loaded, run, whole=False)
                for each in new:
                    campaign_occasions.add_recipient(tx, run_id, each.number, each.contact_id)

            await self._store.write(make)


def _due(trigger: DateTrigger, found: list[Dated], now_ms: int) -> dict[date, list[Dated]]:
    """Return the people whose time has come where they are, by their occasion."""
    due: defaultdict[date, list[Dated]] = defaultdict(list)
    for each in found:
        local = setting_of({"number": each.number, "time_zone": each.time_zone}, now_ms).now
        occasion = date_triggers.due_occasion(trigger, each.value, local)
        if occasion is not None:
            due[occasion].append(each)
    return due
