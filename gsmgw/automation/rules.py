"""Rules as people manage them: list, change, test."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from gsmgw.audience.consent import classify
from gsmgw.audience.consent.classify import Meaning, Reading
from gsmgw.audience.consent.desk import ConsentDesk
from gsmgw.audience.consent.words import Phrase, normalise
from gsmgw.audience.errors import Conflict, NotFound
from gsmgw.audience.questions.desk import Answered, Questions
from gsmgw.audience.service import Audience
from gsmgw.audience.templates import setting_of, values_of
from gsmgw.automation.contact_changes import readable_value
from gsmgw.automation.matching import Verdict, claims, judge
from gsmgw.model.contacts import Contact, fold
from gsmgw.model.rules import ANSWERS, Action, ActionKind, Incoming, MatchKind, Rule, SavedRule, Trigger, in_order
from gsmgw.numbers import NumberError, parse_recipient
from gsmgw.outbound.errors import Refusal, ServiceError
from gsmgw.patterns import PatternError, PatternRunner, PatternTooSlow
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, consent_lists, contact_fields, contact_groups, contacts, drips, rules
from gsmgw.templates import Value
from gsmgw.wire.problems import ProblemCode

#: Maximum number of rules.
MAX_RULES = 500
#: Fields that the text of an answer may use besides those of the contact.
TEXT_FIELDS = frozenset({"text", "keyword", "rest", "from", "modem"})
#: Actions whose text is written from a template.
_WRITTEN = frozenset({ActionKind.REPLY, ActionKind.SET_FIELD, ActionKind.ASK})
#: The field of an action that must not be empty.
_NEEDED = {
    ActionKind.GROUP_ADD: "group",
    ActionKind.GROUP_REMOVE: "group",
    ActionKind.TAG: "tag",
    ActionKind.HOOK: "name",
}


@dataclass(frozen=True, slots=True)
class Trial:
    """A prediction of what a text would do."""

    reading: Reading | None
    verdicts: list[Verdict]
    #: The texts of answers, and what would keep one from being written.
    answers: dict[Action, str]
    problems: dict[Action, str]
    #: The open question that takes the text, so that no rule looks at it.
    question: Answered | None = None


class Rules:
    """Reads, changes and tests rules. ``modems`` are the names of the modems that exist."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        audience: Audience,
        consent: ConsentDesk,
        patterns: PatternRunner,
        modems: Collection[str],
        questions: Questions,
    ) -> None:
        self._store = store
        self._clock = clock
        self._audience = audience
        self._consent = consent
        self._patterns = patterns
        self._modems = modems
        self._questions = questions

    @property
    def country(self) -> str | None:
        """The country of numbers that are written without a plus."""
        return self._consent.receiver.settings.country

    async def all(self) -> list[SavedRule]:
        """Return all rules in the order in which they are looked at."""
        found = await self._store.read(rules.all_rules)
        return sorted(found, key=lambda saved: (saved.rule.priority, saved.id))

    async def get(self, name: str) -> SavedRule:
        """Return a rule. Raises :class:`NotFound`."""
        found = await self._store.read(lambda db: rules.get(db, name))
        if found is None:
            raise NotFound(f"the rule {name[:100]!r} does not exist")
        return found

    async def create(self, rule: Rule) -> SavedRule:
        """Save a new rule. Raises :class:`Refusal`, :class:`Conflict`."""
        return (await self._save(rule, replaces=False))[0]

    async def put(self, rule: Rule) -> tuple[SavedRule, bool]:
        """Save a rule; return it, and True for a new one. Raises :class:`Refusal`."""
        return await self._save(rule, replaces=True)

    async def delete(self, name: str) -> None:
        """Delete a rule. Raises :class:`NotFound`."""
        if not await self._store.write(lambda tx: rules.delete(tx, name)):
            raise NotFound(f"the rule {name[:100]!r} does not exist")

    async def test(self, sender: str, text: str, modem: str, at_ms: int | None) -> Trial:
        """Return what a text would do, without doing it."""
        try:
            number = parse_recipient(sender, self.country)
        except NumberError as exc:
            raise Refusal(ProblemCode.INVALID_NUMBER, "from", f"{sender!r} {exc}") from None
        now_ms = self._clock.wall_ms() if at_ms is None else at_ms
        contact = await self._store.read(lambda db: contacts.get(db, number))
        incoming = incoming_of(number, text, modem, contact, now_ms)
        found = await self.all()
        question = await self._questions.answered_by(number, text, contact, now_ms)
        answered = question is not None and question.readable
        reading = classify.classify(text, profile=self._consent.receiver.settings.profile)
        if reading is not None and reading.weak:
            claimed = answered or any(claims(each.rule, normalise(text)) for each in found)
            reading = None if claimed or reading.meaning is Meaning.YES else reading
        verdicts = await judge(found, incoming, self.search_dry)
        matched = [verdict.rule.rule for verdict in verdicts if verdict.matches]
        keyword = any(each.match.kind is not MatchKind.ANY for each in matched)
        if reading is not None or (keyword and not answered):
            question = None
        trial = Trial(reading, verdicts, {}, {}, question)
        for rule in matched:
            await self._try(trial, rule, incoming, contact, now_ms)
        return trial

    async def _try(self, trial: Trial, rule: Rule, incoming: Incoming, contact: Contact | None, now_ms: int) -> None:
        """Note what the actions of a rule would give, and what would keep them from being carried out."""
        fields = await self._store.read(contact_fields.all_fields)
        groups = {fold(each.name) for each in await self._store.read(contact_groups.all_groups)}
        known_drips = {fold(each.drip.name) for each in await self._store.read(drips.all_drips)}
        for action in in_order(rule.actions):
            if action.kind in _WRITTEN:
                try:
                    trial.answers[action] = await self.write(rule, action, incoming, contact, now_ms)
                except ServiceError as exc:
                    trial.problems[action] = exc.detail
                    continue
            if action.kind is ActionKind.SET_FIELD:
                value = readable_value(fields, action.field, trial.answers[action])
                if isinstance(value, tuple):
                    trial.problems[action] = value[1] or value[0].value
            elif action.kind in (ActionKind.GROUP_ADD, ActionKind.GROUP_REMOVE) and fold(action.value) not in groups:
                trial.problems[action] = f"the group {action.value!r} does not exist"
            elif action.kind is ActionKind.ENROLL and fold(action.value) not in known_drips:
                trial.problems[action] = f"the drip {action.value!r} does not exist"
            elif action.kind in ANSWERS and any(
                each.kind is ActionKind.SET_FIELD and each in trial.problems for each in rule.actions
            ):
                trial.problems[action] = "not sent, because a field could not be set"

    async def search_dry(self, rule: SavedRule, pattern: str, text: str) -> bool | None:
        """Search a text; None if it took too long."""
        try:
            return await self._patterns.search(pattern, text)
        except PatternTooSlow:
            return None
        except PatternError:
            return False

    async def write(self, rule: Rule, action: Action, incoming: Incoming, contact: Contact | None, now_ms: int) -> str:
        """Return the text of an answer. Raises :class:`Refusal` if a field is empty."""
        source = action.value if action.template is None else (await self._audience.templates.get(action.template)).text
        values: dict[str, Value] = {**({} if contact is None else values_of(contact)), "number": incoming.sender}
        values |= text_values(rule, incoming)
        return await self._audience.templates.render(source, values, setting_of(values, now_ms), TEXT_FIELDS)

    async def _save(self, rule: Rule, *, replaces: bool) -> tuple[SavedRule, bool]:
        await self._check(rule)
        now_ms = self._clock.wall_ms()

        def write(tx: Tx) -> bool:
            new = not rules.exists(tx, rule.name)
            if not new and not replaces:
                raise Conflict(f"a rule named {rule.name!r} exists already")
            if new and rules.count(tx) >= MAX_RULES:
                raise Conflict(f"there are {MAX_RULES} rules already, the maximum")
            self._check_names(tx, rule)
            rules.save(tx, now_ms, rule)
            return new

        new = await self._store.write(write)
        return await self.get(rule.name), new

    async def _check(self, rule: Rule) -> None:
        """Check what needs more than the database: patterns, templates, numbers."""
        _check_match(rule)
        self._check_reachable(rule)
        if rule.match.kind is MatchKind.REGEX:
            for pattern in rule.match.values:
                try:
                    await self._patterns.check(pattern)
                except PatternError as exc:
                    raise Refusal(ProblemCode.INVALID_REQUEST, "match.value", f"{pattern!r} {exc}") from None
        for name in rule.when.modems:
            if name not in self._modems:
                raise Refusal(ProblemCode.UNKNOWN_MODEM, "when.modems", f"the modem {name[:63]!r} does not exist")
        for place, action in enumerate(rule.actions):
            await self._check_action(f"actions.{place}", action)

    def _check_reachable(self, rule: Rule) -> None:
        """Refuse a text that is about consent, whatever the sender means: no rule looks at it."""
        if rule.trigger is not Trigger.TEXT or rule.match.kind is not MatchKind.EXACT:
            return
        for value in rule.match.values:
            reading = classify.classify(value, profile=self._consent.receiver.settings.profile)
            if reading is not None and not reading.weak:
                detail = (
                    f"{value!r} is understood as {reading.meaning.value} (consent) before rules are looked at, so that "
                    "the rule would never apply. To change the answer: gsmgw lists set"
                )
                raise Refusal(ProblemCode.INVALID_REQUEST, "match.value", detail)

    async def _check_action(self, place: str, action: Action) -> None:
        if action.ask is not None:
            await self._questions.check(action.ask)
        if action.kind in (ActionKind.REPLY, ActionKind.ASK):
            source = action.value
            if action.template is not None:
                source = (await self._audience.templates.get(action.template)).text
            elif not source.strip():
                raise Refusal(ProblemCode.INVALID_REQUEST, f"{place}.text", "give the text, or a template")
            try:
                await self._audience.templates.check(source, TEXT_FIELDS)
            except Refusal as exc:
                raise Refusal(
                    exc.code, f"{place}.{'text' if action.template is None else 'template'}", exc.detail
                ) from None
        elif action.kind is ActionKind.FORWARD:
            try:
                parse_recipient(action.value, self.country)
            except NumberError as exc:
                raise Refusal(ProblemCode.INVALID_NUMBER, f"{place}.to", f"{action.value!r} {exc}") from None
        elif not action.value.strip() and action.kind in _NEEDED:
            raise Refusal(
                ProblemCode.INVALID_REQUEST, f"{place}.{_NEEDED[action.kind]}", f"is needed for {action.kind.value}"
            )

    def _check_names(self, tx: Tx, rule: Rule) -> None:
        """Refuse groups, fields and lists that do not exist."""
        groups = {fold(group.name): group for group in contact_groups.load_all(tx)}
        fields = {field.name for field in contact_fields.load_all(tx)} | {"name"}
        lists = {"*", *consent_lists.names(tx.all)}
        for name in rule.when.groups:
            if fold(name) not in groups:
                raise Refusal(ProblemCode.INVALID_REQUEST, "when.groups", f"the group {name!r} does not exist")
        for place, action in enumerate(rule.actions):
            if action.kind in (ActionKind.GROUP_ADD, ActionKind.GROUP_REMOVE):
                group = groups.get(fold(action.value))
                if group is None or group.segment is not None:
                    problem = "does not exist" if group is None else "is a smart group"
                    detail = f"the group {action.value!r} {problem}"
                    raise Refusal(ProblemCode.INVALID_REQUEST, f"actions.{place}.group", detail)
            if action.kind is ActionKind.SET_FIELD and action.field not in fields:
                detail = f"the field {action.field!r} does not exist"
                raise Refusal(ProblemCode.INVALID_REQUEST, f"actions.{place}.field", detail)
            if action.kind in (ActionKind.START, ActionKind.STOP) and (action.value or "*") not in lists:
                detail = f"the list {action.value!r} does not exist"
                raise Refusal(ProblemCode.UNKNOWN_LIST, f"actions.{place}.list", detail)
            if action.kind is ActionKind.ENROLL and drips.load(tx, action.value) is None:
                detail = f"the drip {action.value!r} does not exist"
                raise Refusal(ProblemCode.INVALID_REQUEST, f"actions.{place}.drip", detail)


