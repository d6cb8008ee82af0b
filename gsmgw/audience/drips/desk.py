"""Drips as people manage them: save, enroll, look at, pause, resume, remove, delete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from gsmgw.audience.errors import Conflict, NotFound
from gsmgw.audience.service import Audience
from gsmgw.model import EVERYTHING, Purpose
from gsmgw.model.drips import Drip, DripEnd, Follower, SavedDrip, parse_delay
from gsmgw.numbers import NumberError, parse_recipient
from gsmgw.outbound import MessageService
from gsmgw.outbound.errors import Refusal
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, consent, consent_lists, drip_people, drips
from gsmgw.store.contacts import Clause
from gsmgw.wire.problems import ProblemCode

#: Maximum numbers of drips, and of steps of one.
MAX_DRIPS = 200
MAX_STEPS = 50
#: Contacts that are enrolled in one transaction.
PORTION = 1000


@dataclass(frozen=True, slots=True)
class CountedDrip:
    """A drip with the number of people: active ones, and those who have left it by reason."""

    saved: SavedDrip
    active: int
    ended: dict[str, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person stands in a drip."""

    saved: SavedDrip
    follower: Follower


class Drips:
    """Manages drips. ``wake`` tells the runner of a change."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        audience: Audience,
        service: MessageService,
        country: Callable[[], str | None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._audience = audience
        self._service = service
        self._country = country
        self.wake: Callable[[], None] = lambda: None

    async def all(self) -> list[CountedDrip]:
        """Return all drips by name."""
        found = await self._store.read(drips.all_drips)
        numbers = await self._store.read(drips.counts)
        return [_counted(saved, numbers.get(saved.id, {})) for saved in found]

    async def get(self, name: str) -> SavedDrip:
        """Return a drip. Raises :class:`NotFound`."""
        found = await self._store.read(lambda db: drips.get(db, name))
        if found is None:
            raise unknown(name)
        return found

    async def counted(self, name: str) -> CountedDrip:
        """Return a drip with its numbers of people. Raises :class:`NotFound`."""
        saved = await self.get(name)
        return _counted(saved, (await self._store.read(drips.counts)).get(saved.id, {}))

    async def create(self, drip: Drip) -> CountedDrip:
        """Save a new drip. Raises :class:`Refusal`, :class:`Conflict`."""
        return (await self._save(drip, replaces=False))[0]

    async def put(self, drip: Drip) -> tuple[CountedDrip, bool]:
        """Save a drip; return it, and True for a new one. People in it stay at their step. Raises :class:`Refusal`."""
        return await self._save(drip, replaces=True)

    async def _save(self, drip: Drip, *, replaces: bool) -> tuple[CountedDrip, bool]:
        await self._check(drip)
        drip = replace(drip, list=None if drip.list == EVERYTHING else drip.list)
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> bool:
            new = drips.load(tx, drip.name) is None
            if not new and not replaces:
                raise Conflict(f"a drip named {drip.name!r} exists already")
            if new and drips.count(tx) >= MAX_DRIPS:
                raise Conflict(f"there are {MAX_DRIPS} drips already, the maximum")
            drips.save(tx, now_ms, drip)
            return new

        new = await self._store.write(write)
        self.wake()
        return await self.counted(drip.name), new

    async def _check(self, drip: Drip) -> None:
        if not drip.steps or len(drip.steps) > MAX_STEPS:
            raise Refusal(ProblemCode.INVALID_REQUEST, "steps", f"give at least one step and at most {MAX_STEPS}")
        for at, step in enumerate(drip.steps):
            try:
                parse_delay(step.delay)
            except ValueError as exc:
                raise Refusal(ProblemCode.INVALID_REQUEST, f"steps.{at}.delay", str(exc)) from None
            source = step.text
            if step.template is not None:
                source = (await self._audience.templates.get(step.template)).text
            try:
                await self._audience.templates.check(source)
            except Refusal as exc:
                raise Refusal(exc.code, f"steps.{at}.text", exc.detail) from None
        if drip.list is not None and drip.list != EVERYTHING:
            if drip.purpose is not Purpose.MARKETING:
                raise Refusal(ProblemCode.INVALID_REQUEST, "list", 'needs the purpose "marketing"')
            known = await self._store.read(lambda db: consent_lists.names(consent.on(db)))
            if drip.list not in known:
                raise Refusal(ProblemCode.UNKNOWN_LIST, "list", consent_lists.unknown(drip.list, known))

    # -- the people -----------------------------------------------------------------------------------------------

    async def enroll(self, name: str, numbers: Sequence[str], group: str | None, segment: str | None) -> int:
        """Enroll numbers, the members of a group or the contacts of a segment. Return how many are new in the drip.

        Who is in it stays at the present step; who has left it begins again. Raises :class:`Refusal`.
        """
        saved = await self.get(name)
        wanted = self._numbers(numbers)
        clauses: list[Clause] = []
        if group is not None:
            clauses.append(await self._audience.groups.members(group))
        if segment is not None:
            clauses.append(await self._audience.segments.clause(segment))
        added = await self._enroll(saved, wanted) if wanted else 0
        for clause in clauses:
            added += await self._enroll_contacts(saved, clause)
        self.wake()
        return added

    async def _enroll_contacts(self, saved: SavedDrip, clause: Clause) -> int:
        added, after = 0, 0
        while page := await self._store.read(
            partial(drip_people.next_numbers, wanted=clause, after=after, limit=PORTION)
        ):
            added += await self._enroll(saved, [number for _, number in page])
            after = page[-1][0]
        return added

    async def _enroll(self, saved: SavedDrip, numbers: Sequence[str]) -> int:
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> int:
            if drips.load(tx, saved.drip.name) is None:
                raise unknown(saved.drip.name)
            return drip_people.enroll(tx, now_ms, saved.id, numbers, "api", again=True)

        return await self._store.write(write)

    def _numbers(self, numbers: Sequence[str]) -> list[str]:
        found: dict[str, None] = {}
        for at, text in enumerate(numbers):
            found[self._number(text, f"numbers.{at}")] = None
        return list(found)

    def _number(self, text: str, place: str) -> str:
        try:
            return parse_recipient(text, self._country())
        except NumberError as exc:
            raise Refusal(ProblemCode.INVALID_NUMBER, place, f"{text!r} {exc}") from None

    async def people(self, name: str, after: str, limit: int, *, active: bool | None) -> list[Standing]:
        """Return people of a drip by number."""
        saved = await self.get(name)
        found = await self._store.read(lambda db: drip_people.page(db, saved.id, after, limit, active))
        return [Standing(saved, each) for each in found]

    async def of(self, number: str) -> list[Standing]:
        """Return in which drips a number is or was, newest first."""
        found = await self._store.read(lambda db: drip_people.of_number(db, number))
        known = {saved.id: saved for saved in await self._store.read(drips.all_drips)}
        return [Standing(known[each.drip_id], each) for each in found if each.drip_id in known]

    async def remove(self, name: str, number: str) -> None:
        """Let a person get no further steps; a step that waits in the queue is canceled. Raises :class:`NotFound`."""
        saved = await self.get(name)
        wanted = self._number(number, "number")
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> list[tuple[int, str]] | None:
            found = [each for each in drip_people.active_of(tx, wanted) if each.drip_id == saved.id]
            return drip_people.end(tx, now_ms, saved, found[0], DripEnd.REMOVED) if found else None

        canceled = await self._store.write(write, lambda canceled: self._service.taken_back(canceled or ()))
        if canceled is None:
            raise NotFound(f"{wanted} is not active in the drip {saved.drip.name!r}")

    # -- the whole drip -------------------------------------------------------------------------------------------

    async def pause(self, name: str) -> CountedDrip:
        """Send no further steps until it is resumed. Steps in the queue still leave. Raises :class:`Conflict`."""
        return await self._switch(name, paused=True)

    async def resume(self, name: str) -> CountedDrip:
        """Go on: steps that fell due meanwhile are sent once, at their time of the day. Raises :class:`Conflict`."""
        return await self._switch(name, paused=False)

    async def _switch(self, name: str, *, paused: bool) -> CountedDrip:
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> None:
            saved = drips.load(tx, name)
            if saved is None:
                raise unknown(name)
            if not drips.set_paused(tx, now_ms, saved, paused=paused):
                raise Conflict(f"the drip is {'paused already' if paused else 'not paused'}")

        await self._store.write(write)
        self.wake()
        return await self.counted(name)

    async def delete(self, name: str) -> tuple[int, int]:
        """Delete a drip; steps in the queue are canceled. Return how many people were active, how many canceled."""
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> tuple[int, list[tuple[int, str]]]:
            saved = drips.load(tx, name)
            if saved is None:
                raise unknown(name)
            return drips.delete(tx, now_ms, saved)

        people, canceled = await self._store.write(write, lambda ended: self._service.taken_back(ended[1]))
        return people, len(canceled)


def unknown(name: str) -> NotFound:
    """Return the error for a drip that does not exist."""
    return NotFound(f"the drip {name[:100]!r} does not exist")


def _counted(saved: SavedDrip, numbers: dict[str | None, int]) -> CountedDrip:
    ended = {reason: number for reason, number in numbers.items() if reason is not None}
    return CountedDrip(saved, numbers.get(None, 0), ended)
