"""Checks the plans of campaigns, and gives their audience and texts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

from gsmgw.audience.campaigns.recurrence import RepeatError, parse_repeat
from gsmgw.audience.campaigns.texts import Writer
from gsmgw.audience.field_values import nearest
from gsmgw.audience.questions.desk import Questions
from gsmgw.audience.service import Audience
from gsmgw.model import EVERYTHING
from gsmgw.model.campaigns import Audience as Recipients
from gsmgw.model.campaigns import CampaignPlan, DateTrigger, Exclusions, Variant
from gsmgw.model.contacts import FieldType
from gsmgw.numbers import NumberError, parse_recipient
from gsmgw.outbound.errors import Refusal
from gsmgw.store import Store, campaigns, consent, consent_lists, contact_fields, drips
from gsmgw.store.contacts import Clause
from gsmgw.templates import TemplateError
from gsmgw.wire.problems import ProblemCode
from gsmgw.zones import is_zone, zones_of_country

_NOBODY: Clause = ("0", ())


class Plans:
    """Checks and reads plans. ``modems`` are the names that exist, ``country`` is the gateway's."""

    def __init__(
        self,
        store: Store,
        audience: Audience,
        modems: Collection[str],
        country: Callable[[], str | None],
        questions: Questions,
    ) -> None:
        self._store = store
        self._audience = audience
        self._modems = modems
        self._country = country
        self._questions = questions

    @property
    def zone(self) -> str:
        """The time zone of the gateway: that of its country."""
        country = self._country()
        return zones_of_country(country)[0].key if country else "UTC"

    async def audience_clause(self, people: Recipients | Exclusions) -> Clause:
        """Return the condition for the contacts of groups and a segment."""
        clauses = [await self._audience.groups.members(name) for name in people.groups]
        if people.segment is not None:
            place = "exclude" if isinstance(people, Exclusions) else "audience"
            clauses.append(await self._audience.segments.clause(people.segment, f"{place}.segment"))
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
            place = await asyncio.to_thread(_place_of_error, plan, variants, fields)
            raise Refusal(ProblemCode.INVALID_TEMPLATE, place, str(exc)) from None

    async def checked(self, plan: CampaignPlan) -> CampaignPlan:
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
        await self._check_earlier(plan)
        if plan.trigger is not None:
            await self._check_trigger(plan, plan.trigger)
        return replace(
            plan,
            audience=replace(plan.audience, numbers=await asyncio.to_thread(self._numbers, "audience", plan.audience)),
            exclude=replace(plan.exclude, numbers=await asyncio.to_thread(self._numbers, "exclude", plan.exclude)),
            time_zone=await asyncio.to_thread(self._zone, plan),
        )

    async def _check_drip(self, name: str | None) -> None:
        if name is not None and await self._store.read(partial(drips.get, name=name)) is None:
            raise Refusal(ProblemCode.INVALID_REQUEST, "drip", f"the drip {name[:100]!r} does not exist")

    async def _check_earlier(self, plan: CampaignPlan) -> None:
        earlier = plan.audience.unanswered
        if earlier is None:
            return
        if await self._store.read(lambda db: campaigns.get(db, earlier)) is None:
            raise Refusal(ProblemCode.INVALID_REQUEST, "audience.unanswered", "this campaign does not exist")
        if plan.trigger is not None:
            raise Refusal(ProblemCode.INVALID_REQUEST, "audience.unanswered", "cannot be used with date_trigger")

    def _zone(self, plan: CampaignPlan) -> str | None:
        """Return the zone of a campaign that makes others: by default that of the gateway's country."""
        if plan.repeat is None:
            return None
        zone = plan.time_zone or self.zone
        if not is_zone(zone):
            detail = f"{zone[:60]!r} is not a time zone: write a name such as Europe/Berlin"
            raise Refusal(ProblemCode.INVALID_REQUEST, "time_zone", detail)
        try:
            parse_repeat(plan.repeat, zone)
        except RepeatError as exc:
            raise Refusal(ProblemCode.INVALID_REQUEST, "repeat", str(exc)) from None
        return zone

    async def _check_trigger(self, plan: CampaignPlan, trigger: DateTrigger) -> None:
        known = {field.name: field for field in await self._store.read(contact_fields.all_fields)}
        place = "date_trigger.field"
        if trigger.field not in known:
            detail = f"the field {trigger.field[:60]!r} does not exist{nearest(trigger.field, known)}"
            raise Refusal(ProblemCode.INVALID_REQUEST, place, detail)
        if (kind := known[trigger.field].type) is not FieldType.DATE:
            detail = f"the field {trigger.field!r} has the type {kind.value}: use a field of the type date"
            raise Refusal(ProblemCode.INVALID_REQUEST, place, detail)
        if plan.audience.numbers:
            detail = "numbers have no date: use groups or a segment with date_trigger"
            raise Refusal(ProblemCode.INVALID_REQUEST, "audience.numbers", detail)
        hours = plan.hours
        if hours is not None and not hours.allows(hours.days[0] if hours.days else 0, trigger.at):
            detail = f"{trigger.at:%H:%M} is outside windows.hours, {hours.since:%H:%M}-{hours.until:%H:%M}"
            raise Refusal(ProblemCode.INVALID_REQUEST, "date_trigger.at", detail)

    def _numbers(self, place: str, people: Recipients | Exclusions) -> tuple[str, ...]:
        numbers: dict[str, None] = {}
        for at, text in enumerate(people.numbers):
            try:
                numbers[parse_recipient(text, self._country())] = None
            except NumberError as exc:
                raise Refusal(ProblemCode.INVALID_NUMBER, f"{place}.numbers.{at}", f"{text!r} {exc}") from None
        return tuple(numbers)


async def next_times_ms(plan: CampaignPlan, first_ms: int, after_ms: int, most: int) -> list[int]:
    """Return the next times of a repetition; COUNT counts from ``first_ms``. Raises :class:`Refusal` for none."""
    repeat = parse_repeat(plan.repeat or "", plan.time_zone or "UTC")
    found = await asyncio.to_thread(lambda: list(islice(repeat.times_ms(first_ms, after_ms), most)))
    if not found:
        raise Refusal(ProblemCode.INVALID_REQUEST, "repeat", "this repetition has no time in the future")
    return found


def _place_of_error(plan: CampaignPlan, variants: Sequence[Variant], fields: frozenset[str]) -> str:
    """Return which text of a campaign is not valid."""
    if plan.template is not None:
        return "template"
    for at, variant in enumerate(variants if len(variants) > 1 else ()):
        try:
            Writer(plan, (variant,), fields)
        except TemplateError:
            return f"variants.{at}.text"
    return "text"