def claim(tx: Tx, now_ms: int, number: str, words: Phrase) -> bool:
    """Return True if a rule is meant for these words: then they are an ordinary answer and not an opt-out."""
    return any(saved.suspended is None and claims(saved.rule, words) for saved in rules.load_all(tx))


def incoming_of(
    number: str, text: str, modem: str, contact: Contact | None, now_ms: int, trigger: Trigger = Trigger.TEXT
) -> Incoming:
    """Return what rules look at."""
    values: dict[str, Value] = {"number": number} if contact is None else values_of(contact)
    local = setting_of(values, now_ms).now
    groups = frozenset() if contact is None else frozenset(map(fold, contact.person.groups))
    return Incoming(
        sender=number,
        text=text,
        modem=modem,
        weekday=local.weekday(),
        local=local.time(),
        trigger=trigger,
        known=contact is not None,
        groups=groups,
    )


def text_values(rule: Rule, incoming: Incoming) -> dict[str, Value]:
    """Return the fields of the received text: all of it, the keyword that it met, and the rest after it."""
    words = incoming.text.split()
    found = normalise(incoming.text)
    keyword = next((value for value in rule.match.values if found[: len(normalise(value))] == normalise(value)), "")
    size = len(keyword.split()) if rule.match.kind in (MatchKind.EXACT, MatchKind.PREFIX) else 0
    return {
        "text": incoming.text,
        "keyword": keyword,
        "rest": " ".join(words[size:]),
        "from": incoming.sender,
        "modem": incoming.modem,
    }


def _check_match(rule: Rule) -> None:
    match = rule.match
    if not rule.actions:
        raise Refusal(ProblemCode.INVALID_REQUEST, "actions", "a rule needs at least one action")
    if rule.trigger is Trigger.CALL:
        if match.kind is not MatchKind.ANY:
            raise Refusal(ProblemCode.INVALID_REQUEST, "match", "a missed call has no text: leave match out")
        return
    if match.kind is MatchKind.ANY:
        if match.values:
            raise Refusal(ProblemCode.INVALID_REQUEST, "match.value", "kind any matches every text: leave value out")
        return
    if not match.values:
        raise Refusal(ProblemCode.INVALID_REQUEST, "match.value", f"is needed for the kind {match.kind.value}")
    for value in match.values:
        if match.kind is not MatchKind.REGEX and not normalise(value):
            detail = f"{value!r} has neither letters nor digits"
            raise Refusal(ProblemCode.INVALID_REQUEST, "match.value", detail)
