"""Acts on received texts by open questions and by rules: each text once, whatever happens meanwhile.

The actions, the guards' counts and the position in the event log are written in one transaction. Answers are
accepted by the message service like those of any client.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence

from gsmgw.audience.drips.endings import end_all, end_blocked
from gsmgw.audience.questions.desk import Questions
from gsmgw.audience.service import Audience
from gsmgw.automation.actions import Actions
from gsmgw.automation.answering import Answering
from gsmgw.automation.cases import Case, Effects
from gsmgw.automation.matching import judge
from gsmgw.automation.questioning import Answer, Questioning
from gsmgw.automation.rules import Rules, incoming_of
from gsmgw.dispatch.cursor_runner import CursorRunner
from gsmgw.dispatch.feed import EventFeed
from gsmgw.errors import StoreError
from gsmgw.model import ConsentState, ConsentVerdict, Event, EventType
from gsmgw.model.contacts import Contact
from gsmgw.model.drips import DripEnd
from gsmgw.model.events import RuleSuspended
from gsmgw.model.questions import Closed
from gsmgw.model.rules import Action, ActionKind, Incoming, MatchKind, SavedRule, Trigger
from gsmgw.numbers import NumberError, parse_recipient
from gsmgw.outbound import MessageService
from gsmgw.outbound.errors import ServiceError
from gsmgw.patterns import PatternError, PatternRunner, PatternTooSlow
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, contacts, cursors, drip_people, messages, questions, rules

log = logging.getLogger(__name__)

CURSOR = "rules"
#: A rule whose regular expression took too long so often is suspended.
MOST_OVERRUNS = 3
#: The position is saved at least that often, so that it does not keep old events from being deleted; seconds.
_SAVE_S = 3600.0
_WANTED = (EventType.MESSAGE_RECEIVED, EventType.CALL_MISSED)
#: Events after which a message that asks may be on the phone.
_SENT = (EventType.MESSAGE_SENT, EventType.MESSAGE_DELIVERED, EventType.MESSAGE_SETTLED)
_WRITTEN = (ActionKind.REPLY, ActionKind.SET_FIELD, ActionKind.ASK)


class Automation(CursorRunner):
    """Follows received texts and missed calls. ``enrolled`` is called when a rule enrolled somebody in a drip."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        feed: EventFeed,
        service: MessageService,
        desk: Rules,
        patterns: PatternRunner,
        audience: Audience,
        open_questions: Questions,
        own_numbers: Callable[[], Collection[str]],
        enrolled: Callable[[], None],
    ) -> None:
        super().__init__(CURSOR, clock, feed)
        self.position = 0
        self._store = store
        self._service = service
        self._desk = desk
        self._patterns = patterns
        answering = Answering(service, own_numbers)
        self._actions = Actions(service, answering, lambda: desk.country)
        self._questioning = Questioning(store, audience, open_questions, answering)
        self._enrolled = enrolled
        self._opened = False
        self._saved = 0

    def _news(self, events: Sequence[Event]) -> None:
        wanted = (*_WANTED, EventType.CONSENT_CHANGED, *(_SENT if self._service.asks else ()))
        if any(event.type in wanted for event in events):
            self.wake()

    async def turn(self) -> float | None:
        """Act on all texts up to now."""
        if not self._opened:
            self.position = await self._store.write(lambda tx: cursors.open_cursor(tx, CURSOR, holds=True))
            self._service.asks = self._service.asks or await self._store.read(questions.any_asking)
            self._saved, self._opened = self.position, True
        while events := await self._next():
            for event in events:
                await self._handle(event)
                self.position = self._saved = event.id
        if self.position > self._saved:
            await self._store.write(lambda tx: cursors.move(tx, CURSOR, self.position))
            self._saved = self.position
        expiry_s = await self._questioning.expire(self._clock.wall_ms())
        return _SAVE_S if expiry_s is None else min(_SAVE_S, expiry_s)

    async def _next(self) -> list[Event]:
        """Return the next events that matter; the position passes the others."""
        while True:
            page = await self.page()
            if not page:
                return []
            asking = await self._asking(page)
            acts = {
                event.id for event in page
                if event.type in _WANTED or (event.type in _SENT and event.message_id in asking)
            }  # fmt: skip
            waiting = await self._waiting(page)
            found = [
                event for event in page
                # A text before an opt-out in the same page may open a drip or a question.
                if event.id in acts
                or (event.type == EventType.CONSENT_CHANGED and (acts or event.data.get("number") in waiting))
            ]  # fmt: skip
            if found:
                return found
            self.position = page[-1].id

    async def _asking(self, page: Sequence[Event]) -> set[int | None]:
        """Return the messages of these events that ask and may have been sent."""
        ids = [event.message_id for event in page if event.type in _SENT and event.message_id is not None]
        if not ids or not self._service.asks:
            return set()
        return set(await self._store.read(lambda db: questions.asking(db, ids)))

    async def _waiting(self, page: Sequence[Event]) -> set[str]:
        """Return the numbers whose consent changed and for whom a drip or a question is open: few of an import."""
        changed = [event.data.get("number") for event in page if event.type == EventType.CONSENT_CHANGED]
        numbers = [number for number in changed if isinstance(number, str)]
        return await self._store.read(lambda db: drip_people.with_open(db, numbers)) if numbers else set()

    async def _handle(self, event: Event) -> None:
        """Do what an event calls for, and note that it is done with."""
        effects = Effects()
        done = await self._prepared(event, effects)

        def write(tx: Tx) -> None:
            effects.clear()
            done(tx)
            cursors.move(tx, CURSOR, event.id)

        def tell(_: None) -> None:
            for number, canceled in effects.opted_out:
                self._service.opted_out(number, canceled)
            self._service.taken_back(effects.taken_back)
            self._service.announce(effects.fresh)
            if effects.enrolled:
                self._enrolled()

        await self._store.write(write, tell)

    async def _prepared(self, event: Event, effects: Effects) -> Callable[[Tx], None]:
        """Return what is to be done in the transaction."""
        try:
            if event.type == EventType.CONSENT_CHANGED:
                return self._after_opt_out(event, effects)
            if event.type in _SENT and event.message_id is not None:
                message_id = event.message_id
                return lambda tx: _ignored(questions.open_question(tx, event.at_ms, message_id))
            return await self._after_text(event, effects)
        except StoreError:
            raise
        except Exception:
            log.exception("rules: event %s cannot be handled and is passed over", event.id)
            return _nothing

    def _after_opt_out(self, event: Event, effects: Effects) -> Callable[[Tx], None]:
        number, now_ms = event.data.get("number"), self._clock.wall_ms()
        if event.data.get("state") != ConsentState.OUT or not isinstance(number, str):
            return _nothing

        def end(tx: Tx) -> None:
            effects.taken_back += end_blocked(tx, now_ms, number)
            if event.data.get("list") == "*":
                questions.close(tx, now_ms, number, Closed.OPTED_OUT)

        return end

    async def _after_text(self, event: Event, effects: Effects) -> Callable[[Tx], None]:
        """Return what a text or a call calls for: it ends drips, answers a question, or meets rules."""
        found = await self._incoming(event)
        if found is None:
            return _nothing
        case, contact, for_rules = found
        answer = await self._questioning.read(case, event.at_ms, contact) if for_rules and case.incoming.text else None
        if answer is None or answer.value is None:
            matched = await self._matched(case, contact) if for_rules else case
            if answer is not None and any(each.rule.match.kind is not MatchKind.ANY for each in matched.matched):
                answer = None  # a keyword: the question stays open
            case = matched
        if answer is not None:
            answer = await self._questioning.written(answer, contact)

        def act(tx: Tx) -> None:
            if case.incoming.trigger is Trigger.TEXT:
                effects.taken_back += end_all(tx, case.now_ms, case.incoming.sender, DripEnd.ANSWERED)
            self._act(tx, case, answer, effects)

        return act

    def _act(self, tx: Tx, case: Case, answer: Answer | None, effects: Effects) -> None:
        if answer is not None:
            self._questioning.apply(tx, answer, effects)
        else:
            self._actions.apply(tx, case, effects)

    # -- what matches ---------------------------------------------------------------------------------------------

    async def _incoming(self, event: Event) -> tuple[Case, Contact | None, bool] | None:
        """Return a text or a call, its contact, and True if rules look at it; None if it is about consent."""
        now_ms, message_id, text, for_rules = self._clock.wall_ms(), event.message_id, "", True
        if event.type == EventType.CALL_MISSED:
            sender, modem, trigger = event.data.get("number"), event.modem or "", Trigger.CALL
        else:
            record = (
                None if message_id is None else await self._store.read(lambda db: messages.get_message(db, message_id))
            )
            if record is None or record.text is None or record.consent not in (None, ConsentVerdict.SUSPECTED):
                return None
            sender, modem, trigger, text = record.peer, record.modem or "", Trigger.TEXT, record.text
            for_rules = record.consent is None
        if not isinstance(sender, str):
            return None
        number = self._number_of(sender)
        contact = await self._store.read(lambda db: contacts.get(db, number)) if number.startswith("+") else None
        return Case(now_ms, message_id, incoming_of(number, text, modem, contact, now_ms, trigger)), contact, for_rules

    async def _matched(self, case: Case, contact: Contact | None) -> Case:
        """Return a case with the rules that it met."""
        found = await self._store.read(rules.all_rules)
        if not found:
            return case
        verdicts = await judge(found, case.incoming, self._search)
        matched = [verdict.rule for verdict in verdicts if verdict.matches]
        texts = await self._texts(matched, case.incoming, contact, case.now_ms)
        return Case(case.now_ms, case.message_id, case.incoming, matched, texts)

    async def _texts(
        self, matched: Sequence[SavedRule], incoming: Incoming, contact: Contact | None, now_ms: int
    ) -> Mapping[Action, str | ServiceError]:
        """Return the texts of answers and values, or what keeps them from being written."""
        texts: dict[Action, str | ServiceError] = {}
        for saved in matched:
            for action in (each for each in saved.rule.actions if each.kind in _WRITTEN):
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


def _nothing(tx: Tx) -> None:
    """Nothing is to be done but to move the position."""


def _ignored(_: object) -> None:
    """Nobody needs the result."""
