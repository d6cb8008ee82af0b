"""Acts on received texts by the rules: each text once, whatever happens meanwhile.

What the rules do, what the guards count and the position in the event log are written in one transaction. Answers
are accepted by the message service like those of any client.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gsmgw.audience.consent.words import normalise
from gsmgw.audience.field_values import ValueRefused, parsed
from gsmgw.automation.guards import (
    ANSWERS_IN_A_ROW,
    BUDGET,
    HOUR_MS,
    IDENTICAL_TEXTS,
    Suppressed,
    Traffic,
    answer_at_ms,
    check_answer,
)
from gsmgw.automation.matching import judge
from gsmgw.automation.rules import Rules, incoming_of
from gsmgw.dispatch.cursor_runner import CursorRunner
from gsmgw.dispatch.feed import EventFeed
from gsmgw.errors import StoreError
from gsmgw.model import ConsentAction, ConsentState, Event, EventType, Outgoing, Purpose, format_id
from gsmgw.model.contacts import Contact, Person
from gsmgw.model.events import RuleHook, RuleMatched, RuleSuppressed, RuleSuspended
from gsmgw.model.routes import ANY, like_last_time
from gsmgw.model.rules import Action, ActionKind, Incoming, SavedRule, Trigger
from gsmgw.numbers import NumberError, parse_recipient
from gsmgw.outbound import MessageService, Submission
from gsmgw.outbound.errors import ServiceError
from gsmgw.patterns import PatternError, PatternRunner, PatternTooSlow
from gsmgw.ports import Clock
from gsmgw.store import (
    Store,
    Tx,
    consent_changes,
    contact_fields,
    contact_groups,
    contacts,
    cursors,
    inbox,
    messages,
    rules,
)
from gsmgw.store.consent_changes import Change

log = logging.getLogger(__name__)

CURSOR = "rules"
#: A rule whose regular expression took too long so often is suspended.
MOST_OVERRUNS = 3
#: The position is saved at least that often, so that it does not keep old events from being deleted; seconds.
_SAVE_S = 3600.0
_WANTED = (EventType.MESSAGE_RECEIVED, EventType.CALL_MISSED)


@dataclass(frozen=True, slots=True)
class _Case:
    """A text or a call with the rules that it met, and what their answers say."""

    now_ms: int
    message_id: int | None
    incoming: Incoming
    matched: Sequence[SavedRule]
    texts: Mapping[Action, str | ServiceError]


@dataclass(slots=True)
class _Effects:
    """What the queue is told after the commit."""

    fresh: list[Outgoing] = field(default_factory=list)
    opted_out: list[tuple[str, list[int]]] = field(default_factory=list)


class Automation(CursorRunner):
    """Follows received texts and missed calls. ``own_numbers`` returns those of our SIMs."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        feed: EventFeed,
        service: MessageService,
        desk: Rules,
        patterns: PatternRunner,
        own_numbers: Callable[[], Collection[str]],
    ) -> None:
        super().__init__(CURSOR, clock, feed)
        self.position = 0
        self._store = store
        self._service = service
        self._desk = desk
        self._patterns = patterns
        self._own_numbers = own_numbers
        self._opened = False
        self._saved = 0

    def _news(self, events: Sequence[Event]) -> None:
        if any(event.type in _WANTED for event in events):
            self.wake()

    async def turn(self) -> float | None:
        """Act on all texts up to now."""
        if not self._opened:
            self.position = await self._store.write(lambda tx: cursors.open_cursor(tx, CURSOR, holds=True))
            self._saved, self._opened = self.position, True
        while events := await self._next():
            for event in events:
                await self._handle(event)
                self.position = self._saved = event.id
        if self.position > self._saved:
            await self._store.write(lambda tx: cursors.move(tx, CURSOR, self.position))
            self._saved = self.position
        return _SAVE_S

    async def _next(self) -> list[Event]:
        """Return the next texts and calls; the position passes other events."""
        while True:
            page = await self.page()
            if not page:
                return []
            found = [event for event in page if event.type in _WANTED]
            if found:
                return found
            self.position = page[-1].id

    async def _handle(self, event: Event) -> None:
        """Carry out what the rules say, and note that the event is done with."""
        case: _Case | None = None
        try:
            case = await self._case(event)
        except StoreError:
            raise
        except Exception:
            log.exception("rules: event %s cannot be handled and is passed over", event.id)
        effects = _Effects()

        def write(tx: Tx) -> None:
            effects.fresh.clear()
            effects.opted_out.clear()
            if case is not None:
                self._apply(tx, case, effects)
            cursors.move(tx, CURSOR, event.id)

        await self._store.write(write)
        for number, canceled in effects.opted_out:
            self._service.opted_out(number, canceled)
        self._service.announce(effects.fresh)

    # -- what matches ---------------------------------------------------------------------------------------------

    async def _case(self, event: Event) -> _Case | None:
        """Return what a text or a call met; None if no rule matches."""
        found = await self._store.read(rules.all_rules)
        if not found:
            return None
        now_ms, message_id, text = self._clock.wall_ms(), event.message_id, ""
        if event.type == EventType.CALL_MISSED:
            sender, modem, trigger = event.data.get("number"), event.modem or "", Trigger.CALL
        else:
            record = (
                None if message_id is None else await self._store.read(lambda db: messages.get_message(db, message_id))
            )
            if record is None or record.text is None or record.consent is not None:
                return None
            sender, modem, trigger, text = record.peer, record.modem or "", Trigger.TEXT, record.text
        if not isinstance(sender, str):
            return None
        number = self._number_of(sender)
        contact = await self._store.read(lambda db: contacts.get(db, number)) if number.startswith("+") else None
        incoming = incoming_of(number, text, modem, contact, now_ms, trigger)
        verdicts = await judge(found, incoming, self._search)
        matched = [verdict.rule for verdict in verdicts if verdict.matches]
        if not matched:
            return None
        return _Case(now_ms, message_id, incoming, matched, await self._texts(matched, incoming, contact, now_ms))

    async def _texts(
        self, matched: Sequence[SavedRule], incoming: Incoming, contact: Contact | None, now_ms: int
    ) -> dict[Action, str | ServiceError]:
        """Return the texts of answers and values, or what keeps them from being written."""
        texts: dict[Action, str | ServiceError] = {}
        for saved in matched:
            for action in saved.rule.actions:
                if action.kind in (ActionKind.REPLY, ActionKind.SET_FIELD):
                    try:
                        texts[action] = await self._desk.write(saved.rule, action, incoming, contact, now_ms)
                    except ServiceError as exc:
                        texts[action] = exc
        return texts

    async def _search(self, rule: SavedRule, pattern: str, text: str) -> bool | None:
        try:
            return await self._patterns.search(pattern, text)
        except PatternTooSlow:
            await self._note_overrun(rule)
            return None
        except PatternError:
            return False

    async def _note_overrun(self, saved: SavedRule) -> None:
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> None:
            if rules.note_overrun(tx, saved.id) >= MOST_OVERRUNS:
                reason = f"its regular expression took too long {MOST_OVERRUNS} times"
                rules.suspend(tx, saved.id, reason)
                tx.event(now_ms, RuleSuspended(saved.rule.name, reason))

        await self._store.write(write)

    def _number_of(self, sender: str) -> str:
        """Return a sender in E.164 if it is a person's number, else as it is."""
        try:
            return parse_recipient(sender, self._desk.country)
        except NumberError:
            return sender

    # -- what is done ---------------------------------------------------------------------------------------------

    def _apply(self, tx: Tx, case: _Case, effects: _Effects) -> None:
        for saved in case.matched:
            answer: str | None = None
            done: list[str] = []
            for action in saved.rule.actions:
                before = len(effects.fresh)
                refusal = self._act(tx, case, saved, action, effects)
                if refusal is None:
                    done.append(action.kind.value)
                    if action.kind is ActionKind.REPLY:
                        answer = format_id(effects.fresh[before].id)
                    continue
                reason, detail = refusal
                suppressed = RuleSuppressed(
                    saved.rule.name, case.incoming.sender, action.kind.value, reason.value, detail
                )
                tx.event(case.now_ms, suppressed, case.message_id, case.incoming.modem)
            matched = RuleMatched(saved.rule.name, case.incoming.sender, done, answer)
            tx.event(case.now_ms, matched, case.message_id, case.incoming.modem)

    def _act(
        self, tx: Tx, case: _Case, saved: SavedRule, action: Action, effects: _Effects
    ) -> tuple[Suppressed, str | None] | None:
        """Carry out one action. Return why it was not carried out."""
        number = case.incoming.sender
        if action.kind is ActionKind.REPLY:
            return self._reply(tx, case, action, effects)
        if action.kind is ActionKind.FORWARD:
            return self._forward(tx, case, action, effects)
        if action.kind is ActionKind.HOOK:
            hook = RuleHook(action.value, saved.rule.name, number, case.incoming.text or None)
            tx.event(case.now_ms, hook, case.message_id, case.incoming.modem)
            return None
        if action.kind is ActionKind.TAG:
            if case.message_id is not None:
                inbox.add_tag(tx, case.message_id, action.value)
            return None
        if not number.startswith("+"):
            return Suppressed.NOT_A_PERSON, None
        if action.kind in (ActionKind.START, ActionKind.STOP):
            self._consent(tx, case, saved, action, effects)
            return None
        return self._change_contact(tx, case, action)

    def _reply(self, tx: Tx, case: _Case, action: Action, effects: _Effects) -> tuple[Suppressed, str | None] | None:
        number, text = case.incoming.sender, case.texts[action]
        if isinstance(text, ServiceError):
            return Suppressed.EMPTY_FIELD, text.detail
        traffic = self._traffic(tx, case)
        if (why := check_answer(number, traffic, self._own_numbers())) is not None:
            return why, None
        at_ms = answer_at_ms(case.now_ms, traffic)
        wanted = Submission(number, text, send_at_ms=at_ms, purpose=Purpose.CONVERSATION)
        fresh = self._service.accept_own(tx, case.now_ms, wanted, like_last_time(case.incoming.modem))
        if not fresh:
            return Suppressed.OPTED_OUT, None
        rules.note_automatic(tx, fresh[0].id, at_ms or case.now_ms, answer=True)
        effects.fresh += fresh
        return None

    def _forward(self, tx: Tx, case: _Case, action: Action, effects: _Effects) -> tuple[Suppressed, str | None] | None:
        try:
            to = parse_recipient(action.value, self._desk.country)
        except NumberError as exc:
            return Suppressed.NO_TARGET, str(exc)
        if to in self._own_numbers():
            return Suppressed.OWN_SIM, None
        if rules.automatic_since(tx, case.now_ms - HOUR_MS) >= BUDGET:
            return Suppressed.BUDGET, None
        words = f"{case.incoming.sender}: {case.incoming.text}"
        if case.incoming.trigger is Trigger.CALL:
            words = f"{case.incoming.sender} called"
        fresh = self._service.accept_own(tx, case.now_ms, Submission(to, words, purpose=Purpose.CONVERSATION), ANY)
        if not fresh:
            return Suppressed.OPTED_OUT, None
        rules.note_automatic(tx, fresh[0].id, case.now_ms, answer=False)
        effects.fresh += fresh
        return None

    def _traffic(self, tx: Tx, case: _Case) -> Traffic:
        number, since_ms = case.incoming.sender, case.now_ms - HOUR_MS
        identical = 0
        if case.message_id is not None:
            text = normalise(case.incoming.text)
            recent = rules.recent_texts(tx, number, since_ms, IDENTICAL_TEXTS)
            identical = sum(normalise(each) == text for each in recent)
        return Traffic(
            answers_in_a_row=rules.answers_in_a_row(tx, number, ANSWERS_IN_A_ROW),
            identical_texts=identical,
            in_the_last_hour=rules.automatic_since(tx, since_ms),
            last_ms=rules.last_answer_ms(tx, number),
        )

    def _consent(self, tx: Tx, case: _Case, saved: SavedRule, action: Action, effects: _Effects) -> None:
        out = action.kind is ActionKind.STOP
        what = Change(
            ConsentAction.OUT if out else ConsentAction.IN,
            ConsentState.OUT if out else ConsentState.IN,
            "rule",
            keyword=saved.rule.name,
            text=case.incoming.text,
            message_id=case.message_id,
        )
        canceled = consent_changes.change(tx, case.now_ms, case.incoming.sender, action.value or "*", what)
        if out:
            effects.opted_out.append((case.incoming.sender, canceled))

    def _change_contact(self, tx: Tx, case: _Case, action: Action) -> tuple[Suppressed, str | None] | None:
        number, now_ms = case.incoming.sender, case.now_ms
        contact = contacts.load(tx, number)
        if contact is None:
            contacts.create(tx, now_ms, number, Person())
            contact = contacts.load(tx, number)
            assert contact is not None
        if action.kind is ActionKind.SET_FIELD:
            return self._set_field(tx, case, action, contact)
        group = contact_groups.load(tx, action.value)
        if group is None or group.segment is not None:
            return Suppressed.NO_TARGET, f"the group {action.value!r} does not exist"
        change = contact_groups.add if action.kind is ActionKind.GROUP_ADD else contact_groups.remove
        change(tx, now_ms, group, [contact.id])
        return None

    def _set_field(self, tx: Tx, case: _Case, action: Action, contact: Contact) -> tuple[Suppressed, str | None] | None:
        text = case.texts[action]
        if isinstance(text, ServiceError):
            return Suppressed.EMPTY_FIELD, text.detail
        person = contact.person
        if action.field == "name":
            person = replace(person, name=text)
        else:
            known = {each.name: each for each in contact_fields.load_all(tx)}
            if action.field not in known:
                return Suppressed.NO_TARGET, f"the field {action.field!r} does not exist"
            try:
                value = parsed(known[action.field], text)
            except ValueRefused as exc:
                return Suppressed.NO_TARGET, f"{action.field}: {exc}"
            person = replace(person, fields={**person.fields, action.field: value})
        contacts.update(tx, case.now_ms, contact, contact.number, person)
        return None
