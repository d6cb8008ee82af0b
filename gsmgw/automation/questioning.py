"""Open questions: the next text of a person sets a field, or the person is asked once again."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gsmgw.audience.consent.receiving import likely_languages
from gsmgw.audience.field_values import ValueRefused
from gsmgw.audience.questions.desk import ANSWER_FIELDS, Questions, field_of
from gsmgw.audience.questions.reading import default_texts, example_of, read_answer
from gsmgw.audience.service import Audience
from gsmgw.audience.templates import setting_of, values_of
from gsmgw.automation import contact_changes
from gsmgw.automation.answering import Answering
from gsmgw.automation.cases import Case, Effects
from gsmgw.model.contacts import Contact, ContactField, FieldValue
from gsmgw.model.events import QuestionAnswered, QuestionUnreadable
from gsmgw.model.questions import Closed, OpenQuestion
from gsmgw.outbound.errors import ServiceError
from gsmgw.store import Store, Tx, contact_fields, questions
from gsmgw.templates import Value

#: Unreadable answers after which the text is left to a person.
TRIES = 2
#: Questions that expire in one transaction.
PORTION = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """A text that answers a question: its value, or why it cannot be read; and the text that thanks or asks again."""

    case: Case
    question: OpenQuestion
    field: ContactField
    value: FieldValue | None
    detail: str = ""
    text: str | None = None


class Questioning:
    """Reads answers and acts on them."""

    def __init__(self, store: Store, audience: Audience, desk: Questions, answering: Answering) -> None:
        self._store = store
        self._audience = audience
        self._desk = desk
        self._answering = answering

    async def read(self, case: Case, at_ms: int, contact: Contact | None) -> Answer | None:
        """Return the answer that a text received at ``at_ms`` gives; None if no question is open to its sender."""
        number = case.incoming.sender
        question = await self._store.read(lambda db: questions.get(db, number))
        if question is None or question.until_ms <= at_ms:
            return None
        wanted = field_of(question.ask, await self._store.read(contact_fields.all_fields))
        if wanted is None:
            await self._store.write(lambda tx: questions.close(tx, case.now_ms, number, Closed.REMOVED))
            return None
        languages = likely_languages(contact, number, self._desk.language())
        try:
            value: FieldValue | None = read_answer(wanted, case.incoming.text, languages)
            detail = ""
        except ValueRefused as exc:
            value, detail = None, str(exc)
        return Answer(case, question, wanted, value, detail, None)

    async def written(self, answer: Answer, contact: Contact | None) -> Answer:
        """Return an answer with the text that thanks or asks again."""
        case, ask = answer.case, answer.question.ask
        languages = likely_languages(contact, case.incoming.sender, self._desk.language())
        defaults = default_texts(languages)
        source = ask.again if answer.value is None else ask.thanks
        if source is None:
            example = example_of(answer.field, languages)
            text = defaults.again.format(example=example) if answer.value is None else defaults.thanks
            return replace(answer, text=text)
        if not source:
            return answer
        values: dict[str, Value] = {"number": case.incoming.sender} if contact is None else values_of(contact)
        values |= {"answer": case.incoming.text, "text": case.incoming.text, "rest": case.incoming.text}
        values |= {"keyword": "", "from": case.incoming.sender, "modem": case.incoming.modem}
        if answer.value is not None:
            values |= {"answer": answer.value, answer.field.name: answer.value}
        setting = setting_of(values, case.now_ms)
        try:
            return replace(answer, text=await self._audience.templates.render(source, values, setting, ANSWER_FIELDS))
        except ServiceError:  # a field in it is empty
            return replace(answer, text=defaults.thanks if answer.value is not None else None)

    def apply(self, tx: Tx, answer: Answer, effects: Effects) -> None:
        """Save the value and thank; or ask again once, and leave the second unreadable text to a person."""
        case, question = answer.case, answer.question
        number, name = question.number, question.ask.field
        if questions.load(tx, number) != question:  # closed by hand meanwhile
            return
        if answer.value is not None:
            questions.answered(tx, number)
            contact_changes.set_field(tx, case.now_ms, number, name, answer.value)
            tx.event(case.now_ms, QuestionAnswered(number, name, answer.value), case.message_id, case.incoming.modem)
            if answer.text is not None:
                self._answering.reply(tx, case, answer.text, effects)
            return
        questions.note_unreadable(tx, number)
        again = question.unreadable + 1 < TRIES and answer.text is not None
        asked = again and self._answering.reply(tx, case, answer.text or "", effects) is None
        unreadable = QuestionUnreadable(number, name, asked, answer.detail)
        tx.event(case.now_ms, unreadable, case.message_id, case.incoming.modem)
        if not asked:
            questions.close(tx, case.now_ms, number, Closed.UNREADABLE)

    async def expire(self, now_ms: int) -> float | None:
        """Close the questions whose time is over. Return the seconds until the next one; None if none is open."""
        while numbers := await self._store.read(lambda db: questions.expired(db, now_ms, PORTION)):

            def close(tx: Tx, numbers: list[str] = numbers) -> None:
                for number in numbers:
                    questions.close(tx, now_ms, number, Closed.EXPIRED)

            await self._store.write(close)
        until_ms = await self._store.read(questions.next_until)
        return None if until_ms is None else max(0.0, (until_ms - now_ms) / 1000)
