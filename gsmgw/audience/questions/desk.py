"""Open questions as people manage them: check, list, close."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gsmgw.audience.consent.receiving import likely_languages
from gsmgw.audience.consent.words import Phrase
from gsmgw.audience.errors import NotFound
from gsmgw.audience.field_values import ValueRefused
from gsmgw.audience.questions.reading import read_answer
from gsmgw.audience.service import Audience
from gsmgw.model.contacts import Contact, ContactField, FieldType
from gsmgw.model.questions import Ask, Closed, OpenQuestion
from gsmgw.numbers import NumberError, parse_recipient
from gsmgw.outbound import Principal
from gsmgw.outbound.errors import Refusal
from gsmgw.ports import Clock
from gsmgw.store import Store, Tx, contact_fields, contacts, questions
from gsmgw.wire.problems import ProblemCode

#: Fields of a contact besides the declared ones that an answer may set.
NAME = ContactField("name", FieldType.TEXT)
#: Names that the texts of a question may use besides the fields of the contact.
ANSWER_FIELDS = frozenset({"answer", "text", "keyword", "rest", "from", "modem"})


@dataclass(frozen=True, slots=True)
class Answered:
    """The field that a text would set, or False in ``readable`` if the person would be asked again."""

    field: str
    readable: bool


class Questions:
    """Manages open questions. ``language`` returns that of the gateway."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        audience: Audience,
        country: Callable[[], str | None],
        language: Callable[[], str],
    ) -> None:
        self._store = store
        self._clock = clock
        self._audience = audience
        self._country = country
        self.language = language

    async def check(self, ask: Ask, caller: Principal | None = None) -> None:
        """Check what a message asks; a caller must be able to change contacts. Raises :class:`ServiceError`."""
        if caller is not None:
            caller.require_unrestricted()
        known = await self._store.read(contact_fields.all_fields)
        if ask.field != NAME.name and ask.field not in {each.name for each in known}:
            detail = f"the field {ask.field[:40]!r} does not exist. Declare it: gsmgw contacts fields set"
            raise Refusal(ProblemCode.INVALID_REQUEST, "ask.field", detail)
        for place, text in (("thanks", ask.thanks), ("again", ask.again)):
            if text:
                try:
                    await self._audience.templates.check(text, ANSWER_FIELDS)
                except Refusal as exc:
                    raise Refusal(exc.code, f"ask.{place}", exc.detail) from None

    async def page(self, after: str, limit: int) -> list[OpenQuestion]:
        """Return open questions by number."""
        return await self._store.read(lambda db: questions.page(db, after, limit))

    def _read(self, number: str) -> str:
        try:
            return parse_recipient(number, self._country())
        except NumberError as exc:
            raise Refusal(ProblemCode.INVALID_NUMBER, "number", f"{number!r} {exc}") from None

    async def to(self, number: str) -> OpenQuestion | None:
        """Return the open question to a number, if there is one."""
        wanted = self._read(number)
        return await self._store.read(lambda db: questions.get(db, wanted))

    async def remove(self, number: str) -> None:
        """Close the question to a number. Raises :class:`NotFound`."""
        wanted = self._read(number)
        now_ms = self._clock.wall_ms()
        if not await self._store.write(lambda tx: questions.close(tx, now_ms, wanted, Closed.REMOVED)):
            raise NotFound(f"no question to {wanted} is open")

    async def answered_by(self, number: str, text: str, contact: Contact | None, now_ms: int) -> Answered | None:
        """Return which field a text would set; None if no question to that number is open."""
        found = await self._store.read(lambda db: questions.get(db, number))
        if found is None or found.until_ms <= now_ms:
            return None
        field = field_of(found.ask, await self._store.read(contact_fields.all_fields))
        if field is None:
            return None
        try:
            read_answer(field, text, likely_languages(contact, number, self.language()))
        except ValueRefused:
            return Answered(field.name, readable=False)
        return Answered(field.name, readable=True)

    def claim(self, tx: Tx, now_ms: int, number: str, words: Phrase) -> bool:
        """Return True if these words answer an open question: then they are not an opt-out."""
        found = questions.load(tx, number)
        if found is None or found.until_ms <= now_ms:
            return False
        field = field_of(found.ask, contact_fields.load_all(tx))
        if field is None:
            return False
        contact = contacts.load(tx, number)
        try:
            read_answer(field, " ".join(words), likely_languages(contact, number, self.language()))
        except ValueRefused:
            return False
        return True


def field_of(ask: Ask, known: list[ContactField]) -> ContactField | None:
    """Return the field that a question sets; None if it was deleted."""
    return NAME if ask.field == NAME.name else next((each for each in known if each.name == ask.field), None)
