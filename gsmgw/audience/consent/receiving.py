"""Applies what a received text says about consent, in the transaction that stores the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gsmgw.audience.consent.classify import Meaning, Reading, classify
from gsmgw.audience.consent.replies import Replies, ReplyKind
from gsmgw.audience.consent.words import Phrase, all_words, normalise
from gsmgw.inbound import AfterCommit
from gsmgw.model import EVERYTHING, ConsentAction, ConsentState, ConsentVerdict, Outgoing, Priority, Purpose
from gsmgw.model.contacts import Contact
from gsmgw.model.routes import like_last_time
from gsmgw.numbers import NumberError, parse_recipient
from gsmgw.outbound import MessageService, Submission
from gsmgw.store import Tx, consent_changes, consent_lists, contacts, inbox
from gsmgw.store.consent_changes import Change
from gsmgw.store.consent_lists import ConsentList
from gsmgw.store.inbox import Received
from gsmgw.zones import country_of_number

#: A question of a double opt-in can be answered for that long.
OPEN_QUESTION_MS = 72 * 3_600_000
#: One confirmation of a kind goes to a number and list in that time.
REPLY_PAUSE_MS = 24 * 3_600_000
_SOURCE = "sms"
#: The language whose words (STOP, YES) are used by people of all languages: it says nothing about theirs.
_EVERYWHERE = "en"


class Claim(Protocol):
    """Something that an ordinary answer may be meant for: a keyword rule, an open question."""

    def __call__(self, tx: Tx, now_ms: int, number: str, words: Phrase) -> bool:
        """Return True if it claims a text with these words."""


@dataclass(frozen=True, slots=True)
class ConsentSettings:
    """The configuration of consent. ``profile`` makes the keywords of a country final."""

    country: str | None = None
    profile: str | None = None
    language: str = "en"
    #: None answers nothing.
    replies: Replies | None = field(default_factory=Replies)


@dataclass(frozen=True, slots=True)
class _Text:
    """A received text with its sender in E.164."""

    now_ms: int
    message_id: int
    number: str
    modem: str
    text: str
    reading: Reading
    #: The languages of the sender, the most likely first.
    local: Sequence[str]


@dataclass(slots=True)
class _Outcome:
    """News for the queue, given to it after the commit."""

    verdict: ConsentVerdict
    fresh: list[Outgoing] = field(default_factory=list)
    canceled: list[int] = field(default_factory=list)
    opted_out: bool = False


class ConsentReceiver:
    """Called by the collector with each received text. ``claims`` come before weak words."""

    def __init__(self, service: MessageService, settings: ConsentSettings, claims: Sequence[Claim] = ()) -> None:
        self._service = service
        self.settings = settings
        self._claims = tuple(claims)

    def __call__(self, tx: Tx, now_ms: int, message_id: int, received: Received) -> AfterCommit | None:
        """Apply a text that was just stored. Return what is to be done after the commit."""
        number = self._number_of(received)
        if number is None or received.text is None:
            return None
        lists = {list.name: list for list in consent_lists.all_lists(tx.all)}
        local = self._languages_of(tx, number)
        keywords = {normalise(word): each.name for each in lists.values() for word in (each.name, *each.keywords)}
        reading = classify(received.text, lists=keywords, local=local, profile=self.settings.profile)
        if reading is None:
            return None
        text = _Text(now_ms, message_id, number, received.modem, received.text, reading, local)
        outcome = self._apply(tx, text, lists)
        if outcome is None:
            return None
        inbox.note_consent(tx, message_id, outcome.verdict)
        return _after(self._service, number, outcome)

    def _apply(self, tx: Tx, text: _Text, lists: dict[str, ConsentList]) -> _Outcome | None:
        reading = text.reading
        asked = (
            consent_changes.asked_list(tx, text.number, text.now_ms - OPEN_QUESTION_MS) if _agrees(reading) else None
        )
        if asked is not None:
            return self._join(tx, text, asked, lists.get(asked), ConsentState.CONFIRMED)
        if reading.weak and self._is_claimed(tx, text):
            return None
        name = reading.list or EVERYTHING
        if reading.meaning is Meaning.STOP:
            return self._stop(tx, text, name, lists.get(name))
        if reading.meaning is Meaning.START:
            if (wanted := lists.get(name)) is not None and wanted.double_opt_in:
                return self._ask(tx, text, wanted)
            return self._join(tx, text, name, lists.get(name), ConsentState.IN)
        if reading.meaning is Meaning.HELP:
            return _Outcome(ConsentVerdict.HELP, fresh=self._reply(tx, text, "help", lists.get(name)))
        if reading.meaning is Meaning.SUSPECT:
            return self._suspect(tx, text)
        return None

    def _is_claimed(self, tx: Tx, text: _Text) -> bool:
        words = normalise(text.text)
        return any(claim(tx, text.now_ms, text.number, words) for claim in self._claims)

    # -- the outcomes ---------------------------------------------------------------------------------------------

    def _stop(self, tx: Tx, text: _Text, name: str, of: ConsentList | None) -> _Outcome:
        canceled = consent_changes.change(
            tx, text.now_ms, text.number, name, _change(text, ConsentAction.OUT, ConsentState.OUT)
        )
        outcome = _Outcome(ConsentVerdict.STOP, canceled=canceled, opted_out=True)
        if self._may_reply(tx, text, name, "stop"):
            outcome.fresh = self._reply(tx, text, "stop", of)
        return outcome

    def _join(self, tx: Tx, text: _Text, name: str, of: ConsentList | None, state: ConsentState) -> _Outcome:
        consent_changes.change(tx, text.now_ms, text.number, name, _change(text, ConsentAction(state.value), state))
        verdict = ConsentVerdict.CONFIRMED if state is ConsentState.CONFIRMED else ConsentVerdict.START
        outcome = _Outcome(verdict)
        if self._may_reply(tx, text, name, "start"):
            outcome.fresh = self._reply(tx, text, "start", of)
        return outcome

    def _ask(self, tx: Tx, text: _Text, of: ConsentList) -> _Outcome:
        outcome = _Outcome(ConsentVerdict.START)
        if self._may_reply(tx, text, of.name, "question"):
            consent_changes.ask(tx, text.now_ms, text.number, of.name, _change(text, ConsentAction.ASKED, None))
            outcome.fresh = self._reply(tx, text, "question", of)
        return outcome

    def _suspect(self, tx: Tx, text: _Text) -> _Outcome | None:
        if consent_changes.is_out(tx, text.number):
            return None
        consent_changes.suspect(tx, text.now_ms, text.number, _change(text, ConsentAction.SUSPECTED, None))
        return _Outcome(ConsentVerdict.SUSPECTED)

    # -- the answers ----------------------------------------------------------------------------------------------

    def _may_reply(self, tx: Tx, text: _Text, name: str, kind: ReplyKind) -> bool:
        return self.settings.replies is not None and consent_changes.may_reply(
            tx, text.now_ms, text.number, name, kind, REPLY_PAUSE_MS
        )

    def _reply(self, tx: Tx, text: _Text, kind: ReplyKind, of: ConsentList | None) -> list[Outgoing]:
        """Accept an answer through the SIM that was texted: urgent, and not blocked by the opt-out."""
        replies = self.settings.replies
        if replies is None:
            return []
        own = {} if of is None else own_texts(of, kind)
        languages = text.local if text.reading.language == _EVERYWHERE else [text.reading.language, *text.local]
        words = replies.text(kind, languages, own, None if of is None else of.name)
        wanted = Submission(text.number, words, priority=Priority.URGENT, purpose=Purpose.CONVERSATION, exempt=True)
        return self._service.accept_own(tx, text.now_ms, wanted, like_last_time(text.modem))

    def _number_of(self, received: Received) -> str | None:
        """Return a sender in E.164; None for names and short codes, which nobody can text as a person.

        A national number is one of the gateway's country, or else of the country of the SIM that was texted.
        """
        country = self.settings.country or (country_of_number(received.own) if received.own else None)
        try:
            number = parse_recipient(received.sender, country)
        except NumberError:
            return None
        return number if number.startswith("+") else None

    def _languages_of(self, tx: Tx, number: str) -> list[str]:
        return likely_languages(contacts.load(tx, number), number, self.settings.language)


def likely_languages(contact: Contact | None, number: str, default: str) -> list[str]:
    """Return the languages of a number: of its contact, of its country, of the gateway (``default``), and English."""
    own = contact.person.language if contact is not None else None
    country = country_of_number(number)
    of_country = None if country is None else all_words().countries.get(country)
    of_contact = None if own is None else own[:2].lower()
    return list(dict.fromkeys(each for each in (of_contact, of_country, default, "en") if each is not None))


def own_texts(of: ConsentList, kind: ReplyKind) -> consent_lists.Texts:
    """Return the texts of a list for a kind of answer."""
    return {"stop": of.stop_reply, "start": of.start_reply, "help": of.help_reply, "question": of.question}[kind]


def _agrees(reading: Reading) -> bool:
    """Return True for a yes, which is also a START under the profile of the US."""
    return reading.meaning is Meaning.YES or (reading.meaning is Meaning.START and reading.keyword == "yes")


def _change(text: _Text, action: ConsentAction, state: ConsentState | None) -> Change:
    return Change(action, state, _SOURCE, text.reading.keyword, text.text, message_id=text.message_id)


def _after(service: MessageService, number: str, outcome: _Outcome) -> Callable[[], None]:
    def after() -> None:
        if outcome.opted_out:
            service.opted_out(number, outcome.canceled)
        service.announce(outcome.fresh)

    return after
