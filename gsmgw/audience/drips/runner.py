"""Sends the steps of drips when they are due.

A step's message and the row of its person are written in one transaction, which looks at both first: a crash neither
sends a step twice nor leaves one out. A step that fell due while the gateway was off is sent once when it runs again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta, tzinfo
from functools import partial

from gsmgw.audience.campaigns.runner import opens_ms
from gsmgw.audience.drips.desk import Drips
from gsmgw.audience.service import Audience
from gsmgw.audience.stepping import Stepper
from gsmgw.audience.templates import setting_of, values_of
from gsmgw.errors import StoreError
from gsmgw.model import Outgoing, Priority, Purpose
from gsmgw.model.contacts import Contact
from gsmgw.model.drips import Delay, DripEnd, Follower, SavedDrip, StepSkipped, parse_delay
from gsmgw.model.events import DripEnrolled, DripStep
from gsmgw.outbound import Accepted, MessageService, Submission
from gsmgw.outbound.errors import Refusal, ServiceError
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, contacts, drip_people, drips
from gsmgw.templates import Value
from gsmgw.wire.problems import ProblemCode

log = logging.getLogger(__name__)

#: People whose step is taken up in one transaction.
PORTION = 100
#: The clock of the machine may be set: due steps are looked for at least that often, seconds.
TICK_S = 60.0
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class _Due:
    """A person whose step is due, and its text or why there is none."""

    person: Follower
    known: bool
    zone: tzinfo
    opens_ms: int
    text: str | ServiceError


class DripRunner(Stepper):
    """Runs the drips."""

    def __init__(self, store: Store, clock: Clock, audience: Audience, service: MessageService, desk: Drips) -> None:
        super().__init__("drips", clock)
        self._store = store
        self._audience = audience
        self._service = service
        desk.wake = self.wake

    async def step(self) -> float | None:
        """Send what is due. Return the seconds until the next step; None: wait for a change."""
        moments: list[int] = []
        for saved in await self._store.read(drips.all_drips):
            if saved.paused:
                continue
            try:
                while await self._advance(saved):
                    pass
            except StoreError:
                raise
            except Exception:
                log.exception("drips: %s failed, retrying in %.0f s", saved.drip.name, TICK_S)
                moments.append(self._clock.wall_ms() + round(TICK_S * 1000))
                continue
            moment = await self._store.read(partial(drip_people.next_due, drip_id=saved.id))
            moments += [] if moment is None else [moment]
        if not moments:
            return None
        return min(TICK_S, max(0.0, (min(moments) - self._clock.wall_ms()) / 1000))

    async def _advance(self, saved: SavedDrip) -> bool:
        """Take up the next portion. Return True if there may be more."""
        now_ms = self._clock.wall_ms()
        people = await self._store.read(lambda db: drip_people.due(db, saved.id, now_ms, PORTION))
        if not people:
            return False
        numbers = [each.number for each in people]
        known = await self._store.read(lambda db: contacts.get_many(db, numbers))
        due = [await self._prepared(saved, each, known, now_ms) for each in people]
        fresh: list[Outgoing] = []
        ended: list[tuple[int, str]] = []

        def take_up(tx: Tx) -> bool:
            fresh.clear()
            ended.clear()
            if drips.load(tx, saved.drip.name) != saved:  # paused, changed or deleted meanwhile
                return False
            still = {each.id for each in drip_people.unchanged(tx, people)}
            for each in due:
                if each.person.id in still:
                    self._take_up(tx, now_ms, saved, each, fresh, ended)
            return True

        def tell(_: object) -> None:
            self._service.announce(fresh)
            self._service.taken_back(ended)

        return await self._store.write(take_up, tell)

    async def _prepared(self, saved: SavedDrip, person: Follower, known: Mapping[str, Contact], now_ms: int) -> _Due:
        """Return a person's step with its text."""
        contact = known.get(person.number)
        values: dict[str, Value] = {"number": person.number} if contact is None else values_of(contact)
        setting = setting_of(values, now_ms)
        zone = setting.now.tzinfo or UTC
        text: str | ServiceError = ""
        if person.planned and person.step < len(saved.drip.steps):
            step = saved.drip.steps[person.step]
            try:
                source = (
                    step.text if step.template is None else (await self._audience.templates.get(step.template)).text
                )
                text = await self._audience.templates.render(source, values, setting, frozenset())
            except ServiceError as exc:
                text = exc
        opens = opens_ms(saved.drip.hours, person.number, contact, now_ms)
        return _Due(person, contact is not None or person.contact_id is None, zone, opens, text)

    def _take_up(
        self,
        tx: Tx,
        now_ms: int,
        saved: SavedDrip,
        due: _Due,
        fresh: list[Outgoing],
        ended: list[tuple[int, str]],
    ) -> None:
        """Plan or send the step of one person, in the transaction."""
        person, steps = due.person, saved.drip.steps
        if not due.known:
            ended += drip_people.end(tx, now_ms, saved, person, DripEnd.CONTACT_GONE)
        elif person.step >= len(steps):
            ended += drip_people.end(tx, now_ms, saved, person, DripEnd.FINISHED)
        elif not person.planned:
            first_ms = parse_delay(steps[0].delay).due_ms(person.enrolled_ms, due.zone)
            drip_people.plan(tx, person, person.step, first_ms)
            tx.event(now_ms, DripEnrolled(saved.drip.name, person.number, person.source, first_ms))
        elif (later_ms := self._later_ms(saved, due, now_ms)) > now_ms:
            drip_people.plan(tx, person, person.step, later_ms)
        else:
            self._send(tx, now_ms, saved, due, fresh, ended)

    def _later_ms(self, saved: SavedDrip, due: _Due, now_ms: int) -> int:
        """Return when a step may be sent: after a pause at its time of the day, and within the hours."""
        delay = parse_delay(saved.drip.steps[due.person.step].delay)
        if due.person.due_ms < saved.resumed_ms and delay.at is not None:
            return Delay(timedelta(0), delay.at).due_ms(now_ms, due.zone)
        return due.opens_ms

    def _send(
        self,
        tx: Tx,
        now_ms: int,
        saved: SavedDrip,
        due: _Due,
        fresh: list[Outgoing],
        ended: list[tuple[int, str]],
    ) -> None:
        person, drip = due.person, saved.drip
        skipped: StepSkipped | None = None
        detail: str | None = None
        since_ms = now_ms
        if drip.late_hours and now_ms - max(person.due_ms, saved.resumed_ms) > drip.late_hours * HOUR_MS:
            skipped, since_ms = StepSkipped.LATE, person.due_ms
        elif isinstance(due.text, ServiceError):
            skipped, detail = StepSkipped.NO_TEXT, due.text.detail
        else:
            (result,) = self._service.accept_many(tx, now_ms, [_submission(saved, person, due.text)])
            if isinstance(result, Refusal) and result.code is ProblemCode.RECIPIENT_OPTED_OUT:
                ended += drip_people.end(tx, now_ms, saved, person, DripEnd.OPTED_OUT)
                return
            if isinstance(result, Accepted):
                drip_people.note_message(tx, person, result.message_id)
                fresh += [] if result.message is None else [result.message]
            else:
                skipped, detail = StepSkipped.REFUSED, result.detail
        message_id = fresh[-1].id if skipped is None and fresh else None
        tx.event(
            now_ms,
            DripStep(drip.name, person.number, person.step + 1, None if skipped is None else skipped.value, detail),
            message_id,
        )
        if person.step + 1 >= len(drip.steps):
            ended += drip_people.end(tx, now_ms, saved, person, DripEnd.FINISHED)
            return
        next_ms = parse_delay(drip.steps[person.step + 1].delay).due_ms(since_ms, due.zone)
        drip_people.plan(tx, person, person.step + 1, next_ms)


def _submission(saved: SavedDrip, person: Follower, text: str) -> Submission:
    drip = saved.drip
    return Submission(
        person.number,
        text,
        priority=Priority.BULK if drip.purpose is Purpose.MARKETING else Priority.NORMAL,
        client_ref=f"drip:{person.id}:{person.step}",
        purpose=drip.purpose,
        list=drip.list,
    )
