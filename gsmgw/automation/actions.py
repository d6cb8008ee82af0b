"""Carries out the actions of the rules that a text or a call met, in one transaction."""

from __future__ import annotations

from collections.abc import Callable

from gsmgw.automation import contact_changes
from gsmgw.automation.answering import Answering
from gsmgw.automation.cases import Case, Effects, Refused
from gsmgw.automation.guards import BUDGET, HOUR_MS, Suppressed
from gsmgw.model import ConsentAction, ConsentState, Purpose, format_id
from gsmgw.model.events import RuleHook, RuleMatched, RuleSuppressed
from gsmgw.model.routes import ANY
from gsmgw.model.rules import ANSWERS, Action, ActionKind, SavedRule, Trigger, in_order
from gsmgw.numbers import NumberError, parse_recipient
from gsmgw.outbound import MessageService, Submission
from gsmgw.outbound.errors import ServiceError
from gsmgw.store import Tx, consent_changes, drip_people, drips, inbox, rules
from gsmgw.store.consent_changes import Change


class Actions:
    """Acts on texts and calls. ``country`` returns the country of numbers without a plus."""

    def __init__(self, service: MessageService, answering: Answering, country: Callable[[], str | None]) -> None:
        self._service = service
        self._answering = answering
        self._country = country

    def apply(self, tx: Tx, case: Case, effects: Effects) -> None:
        """Carry out what the matched rules say, with an event for each rule and for what was not carried out."""
        for saved in case.matched:
            done: list[str] = []
            refused: dict[Action, Refused] = {}
            before = len(effects.fresh)
            for action in in_order(saved.rule.actions):
                failed = [each for each in refused if each.kind is ActionKind.SET_FIELD]
                refusal: Refused | None
                if action.kind in ANSWERS and failed:
                    refusal = Suppressed.NOT_SET, refused[failed[0]][1]
                else:
                    refusal = self._act(tx, case, saved, action, effects)
                if refusal is not None:
                    refused[action] = refusal
            answer: str | None = None
            for action in saved.rule.actions:
                if action not in refused:
                    done.append(action.kind.value)
                    continue
                reason, detail = refused[action]
                suppressed = RuleSuppressed(
                    saved.rule.name, case.incoming.sender, action.kind.value, reason.value, detail
                )
                tx.event(case.now_ms, suppressed, case.message_id, case.incoming.modem)
            answers = [each for each in effects.fresh[before:] if each.to == case.incoming.sender]
            if answers and any(kind in done for kind in ANSWERS):
                answer = format_id(answers[-1].id)
            matched = RuleMatched(saved.rule.name, case.incoming.sender, done, answer)
            tx.event(case.now_ms, matched, case.message_id, case.incoming.modem)

    def _act(self, tx: Tx, case: Case, saved: SavedRule, action: Action, effects: Effects) -> Refused | None:
        """Carry out one action. Return why it was not carried out."""
        number, now_ms = case.incoming.sender, case.now_ms
        match action.kind:
            case ActionKind.REPLY | ActionKind.ASK:
                return self._reply(tx, case, action, effects)
            case ActionKind.FORWARD:
                return self._forward(tx, case, action, effects)
            case ActionKind.HOOK:
                hook = RuleHook(action.value, saved.rule.name, number, case.incoming.text or None)
                tx.event(now_ms, hook, case.message_id, case.incoming.modem)
                return None
            case ActionKind.TAG:
                if case.message_id is not None:
                    inbox.add_tag(tx, case.message_id, action.value)
                return None
            case _ if not number.startswith("+"):
                return Suppressed.NOT_A_PERSON, None
            case ActionKind.START | ActionKind.STOP:
                _consent(tx, case, saved, action, effects)
                return None
            case ActionKind.ENROLL:
                return _enroll(tx, case, action, effects, own=number in self._answering.own_numbers())
            case ActionKind.SET_FIELD:
                text = case.texts[action]
                if isinstance(text, ServiceError):
                    return Suppressed.EMPTY_FIELD, text.detail
                return contact_changes.set_from_text(tx, now_ms, number, action.field, text)
            case ActionKind.GROUP_ADD | ActionKind.GROUP_REMOVE:
                add = action.kind is ActionKind.GROUP_ADD
                return contact_changes.change_group(tx, now_ms, number, action.value, add=add)

    def _reply(self, tx: Tx, case: Case, action: Action, effects: Effects) -> Refused | None:
        text = case.texts[action]
        if isinstance(text, ServiceError):
            return Suppressed.EMPTY_FIELD, text.detail
        return self._answering.reply(tx, case, text, effects, action.ask)

    def _forward(self, tx: Tx, case: Case, action: Action, effects: Effects) -> Refused | None:
        try:
            to = parse_recipient(action.value, self._country())
        except NumberError as exc:
            return Suppressed.NO_TARGET, str(exc)
        if to in self._answering.own_numbers():
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


def _consent(tx: Tx, case: Case, saved: SavedRule, action: Action, effects: Effects) -> None:
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


def _enroll(tx: Tx, case: Case, action: Action, effects: Effects, *, own: bool) -> Refused | None:
    """Enroll the sender, who was never in that drip: two machines cannot enroll each other again and again."""
    if own:
        return Suppressed.OWN_SIM, None
    saved = drips.load(tx, action.value)
    if saved is None:
        return Suppressed.NO_TARGET, f"the drip {action.value!r} does not exist"
    if not drip_people.enroll(tx, case.now_ms, saved.id, [case.incoming.sender], "rule", again=False):
        return Suppressed.ENROLLED, None
    effects.enrolled = True
    return None
