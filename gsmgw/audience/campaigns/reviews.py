"""Predict what a campaign would do, before it starts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from gsmgw.audience.campaigns.date_triggers import next_days
from gsmgw.audience.campaigns.duration import Estimate, Task, estimate
from gsmgw.audience.campaigns.plans import Plans, next_times_ms
from gsmgw.audience.campaigns.texts import Written
from gsmgw.audience.templates import setting_of
from gsmgw.model import Priority
from gsmgw.model.campaigns import Campaign, CampaignPlan, Skipped
from gsmgw.outbound import SendingTimes
from gsmgw.outbound.limits.capacity import ModemCapacity
from gsmgw.ports import Clock
from gsmgw.prices import MICRO, Prices
from gsmgw.store import Store, campaign_occasions, campaign_recipients, consent, contacts
from gsmgw.zones import country_of_number

#: Recipients that a review looks at one by one; with more of them its figures are estimates.
REVIEWED = 2000
#: Times of the next runs that are shown.
_NEXT = 3


@dataclass(frozen=True, slots=True)
class Review:
    """A prediction of what a campaign would do. With ``estimated`` the figures come from the first recipients."""

    recipients: int
    #: Of them, those whose text may have been an opt-out: theirs waits for a person's decision.
    suspected: int
    left_out: Counter[Skipped]
    segments_least: int
    segments_most: int
    segments_total: int
    encodings: Counter[str]
    forcing: Counter[str]
    #: None if no modem can send it.
    duration: Estimate | None
    cost: float | None
    samples: list[Written]
    #: When a campaign that repeats makes its next runs.
    next_ms: list[int]
    estimated: bool


class Sending(Protocol):
    """The part of the queue that knows how much can be sent, and when."""

    @property
    def times(self) -> SendingTimes:
        """The sending hours."""

    def capacities(self) -> list[ModemCapacity]:
        """Return how much each modem can send."""

    def of_pool(self, pool: str) -> Collection[str]:
        """Return the modems of a pool."""


class Reviews:
    """Reviews campaigns."""

    def __init__(
        self, store: Store, clock: Clock, plans: Plans, sending: Sending, prices: Callable[[], Prices]
    ) -> None:
        self._store = store
        self._clock = clock
        self._plans = plans
        self._sending = sending
        self._prices = prices

    async def review(self, campaign: Campaign) -> Review:
        """Return what a campaign would do. Nothing is saved."""
        plan, now_ms = campaign.plan, self._clock.wall_ms()
        wanted = await self._plans.audience_clause(plan.audience)
        next_ms = await self._next_ms(campaign, now_ms)
        total, first = await self._store.read(lambda db: campaign_recipients.audience_sample(db, wanted, REVIEWED))
        earlier = plan.audience.unanswered
        asked = plan.audience.numbers
        if earlier is not None:
            asked += tuple(await self._store.read(lambda db: campaign_recipients.unanswered(db, earlier, "", REVIEWED)))
            quiet = await self._store.read(lambda db: campaign_recipients.count_unanswered(db, earlier))
            total += max(0, quiet - REVIEWED)
        contained = {number for _, number in first}
        numbers = [number for number in dict.fromkeys(asked) if number not in contained]
        people = [number for _, number in first] + numbers[: REVIEWED - len(first)]
        total += len(numbers)
        writer = await self._plans.writer(plan)
        exclude = await self._plans.audience_clause(plan.exclude)
        known = await self._store.read(lambda db: contacts.get_many(db, people))
        written = await asyncio.to_thread(writer.write, {number: known.get(number) for number in people}, now_ms)
        left = await self._store.read(
            lambda db: campaign_recipients.left_out(consent.on(db), campaign, exclude, people, now_ms)
        )
        reasons = {each.number: each.skipped for each in written if each.skipped is not None} | left.reasons
        found = await asyncio.to_thread(self._summed, written, reasons, len(left.suspected), total, next_ms)
        return replace(found, duration=await self._duration(plan, found, now_ms))

    async def _duration(self, plan: CampaignPlan, found: Review, now_ms: int) -> Estimate | None:
        """Return how long it takes. The hours are looked at in the zone of the first recipient."""
        capacities = self._sending.capacities()
        wanted = plan.modems or (self._sending.of_pool(plan.pool) if plan.pool is not None else None)
        modems = [each for each in capacities if wanted is None or each.name in wanted]
        times = self._sending.times if self._sending.times.applies_to(Priority.BULK) else None
        task = Task(found.recipients, found.segments_total, modems, plan.per_minute, plan.hours, times)
        number = found.samples[0].number if found.samples else ""
        local = setting_of({"number": number}, now_ms).now
        return await asyncio.to_thread(estimate, task, local)

    async def _next_ms(self, campaign: Campaign, now_ms: int) -> list[int]:
        """Return when the next runs are made; for dates of contacts, the days in the zone of the gateway."""
        plan = campaign.plan
        if not campaign.makes_runs:
            return []
        if plan.repeat is not None:
            return await next_times_ms(plan, campaign.first_ms or now_ms, now_ms, _NEXT)
        trigger = plan.trigger
        assert trigger is not None
        zone = ZoneInfo(self._plans.zone)
        now = datetime.fromtimestamp(now_ms / 1000, zone)
        values = await self._store.read(lambda db: campaign_occasions.all_dates(db, trigger.field))
        days = await asyncio.to_thread(next_days, trigger, values, now.date(), _NEXT + 1)
        moments = [datetime.combine(day, trigger.at, zone) for day in days]
        return [round(moment.timestamp() * 1000) for moment in moments if moment > now][:_NEXT]

    def _summed(
        self,
        written: Sequence[Written],
        left_out: dict[str, Skipped],
        suspected: int,
        total: int,
        next_ms: list[int],
    ) -> Review:
        texted = [each for each in written if each.number not in left_out and each.plan is not None]
        segments = [each.plan.segment_count for each in texted if each.plan is not None]
        share = total / len(written) if written else 1.0
        all_segments = round(sum(segments) * share)
        price_list = self._prices()
        prices = [price_list.of_segment(country_of_number(each.number), None) for each in texted]
        cost = None
        if prices and all(price is not None for price in prices):
            micro = sum((price or 0) * count for price, count in zip(prices, segments, strict=True))
            cost = round(micro * share / MICRO, 4)
        return Review(
            recipients=round(len(texted) * share),
            suspected=round(suspected * share),
            left_out=Counter({why: round(n * share) for why, n in Counter(left_out.values()).items()}),
            segments_least=min(segments, default=0),
            segments_most=max(segments, default=0),
            segments_total=all_segments,
            encodings=Counter(each.plan.encoding.value for each in texted if each.plan is not None),
            forcing=Counter(char for each in texted if each.plan is not None for char in each.plan.forcing),
            duration=None,
            cost=cost,
            samples=texted[:3],
            next_ms=next_ms,
            estimated=len(written) < total,
        )
