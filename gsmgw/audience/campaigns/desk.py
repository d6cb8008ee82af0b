"""Campaigns as people manage them: draft, review, start, pause, resume, cancel, results."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from gsmgw.audience.campaigns.plans import Plans, next_times_ms
from gsmgw.audience.campaigns.reviews import Review, Reviews, Sending
from gsmgw.audience.errors import Conflict, NotFound
from gsmgw.audience.questions.desk import Questions
from gsmgw.audience.service import Audience
from gsmgw.model import Status, format_id, parse_id
from gsmgw.model.campaigns import (
    Campaign,
    CampaignCounts,
    CampaignPlan,
    CampaignState,
    RecipientResult,
    VariantSums,
)
from gsmgw.model.contacts import fold
from gsmgw.outbound import MessageService
from gsmgw.ports import Clock
from gsmgw.prices import Prices
from gsmgw.store import Store, Tx, campaign_recipients, campaign_results, campaigns

#: The reason of runs that were paused together with the campaign that made them.
_WITH_PARENT = "the campaign that repeats is paused"


@dataclass(frozen=True, slots=True)
class Results:
    """How a campaign went."""

    counts: CampaignCounts
    skipped: dict[str, int]
    causes: dict[str, int]
    variants: dict[int, VariantSums]


class Campaigns:
    """Manages campaigns. ``wake`` tells the runner of a change; ``modems`` are the names that exist."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        audience: Audience,
        service: MessageService,
        modems: Collection[str],
        sending: Sending,
        prices: Callable[[], Prices],
        country: Callable[[], str | None],
        questions: Questions,
    ) -> None:
        self._store = store
        self._clock = clock
        self._service = service
        self.plans = Plans(store, audience, modems, country, questions)
        self._reviews = Reviews(store, clock, self.plans, sending, prices)
        self.wake: Callable[[], None] = lambda: None

    async def page(
        self, parent: int | None, before: int | None, limit: int, state: CampaignState | None
    ) -> list[Campaign]:
        """Return the runs of a campaign, or the campaigns that are not runs, newest first; -1: all of them."""
        return await self._store.read(lambda db: campaigns.page(db, parent, before, limit, state))

    async def get(self, campaign_id: int) -> Campaign:
        """Return a campaign. Raises :class:`NotFound`."""
        found = await self._store.read(lambda db: campaigns.get(db, campaign_id))
        if found is None:
            raise NotFound(f"the campaign {format_id(campaign_id)} does not exist")
        return found

    async def find(self, text: str) -> int:
        """Return the ID of a campaign by its ID or its name. Raises :class:`NotFound`, :class:`Conflict`."""
        number = parse_id(text)
        if number is not None and await self._store.read(lambda db: campaigns.get(db, number)) is not None:
            return number
        named = [each for each, name in await self._store.read(campaigns.names) if fold(name) == fold(text)]
        if len(named) > 1:
            raise Conflict(
                f"{len(named)} campaigns are named {text[:100]!r}: use an ID: {', '.join(map(format_id, named[:5]))}"
            )
        if not named:
            raise NotFound(f"the campaign {text[:64]!r} does not exist")
        return named[0]

    async def runs(self, campaign_id: int) -> list[Campaign]:
        """Return the campaigns that a campaign made, newest first. Raises :class:`NotFound`."""
        await self.get(campaign_id)
        return await self._store.read(lambda db: campaigns.page(db, campaign_id))

    async def review(self, campaign_id: int) -> Review:
        """Return what a campaign would do. Nothing is saved."""
        return await self._reviews.review(await self.get(campaign_id))

    async def create(self, name: str, plan: CampaignPlan) -> Campaign:
        """Save a draft. Raises :class:`Refusal`."""
        plan = await self.plans.checked(plan)
        now_ms = self._clock.wall_ms()
        campaign_id = self._store.ids.next(now_ms)
        await self._store.write(lambda tx: campaigns.create(tx, now_ms, campaign_id, name, plan))
        return await self.get(campaign_id)

    async def change(self, campaign_id: int, name: str, plan: CampaignPlan) -> Campaign:
        """Change a campaign. While it runs: hours, pace, modems, pool and name only. Raises :class:`Conflict`."""
        plan = await self.plans.checked(plan)
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> None:
            campaign = _loaded(tx, campaign_id)
            if campaign.state in (CampaignState.FINISHED, CampaignState.CANCELED):
                raise Conflict(f"the campaign is {campaign.state.value} and cannot be changed")
            if campaign.state is not CampaignState.DRAFT and _content(plan) != _content(campaign.plan):
                more = "" if campaign.state is not CampaignState.SCHEDULED else ". To change them, unschedule it first"
                raise Conflict(
                    f"after the start, audience and text cannot be changed; pace, hours and modems can{more}"
                )
            campaigns.update(tx, now_ms, campaign_id, name, plan)

        await self._store.write(write)
        self.wake()
        return await self.get(campaign_id)

    async def delete(self, campaign_id: int) -> None:
        """Delete a campaign that does not run. Its messages stay."""

        def write(tx: Tx) -> None:
            campaign = _loaded(tx, campaign_id)
            if campaign.state in (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.SCHEDULED):
                raise Conflict(f"the campaign is {campaign.state.value}: cancel it first")
            campaigns.delete(tx, campaign_id)

        await self._store.write(write)

    async def start(self, campaign_id: int, at_ms: int | None) -> Campaign:
        """Start a draft, now or at a time. Raises :class:`Conflict`, :class:`Refusal`."""
        campaign = await self.get(campaign_id)
        await self.plans.checked(campaign.plan)  # a group or a field may have been deleted since
        now_ms = self._clock.wall_ms()
        first_ms = now_ms if at_ms is None else max(now_ms, at_ms)
        if campaign.makes_runs:
            at_ms = await _first_run_ms(campaign.plan, first_ms)
        later = at_ms is not None and (at_ms > now_ms or campaign.makes_runs)

        def write(tx: Tx) -> None:
            loaded = _loaded(tx, campaign_id)
            if loaded.state is not CampaignState.DRAFT:
                raise Conflict(f"the campaign is {loaded.state.value}: only a draft can be started")
            campaigns.set_state(
                tx, now_ms, loaded, CampaignState.SCHEDULED if later else CampaignState.RUNNING, at_ms=at_ms
            )
            if campaign.makes_runs:
                campaigns.begin_repeating(tx, campaign_id, first_ms)
            else:
                campaigns.begin_building(tx, campaign_id)

        await self._store.write(write)
        self.wake()
        return await self.get(campaign_id)

    async def pause(self, campaign_id: int, reason: str | None = None) -> Campaign:
        """Pause a campaign. Texts that have not begun to leave are taken back, and are sent after a resume."""
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> list[tuple[int, str]]:
            campaign = _loaded(tx, campaign_id)
            if campaign.state is CampaignState.SCHEDULED and not campaign.makes_runs:
                raise Conflict("the campaign is scheduled: only a running one can be paused. To stop it, unschedule it")
            if not campaigns.set_state(tx, now_ms, campaign, CampaignState.PAUSED, reason=reason):
                raise Conflict(f"the campaign is {campaign.state.value}: only a running one can be paused")
            taken = campaign_recipients.take_back(tx, now_ms, campaign_id)
            for run in campaigns.load_runs(tx, campaign_id):
                if campaigns.set_state(tx, now_ms, run, CampaignState.PAUSED, reason=_WITH_PARENT):
                    taken += campaign_recipients.take_back(tx, now_ms, run.id)
            return taken

        await self._store.write(write, self._service.taken_back)
        return await self.get(campaign_id)

    async def resume(self, campaign_id: int) -> Campaign:
        """Go on with a paused campaign. One that repeats goes on with its next time."""
        now_ms, found = self._clock.wall_ms(), await self.get(campaign_id)
        next_ms = await _next_run_ms(found, now_ms) if found.makes_runs else None

        def write(tx: Tx) -> None:
            campaign = _loaded(tx, campaign_id)
            if campaign.state is not CampaignState.PAUSED:
                raise Conflict(f"the campaign is {campaign.state.value}: only a paused one can be resumed")
            if campaign.makes_runs:
                campaigns.set_state(tx, now_ms, campaign, CampaignState.SCHEDULED, at_ms=next_ms)
            else:
                campaigns.watch_from(tx, campaign_id)
                campaigns.set_state(tx, now_ms, campaign, CampaignState.RUNNING)
            for run in campaigns.load_runs(tx, campaign_id):
                if run.state is CampaignState.PAUSED and run.reason == _WITH_PARENT:
                    campaigns.set_state(tx, now_ms, run, CampaignState.RUNNING)

        await self._store.write(write)
        self.wake()
        return await self.get(campaign_id)

    async def cancel(self, campaign_id: int) -> Campaign:
        """End a campaign, and the runs that it made. Texts that have not begun to leave are not sent."""
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> list[tuple[int, str]]:
            campaign = _loaded(tx, campaign_id)
            if not campaigns.set_state(tx, now_ms, campaign, CampaignState.CANCELED):
                raise Conflict(f"the campaign is {campaign.state.value} and cannot be canceled")
            taken = campaign_recipients.take_back(tx, now_ms, campaign_id)
            campaign_recipients.skip_waiting(tx, campaign_id)
            for run in campaigns.load_runs(tx, campaign_id):
                if campaigns.set_state(tx, now_ms, run, CampaignState.CANCELED):
                    taken += campaign_recipients.take_back(tx, now_ms, run.id)
                    campaign_recipients.skip_waiting(tx, run.id)
            return taken

        await self._store.write(write, self._service.taken_back)
        return await self.get(campaign_id)

    async def unschedule(self, campaign_id: int) -> Campaign:
        """Make a scheduled campaign a draft again, which can be changed. Runs that it made go on."""
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> None:
            campaign = _loaded(tx, campaign_id)
            paused = campaign.state is CampaignState.PAUSED and campaign.makes_runs
            if campaign.state is not CampaignState.SCHEDULED and not paused:
                raise Conflict(f"the campaign is {campaign.state.value}: only a scheduled one can be a draft again")
            campaigns.set_state(tx, now_ms, campaign, CampaignState.DRAFT)
            campaigns.unschedule(tx, campaign_id)

        await self._store.write(write)
        return await self.get(campaign_id)

    async def retry_failed(self, campaign_id: int) -> tuple[Campaign, int]:
        """Text those again whose message failed. Return how many."""
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> int:
            campaign = _loaded(tx, campaign_id)
            if campaign.state not in (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.FINISHED):
                raise Conflict(f"the campaign is {campaign.state.value}: nobody was texted")
            again = campaign_recipients.retry_failed(tx, campaign_id)
            if again and campaign.state is CampaignState.FINISHED:
                campaigns.watch_from(tx, campaign_id)
                campaigns.set_state(tx, now_ms, campaign, CampaignState.RUNNING)
            return again

        again = await self._store.write(write)
        self.wake()
        return await self.get(campaign_id), again

    async def counts(self, campaign: Campaign) -> CampaignCounts:
        """Return how many recipients are where."""
        return await self._store.read(lambda db: campaign_results.counts(db, campaign))

    async def results(self, campaign_id: int) -> Results:
        """Return how a campaign went."""
        campaign = await self.get(campaign_id)
        return Results(
            await self.counts(campaign),
            await self._store.read(lambda db: campaign_results.skipped_by_reason(db, campaign_id)),
            await self._store.read(lambda db: campaign_results.failures_by_cause(db, campaign_id)),
            await self._store.read(lambda db: campaign_results.by_variant(db, campaign_id)),
        )

    async def recipient_results(self, campaign_id: int, after: str, limit: int) -> list[RecipientResult]:
        """Return how a campaign went for its recipients, by number, after a number."""
        return await self._store.read(lambda db: campaign_results.recipient_results(db, campaign_id, after, limit))

    async def recipients(
        self,
        campaign_id: int,
        after: str,
        limit: int,
        state: str | None = None,
        reason: str | None = None,
        status: Status | None = None,
    ) -> list[campaign_recipients.Recipient]:
        """Return recipients by number; ``status`` is that of their message."""
        await self.get(campaign_id)
        return await self._store.read(
            lambda db: campaign_recipients.recipients(db, campaign_id, after, limit, state, reason, status)
        )


def _loaded(tx: Tx, campaign_id: int) -> Campaign:
    campaign = campaigns.load(tx, campaign_id)
    if campaign is None:
        raise NotFound(f"the campaign {format_id(campaign_id)} does not exist")
    return campaign


def _content(plan: CampaignPlan) -> tuple[object, ...]:
    return (
        plan.audience, plan.variants, plan.template, plan.exclude, plan.list, plan.repeat, plan.time_zone, plan.trigger,
        plan.ask,
    )  # fmt: skip


async def _first_run_ms(plan: CampaignPlan, first_ms: int) -> int:
    """Return when a campaign makes its first run. Raises :class:`Refusal` if it makes none."""
    if plan.trigger is not None:
        return first_ms
    whole_minute_ms = first_ms // 60_000 * 60_000
    return (await next_times_ms(plan, first_ms, whole_minute_ms - 1, 1))[0]


async def _next_run_ms(campaign: Campaign, now_ms: int) -> int:
    """Return when a paused campaign makes its next run. Raises :class:`Refusal` if it makes none."""
    if campaign.plan.trigger is not None:
        return now_ms
    return (await next_times_ms(campaign.plan, campaign.first_ms or now_ms, now_ms, 1))[0]
