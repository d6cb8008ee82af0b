"""Hands the recipients of running campaigns to the queue, some at a time.

A message and the row of its recipient are written in one transaction, which looks at the state of the campaign
first: a crash neither texts anybody twice nor leaves anybody out, and a pause takes effect at once.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from functools import partial

from gsmgw.audience.campaigns.date_triggers import is_on
from gsmgw.audience.campaigns.desk import Campaigns
from gsmgw.audience.campaigns.runs import RunMaker
from gsmgw.audience.campaigns.texts import Written
from gsmgw.audience.stepping import Stepper
from gsmgw.audience.templates import setting_of, values_of
from gsmgw.errors import StoreError
from gsmgw.model import Outgoing, Priority, Purpose
from gsmgw.model.campaigns import Campaign, CampaignState, Skipped
from gsmgw.model.contacts import Contact
from gsmgw.model.rules import Hours
from gsmgw.outbound import Accepted, MessageService, Submission
from gsmgw.outbound.errors import ServiceError
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, campaign_recipients, campaign_results, campaigns, contacts, drip_people, drips
from gsmgw.store.contacts import Clause
from gsmgw.templates import Value
from gsmgw.wire.problems import ProblemCode

log = logging.getLogger(__name__)

#: Recipients that are taken up in one transaction, and contacts that become recipients in one.
PORTION = 100
BUILDING = 2000
#: At least that many messages of a campaign are in the queue, so that no modem waits.
LOOK_AHEAD = 200
#: Time between two looks at the running campaigns, seconds; with nothing to do, only at the next event.
TICK_S = 0.2
#: Time between two looks at campaigns that are scheduled, at most, seconds.
LOOK_S = 20.0
#: A campaign is paused when that many of its last messages have failed.
WATCHED, FAILURES = 100, 20


class CampaignRunner(Stepper):
    """Runs the campaigns."""

    def __init__(self, store: Store, clock: Clock, service: MessageService, desk: Campaigns) -> None:
        super().__init__("campaigns", clock)
        self._store = store
        self._service = service
        self._desk = desk
        self._runs = RunMaker(store, desk.plans)
        #: When the next recipient of a campaign with a pace is due, monotonic seconds.
        self._next_s: dict[int, float] = {}
        desk.wake = self.wake
        #: Called when somebody was enrolled in a drip.
        self.enrolled: Callable[[], None] = lambda: None

    async def step(self) -> float | None:
        """Do what is due. Return the seconds until the next step; None: wait for a change."""
        found = await self._store.read(campaigns.open_campaigns)
        if not found:
            return None
        more = False
        for campaign in found:
            try:
                more |= await self._advance(campaign)
            except StoreError:
                raise
            except ServiceError as exc:
                await self._stop(campaign, str(exc))
            except Exception as exc:
                log.exception("campaigns: %s is paused because of an internal error", campaign.name)
                await self._stop(campaign, f"internal error: {exc}")
        return 0.0 if more else self._pause_s(found)

    def _pause_s(self, found: Sequence[Campaign]) -> float:
        """Return the time until the next step: until the next start if no campaign runs."""
        if any(each.state is CampaignState.RUNNING for each in found):
            return TICK_S
        now_ms = self._clock.wall_ms()
        wait_ms = min((each.start_ms or now_ms) - now_ms for each in found)
        return min(max(wait_ms / 1000, TICK_S), LOOK_S)  # the clock may be set

    async def _stop(self, campaign: Campaign, reason: str) -> None:
        if campaign.state is CampaignState.RUNNING:
            await self._desk.pause(campaign.id, reason)

    async def _advance(self, campaign: Campaign) -> bool:
        """Do what is due for a campaign. Return True if there is more to do at once."""
        now_ms = self._clock.wall_ms()
        if campaign.makes_runs:
            await self._runs.advance(campaign, now_ms)
            return False
        if campaign.state is CampaignState.SCHEDULED:
            if campaign.start_ms is None or campaign.start_ms > now_ms:
                return False
            if not await self._store.write(lambda tx: _begin(tx, now_ms, campaign.id)):
                return False
        if campaign.built_to is not None:
            await self._build(campaign)
        failures = await self._store.read(lambda db: campaign_results.last_failures(db, campaign, WATCHED))
        if failures >= FAILURES:
            await self._stop(campaign, f"{failures} of the last {WATCHED} messages failed")
            return False
        taken = await self._take_up(campaign, now_ms)
        await self._finish(campaign, now_ms)
        return campaign.built_to is not None or taken == PORTION

    # -- the audience ---------------------------------------------------------------------------------------------

    async def _build(self, campaign: Campaign) -> None:
        """Add the next part of the audience to the recipients."""
        wanted = await self._desk.plans.audience_clause(campaign.plan.audience)
        earlier = campaign.plan.audience.unanswered
        if earlier is not None and campaign.built_to == 0:
            await self._add_unanswered(campaign.id, earlier)

        def add(tx: Tx) -> None:
            loaded = campaigns.load(tx, campaign.id)
            if loaded is None or loaded.state is not CampaignState.RUNNING or loaded.built_to is None:
                return
            if loaded.built_to == 0:
                campaign_recipients.add_numbers(tx, campaign.id, campaign.plan.audience.numbers)
            campaign_recipients.add_contacts(tx, loaded, wanted, loaded.built_to, BUILDING)

        await self._store.write(add)

    async def _add_unanswered(self, campaign_id: int, earlier: int) -> None:
        """Add those who did not answer an earlier campaign."""
        last = ""
        while True:
            found = await self._store.read(
                partial(campaign_recipients.unanswered, campaign_id=earlier, after=last, limit=BUILDING)
            )
            await self._store.write(partial(campaign_recipients.add_numbers, campaign_id=campaign_id, numbers=found))
            if len(found) < BUILDING:
                return
            last = found[-1]

    # -- the recipients -------------------------------------------------------------------------------------------

    async def _take_up(self, campaign: Campaign, now_ms: int) -> int:
        """Accept messages for the next recipients, as many as pace and look-ahead allow. Return how many were due."""
        room = LOOK_AHEAD - await self._store.read(lambda db: campaign_results.count_open(db, campaign.id))
        allowed = min(PORTION, room, self._allowed(campaign))
        if allowed <= 0:
            return 0
        waiting = await self._store.read(lambda db: campaign_recipients.waiting(db, campaign.id, now_ms, allowed))
        if not waiting:
            return 0
        writer = await self._desk.plans.writer(campaign.plan)
        exclude = await self._desk.plans.audience_clause(campaign.plan.exclude)
        numbers = [each.number for each in waiting]
        known = await self._store.read(lambda db: contacts.get_many(db, numbers))
        written = await asyncio.to_thread(writer.write, {number: known.get(number) for number in numbers}, now_ms)
        fresh: list[Outgoing] = []

        def accept(tx: Tx) -> int:
            fresh.clear()
            loaded = campaigns.load(tx, campaign.id)
            if loaded is None or loaded.state is not CampaignState.RUNNING:
                return 0
            fresh.extend(self._accept(tx, loaded, written, known, exclude, now_ms))
            return len(fresh)

        self._note_pace(campaign, await self._store.write(accept, lambda _: self._service.announce(fresh)))
        return len(waiting)

    def _accept(
        self,
        tx: Tx,
        campaign: Campaign,
        written: Sequence[Written],
        known: dict[str, Contact],
        exclude: Clause,
        now_ms: int,
    ) -> list[Outgoing]:
        """Take up recipients in one transaction. Return the messages."""
        waiting = campaign_recipients.still_waiting(tx, campaign.id, [each.number for each in written])
        due: list[Written] = []
        left = campaign_recipients.left_out(tx.all, campaign, exclude, sorted(waiting), now_ms)
        for each in written:
            if each.number not in waiting:
                continue
            reason = left.reasons.get(each.number) or each.skipped or _outdated(campaign, known.get(each.number))
            if reason is not None:
                campaign_recipients.skip(tx, campaign.id, each.number, reason)
            elif (later_ms := opens_ms(campaign.plan.hours, each.number, known.get(each.number), now_ms)) > now_ms:
                campaign_recipients.postpone(tx, campaign.id, each.number, later_ms)
            else:
                due.append(each)
        wanted = [_submission(campaign, each, at) for at, each in enumerate(due)]
        results = self._service.accept_many(tx, now_ms, wanted)
        fresh: list[Outgoing] = []
        for each, result in zip(due, results, strict=True):
            if isinstance(result, Accepted):
                campaign_recipients.take_up(tx, campaign.id, each.number, result.message_id, each.variant)
                if result.message is not None:
                    fresh.append(result.message)
            else:
                campaign_recipients.skip(tx, campaign.id, each.number, _reason_of(result.code))
        return fresh

    def _allowed(self, campaign: Campaign) -> int:
        """Return how many recipients the pace allows now."""
        if campaign.plan.per_minute is None:
            return PORTION
        now_s, each_s = self._clock.monotonic(), 60 / campaign.plan.per_minute
        due_s = self._next_s.setdefault(campaign.id, now_s)
        # Time that was missed, during a pause for example, is not caught up.
        self._next_s[campaign.id] = due_s = max(due_s, now_s - max(1.0, each_s))
        return math.floor((now_s - due_s) / each_s) + 1 if due_s <= now_s else 0

    def _note_pace(self, campaign: Campaign, taken: int) -> None:
        if campaign.plan.per_minute is not None and taken:
            self._next_s[campaign.id] += taken * 60 / campaign.plan.per_minute

    async def _finish(self, campaign: Campaign, now_ms: int) -> None:
        """End a campaign whose recipients are all final."""
        loaded = await self._store.read(lambda db: campaigns.get(db, campaign.id))
        if loaded is None or loaded.state is not CampaignState.RUNNING or loaded.built_to is not None:
            return
        if await self._store.read(lambda db: campaign_recipients.next_time(db, campaign.id)) is not None:
            return
        if await self._store.read(lambda db: campaign_results.is_on_the_way(db, campaign.id)):
            return
        if await self._store.write(lambda tx: _finish(tx, now_ms, loaded)):
            self.enrolled()
        self._next_s.pop(campaign.id, None)


def _begin(tx: Tx, now_ms: int, campaign_id: int) -> bool:
    loaded = campaigns.load(tx, campaign_id)
    return loaded is not None and campaigns.set_state(tx, now_ms, loaded, CampaignState.RUNNING)


def _finish(tx: Tx, now_ms: int, campaign: Campaign) -> bool:
    """End a campaign, and enroll those in its drip who did not answer. Return True if somebody is new in it."""
    if not campaigns.set_state(tx, now_ms, campaign, CampaignState.FINISHED) or campaign.plan.drip is None:
        return False
    saved = drips.load(tx, campaign.plan.drip)
    return saved is not None and drip_people.enroll_texted(tx, now_ms, saved.id, campaign.id) > 0


def _outdated(campaign: Campaign, contact: Contact | None) -> Skipped | None:
    """Return the reason to leave somebody out whose date was changed since the run was made."""
    trigger, run = campaign.plan.trigger, campaign.run
    if trigger is None or run is None or run.occasion is None:
        return None
    value = None if contact is None else contact.person.fields.get(trigger.field)
    return None if is_on(trigger, value, run.occasion) else Skipped.DATE_CHANGED


def _submission(campaign: Campaign, written: Written, at: int) -> Submission:
    plan = campaign.plan
    return Submission(
        written.number,
        written.text,
        priority=Priority.BULK,
        purpose=Purpose.MARKETING,
        list=plan.list,
        modem=plan.modems[at % len(plan.modems)] if plan.modems else None,
        pool=plan.pool if not plan.modems else None,
        ask=plan.ask,
    )


def _reason_of(code: ProblemCode) -> Skipped:
    if code is ProblemCode.RECIPIENT_OPTED_OUT:
        return Skipped.OPTED_OUT
    return Skipped.INVALID_NUMBER if code is ProblemCode.INVALID_NUMBER else Skipped.REFUSED


def opens_ms(hours: Hours | None, number: str, contact: Contact | None, now_ms: int) -> int:
    """Return the next time within the hours, in the recipient's zone; now if it is within."""
    if hours is None:
        return now_ms
    values: dict[str, Value] = {"number": number} if contact is None else values_of(contact)
    local = setting_of(values, now_ms).now
    if hours.allows(local.weekday(), local.time()):
        return now_ms
    for day in range(9):
        for moment in (time(0), hours.since):
            opening = datetime.combine(local.date() + timedelta(days=day), moment, local.tzinfo)
            if opening > local and hours.allows(opening.weekday(), moment):
                return round(opening.timestamp() * 1000)
    return now_ms + 86_400_000  # days that never come, such as none
