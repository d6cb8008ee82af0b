"""Campaigns as people manage them: draft, review, start, pause, resume, cancel, results."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from gsmgw.audience.campaigns.texts import Writer, Written
from gsmgw.audience.errors import Conflict, NotFound
from gsmgw.audience.questions.desk import Questions
from gsmgw.audience.service import Audience
from gsmgw.model import EVERYTHING, format_id
from gsmgw.model.campaigns import (
    Audience as Recipients,
)
from gsmgw.model.campaigns import (
    Campaign,
    CampaignCounts,
    CampaignPlan,
    CampaignState,
    Exclusions,
    Skipped,
    Variant,
)
from gsmgw.model.contacts import fold
from gsmgw.numbers import NumberError, parse_recipient
from gsmgw.outbound import MessageService
from gsmgw.outbound.errors import Refusal
from gsmgw.ports import Clock
from gsmgw.prices import MICRO, Prices
from gsmgw.store import (
    Store,
    Tx,
    campaign_recipients,
    campaign_results,
    campaigns,
    consent,
    consent_lists,
    contacts,
    drips,
)
from gsmgw.store.contacts import Clause
from gsmgw.templates import TemplateError
from gsmgw.wire.problems import ProblemCode
from gsmgw.zones import country_of_number

#: Recipients that a review looks at one by one; with more of them its figures are estimates.
REVIEWED = 2000
#: Time of a segment on a modem, seconds: an estimate for the duration.
SEGMENT_S = 5.0
_NOBODY: Clause = ("0", ())


@dataclass(frozen=True, slots=True)
class Review:
    """What a campaign would do. With ``estimated`` the figures come from the first recipients."""

    recipients: int
    #: Of them, those whose text may have been an opt-out: theirs waits for a person's decision.
    suspected: int
    left_out: Counter[Skipped]
    segments_least: int
    segments_most: int
    segments_total: int
    encodings: Counter[str]
    forcing: Counter[str]
    duration_s: float
    cost: float | None
    samples: list[Written]
    estimated: bool


@dataclass(frozen=True, slots=True)
class Results:
    """How a campaign went."""

    counts: CampaignCounts
    skipped: dict[str, int]
    causes: dict[str, int]
    variants: dict[int, tuple[int, int, int]]


class Campaigns:
    """Manages campaigns. ``wake`` tells the runner of a change; ``modems`` are the names that exist."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        audience: Audience,
        service: MessageService,
        modems: Collection[str],
        prices: Callable[[], Prices],
        country: Callable[[], str | None],
        questions: Questions,
    ) -> None:
        self._store = store
        self._clock = clock
        self._audience = audience
        self._service = service
        self._modems = modems
        self._prices = prices
        self._country = country
        self._questions = questions
        self.wake: Callable[[], None] = lambda: None

    async def all(self) -> list[Campaign]:
        """Return all campaigns, newest first."""
        return await self._store.read(campaigns.all_campaigns)

    async def get(self, campaign_id: int) -> Campaign:
        """Return a campaign. Raises :class:`NotFound`."""
        found = await self._store.read(lambda db: campaigns.get(db, campaign_id))
        if found is None:
            raise NotFound(f"the campaign {format_id(campaign_id)} does not exist")
        return found

    async def create(self, name: str, plan: CampaignPlan) -> Campaign:
        """Save a draft. Raises :class:`Refusal`."""
        plan = await self._checked(plan)
        now_ms = self._clock.wall_ms()
        campaign_id = self._store.ids.next(now_ms)
        await self._store.write(lambda tx: campaigns.create(tx, now_ms, campaign_id, name, plan))
        return await self.get(campaign_id)

    async def change(self, campaign_id: int, name: str, plan: CampaignPlan) -> Campaign:
        """Change a campaign. While it runs: hours, pace, modems, pool and name only. Raises :class:`Conflict`."""
        plan = await self._checked(plan)
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> None:
            campaign = _loaded(tx, campaign_id)
            if campaign.state in (CampaignState.FINISHED, CampaignState.CANCELED):
                raise Conflict(f"the campaign is {campaign.state.value} and cannot be changed")
            if campaign.state is not CampaignState.DRAFT and _content(plan) != _content(campaign.plan):
                raise Conflict("after the start, audience and text cannot be changed; pace, hours and modems can")
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
        await self._checked(campaign.plan)  # a group or a field may have been deleted since
        now_ms = self._clock.wall_ms()
        later = at_ms is not None and at_ms > now_ms

        def write(tx: Tx) -> None:
            loaded = _loaded(tx, campaign_id)
            if loaded.state is not CampaignState.DRAFT:
                raise Conflict(f"the campaign is {loaded.state.value}: only a draft can be started")
            campaigns.set_state(
                tx, now_ms, loaded, CampaignState.SCHEDULED if later else CampaignState.RUNNING, at_ms=at_ms
            )
            campaigns.begin_building(tx, campaign_id)

        await self._store.write(write)
        self.wake()
        return await self.get(campaign_id)

    async def pause(self, campaign_id: int, reason: str | None = None) -> Campaign:
        """Pause a campaign. Texts that have not begun to leave are taken back, and are sent after a resume."""
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> list[tuple[int, str]]:
            campaign = _loaded(tx, campaign_id)
            if not campaigns.set_state(tx, now_ms, campaign, CampaignState.PAUSED, reason=reason):
                raise Conflict(f"the campaign is {campaign.state.value}: only a running one can be paused")
            return campaign_recipients.take_back(tx, now_ms, campaign_id)

        self._service.taken_back(await self._store.write(write))
        return await self.get(campaign_id)

    async def resume(self, campaign_id: int) -> Campaign:
        """Go on with a paused campaign."""
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> None:
            campaign = _loaded(tx, campaign_id)
            if campaign.state is not CampaignState.PAUSED:
                raise Conflict(f"the campaign is {campaign.state.value}: only a paused one can be resumed")
            campaigns.watch_from(tx, campaign_id)
            campaigns.set_state(tx, now_ms, campaign, CampaignState.RUNNING)

        await self._store.write(write)
        self.wake()
        return await self.get(campaign_id)

    async def cancel(self, campaign_id: int) -> Campaign:
        """End a campaign. Texts that have not begun to leave are not sent."""
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> list[tuple[int, str]]:
            campaign = _loaded(tx, campaign_id)
            if not campaigns.set_state(tx, now_ms, campaign, CampaignState.CANCELED):
                raise Conflict(f"the campaign is {campaign.state.value} and cannot be canceled")
            taken = campaign_recipients.take_back(tx, now_ms, campaign_id)
            campaign_recipients.skip_waiting(tx, campaign_id)
            return taken

        self._service.taken_back(await self._store.write(write))
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

    async def recipients(
        self, campaign_id: int, after: str, limit: int, state: str | None, reason: str | None
    ) -> list[campaign_recipients.Recipient]:
        """Return recipients by number."""
        await self.get(campaign_id)
        return await self._store.read(
            lambda db: campaign_recipients.recipients(db, campaign_id, after, limit, state, reason)
        )

    # -- before the start -----------------------------------------------------------------------------------------

    async def review(self, campaign_id: int) -> Review:
        """Return what a campaign would do. Nothing is saved."""
        campaign = await self.get(campaign_id)
        plan, now_ms = campaign.plan, self._clock.wall_ms()
        wanted = await self.audience_clause(plan.audience)
        total, first = await self._store.read(lambda db: campaign_recipients.audience_sample(db, wanted, REVIEWED))
        numbers = [number for number in plan.audience.numbers if number not in {each for _, each in first}]
        people = [number for _, number in first] + numbers[: REVIEWED - len(first)]
        total += len(numbers)
        writer = await self.writer(plan)
        exclude = await self.audience_clause(plan.exclude)
        known = await self._store.read(lambda db: contacts.get_many(db, people))
        written = await asyncio.to_thread(writer.write, {number: known.get(number) for number in people}, now_ms)
        left = await self._store.read(
            lambda db: campaign_recipients.left_out(consent.on(db), campaign, exclude, people, now_ms)
        )
        reasons = {each.number: each.skipped for each in written if each.skipped is not None} | left.reasons
        return self._summed(plan, written, reasons, len(left.suspected), total)

    def _summed(
        self, plan: CampaignPlan, written: Sequence[Written], left_out: dict[str, Skipped], suspected: int, total: int
    ) -> Review:
        texted = [each for each in written if each.number not in left_out and each.plan is not None]
        segments = [each.plan.segment_count for each in texted if each.plan is not None]
        share = total / len(written) if written else 1.0
        all_segments = round(sum(segments) * share)
        speed = min((plan.per_minute or 10**9) / 60, max(1, len(plan.modems or self._modems)) / SEGMENT_S)
        prices = [self._prices().of_segment(country_of_number(each.number), None) for each in texted]
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
            duration_s=all_segments / speed,
            cost=cost,
            samples=texted[:3],
            estimated=len(written) < total,
        )

    async def audience_clause(self, people: Recipients | Exclusions) -> Clause:
        """Return the condition for the contacts of groups and a segment."""
        clauses = [await self._audience.groups.members(name) for name in people.groups]
        if people.segment is not None:
            clauses.append(await self._audience.segments.clause(people.segment))
        if not clauses:
            return _NOBODY
        condition = " OR ".join(f"({each[0]})" for each in clauses)
        return condition, tuple(value for each in clauses for value in each[1])

    async def writer(self, plan: CampaignPlan) -> Writer:
        """Return the writer of a campaign's texts. Raises :class:`Refusal` if a text is not valid."""
        fields = await self._audience.templates.known_fields()
        variants: Sequence[Variant] = plan.variants
        if plan.template is not None:
            variants = (Variant((await self._audience.templates.get(plan.template)).text),)
        try:
            return await asyncio.to_thread(Writer, plan, variants, fields)
        except TemplateError as exc:
            raise Refusal(ProblemCode.INVALID_TEMPLATE, "text", str(exc)) from None

    async def _checked(self, plan: CampaignPlan) -> CampaignPlan:
        """Check a plan; return it with its numbers in E.164. Raises :class:`Refusal`, :class:`NotFound`."""
        await self.writer(plan)
        await self.audience_clause(plan.audience)
        await self.audience_clause(plan.exclude)
        for name in plan.modems:
            if name not in self._modems:
                raise Refusal(ProblemCode.UNKNOWN_MODEM, "modems", f"the modem {name[:63]!r} does not exist")
        if plan.list is not None:
            known = await self._store.read(lambda db: consent_lists.names(consent.on(db)))
            if plan.list not in known and plan.list != EVERYTHING:
                raise Refusal(ProblemCode.UNKNOWN_LIST, "list", consent_lists.unknown(plan.list, known))
        if plan.ask is not None:
            await self._questions.check(plan.ask)
        await self._check_drip(plan.drip)
        audience = Recipients(plan.audience.groups, plan.audience.segment, self._numbers("audience", plan.audience))
        exclude = plan.exclude
        without = Exclusions(
            exclude.groups,
            exclude.segment,
            self._numbers("exclude", exclude),
            exclude.recent_hours,
            exclude.landlines,
            exclude.unconfirmed,
            exclude.max_segments,
        )
        return CampaignPlan(
            audience,
            plan.variants,
            plan.template,
            without,
            plan.list,
            plan.hours,
            plan.per_minute,
            plan.modems,
            plan.pool,
            plan.ask,
            plan.drip,
        )

    async def _check_drip(self, name: str | None) -> None:
        known = [each.drip.name for each in await self._store.read(drips.all_drips)] if name is not None else []
        if name is not None and fold(name) not in map(fold, known):
            raise Refusal(ProblemCode.INVALID_REQUEST, "drip", f"the drip {name[:100]!r} does not exist")

    def _numbers(self, place: str, people: Recipients | Exclusions) -> tuple[str, ...]:
        numbers: dict[str, None] = {}
        for at, text in enumerate(people.numbers):
            try:
                numbers[parse_recipient(text, self._country())] = None
            except NumberError as exc:
                raise Refusal(ProblemCode.INVALID_NUMBER, f"{place}.numbers.{at}", f"{text!r} {exc}") from None
        return tuple(numbers)


def _loaded(tx: Tx, campaign_id: int) -> Campaign:
    campaign = campaigns.load(tx, campaign_id)
    if campaign is None:
        raise NotFound(f"the campaign {format_id(campaign_id)} does not exist")
    return campaign


def _content(plan: CampaignPlan) -> tuple[object, ...]:
    return plan.audience, plan.variants, plan.template, plan.exclude, plan.list, plan.ask
