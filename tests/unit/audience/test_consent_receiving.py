"""Changes by a received text: claims of weak words, the profile of the US, languages, answers, and errors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from support.desk import TO, Desk, desk
from support.inbox import pdus

from gsmgw.audience.consent.desk import ConsentDesk
from gsmgw.audience.consent.receiving import REPLY_PAUSE_MS, ConsentSettings
from gsmgw.audience.consent.replies import Replies, _defaults
from gsmgw.audience.consent.words import Phrase, all_words
from gsmgw.clock import VirtualClock
from gsmgw.inbound import Collector
from gsmgw.model import ConsentState, Direction, MessageRecord
from gsmgw.model.contacts import Person
from gsmgw.pdu import plan_text
from gsmgw.ports import RawPdu
from gsmgw.store import Tx, consent_changes, contacts, messages
from gsmgw.store.consent_lists import ConsentList

SETTINGS = ConsentSettings("DE", language="de")


@dataclass
class Place:
    work: Desk
    consent: ConsentDesk
    collector: Collector
    clock: VirtualClock
    claimed: set[str] = field(default_factory=set)
    slots: int = 0

    async def says(self, text: str, number: str = TO) -> MessageRecord:
        for pdu in pdus(text, sender=number):
            self.slots += 1
            await self.collector.take(RawPdu("m", "sim", pdu, None, "SM", self.slots, 0))
        wanted = messages.Filter(direction=Direction.INBOUND)
        return (await self.work.store.read(lambda db: messages.list_messages(db, wanted, 1)))[0]

    def later(self, seconds: float) -> None:
        self.clock.jump(seconds)
        self.clock.adjust()

    async def answers(self) -> list[str | None]:
        wanted = messages.Filter(direction=Direction.OUTBOUND)
        found = await self.work.store.read(lambda db: messages.list_messages(db, wanted, 100))
        return [message.text for message in found[::-1]]

    async def state(self, name: str = "*", number: str = TO) -> ConsentState | None:
        person = await self.consent.person(number)
        return next((each.state for each in person.standings if each.list == name), None)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    clock = VirtualClock()
    async with desk(tmp_path, clock=clock) as work:
        found = Place(work, None, None, clock)  # type: ignore[arg-type]

        def claims(tx: Tx, now_ms: int, number: str, words: Phrase) -> bool:
            return " ".join(words) in found.claimed

        found.consent = ConsentDesk(work.store, clock, work.service, SETTINGS, [claims])
        found.collector = Collector(
            work.store,
            clock,
            incomplete_after_s=600,
            own_number=lambda _: None,
            on_unmatched_report=lambda *_: None,
            on_queued=work.scheduler.offer,
            on_received=found.consent.receiver,
        )
        yield found


async def test_a_weak_word_belongs_to_who_claims_it(place: Place) -> None:
    place.claimed = {"cancel", "stop"}
    assert (await place.says("CANCEL")).consent is None
    assert (await place.says("STOP")).consent == "stop"  # it is not weak: nobody can claim it
    assert await place.state() is ConsentState.OUT


async def test_under_the_profile_of_the_us_nobody_claims_a_keyword(place: Place) -> None:
    place.consent.receiver.settings = replace(SETTINGS, country="US", profile="us")
    place.claimed = {"cancel", "yes", "info"}
    assert (await place.says("CANCEL")).consent == "stop"
    assert (await place.says("YES")).consent == "start"
    assert (await place.says("INFO")).consent == "help"
    await place.consent.put_list(ConsentList("news", double_opt_in=True))
    await place.says("START news")
    assert (await place.says("YES")).consent == "confirmed"
    assert await place.state("news") is ConsentState.CONFIRMED


async def test_a_question_is_open_for_72_hours(place: Place) -> None:
    await place.consent.put_list(ConsentList("news", double_opt_in=True))
    await place.says("START news")
    place.later(73 * 3600)
    assert (await place.says("Ja")).consent is None
    await place.says("START news")
    place.later(71 * 3600)
    assert (await place.says("Ja bitte")).consent == "confirmed"


async def test_a_confirmation_goes_once_in_24_hours(place: Place) -> None:
    for _ in range(3):
        await place.says("STOP")
    assert len(await place.answers()) == 1
    place.later(REPLY_PAUSE_MS // 1000 + 1)
    await place.says("STOP")
    assert len(await place.answers()) == 2
    await place.consent.put_list(ConsentList("news", stop_reply={"de": "Ohne Sie."}))
    await place.says("STOP news")
    assert (await place.answers())[-1] == "Ohne Sie."


@pytest.mark.parametrize(
    ("number", "text", "begin"),
    [
        ("+4915112345678", "STOP", "Salon: Sie sind abgemeldet"),
        ("+33612345678", "STOP", "Salon: Vous êtes désinscrit"),
        ("+48512345678", "STOP", "Salon: Subskrypcja anulowana"),
        ("+33612345678", "abmelden", "Salon: Sie sind abgemeldet"),
        ("+37060012345", "STOP", "Salon: Sie sind abgemeldet"),
    ],
)
async def test_the_answer_is_in_the_language_of_the_person(place: Place, number: str, text: str, begin: str) -> None:
    place.consent.receiver.settings = replace(SETTINGS, replies=Replies("Salon"))
    await place.says(text, number)
    (answer,) = await place.answers()
    assert str(answer).startswith(begin)


async def test_who_was_asked_in_german_and_says_yes_is_confirmed_in_german(place: Place) -> None:
    await place.consent.put_list(ConsentList("news", double_opt_in=True))
    await place.says("START news")
    assert (await place.says("YES")).consent == "confirmed"
    question, confirmation = await place.answers()
    assert str(question).startswith("Möchten Sie")
    assert str(confirmation).startswith("Sie sind angemeldet")


async def test_the_language_of_a_contact_goes_first(place: Place) -> None:
    await place.work.store.write(lambda tx: contacts.create(tx, 1, TO, Person(language="pt-BR")))
    await place.says("STOP")
    assert str((await place.answers())[0]).startswith("O seu número foi removido")


async def test_a_suspicion_about_who_is_out_already_asks_nobody(place: Place) -> None:
    await place.says("STOP")
    assert (await place.says("leave me alone")).consent is None
    assert await place.consent.suspicions(None, 10) == []
    assert await place.consent.decide(TO, opt_out=True, reason=None) is None


async def test_the_stricter_consent_is_kept_when_people_are_merged(place: Place) -> None:
    other = "+4915112345699"
    await place.consent.put_list(ConsentList("news"))
    await place.says("STOP news", other)
    await place.says("leave me alone", other)
    await place.work.store.write(lambda tx: consent_changes.keep_stricter(tx, 5, TO, other))
    assert await place.state("news") is ConsentState.OUT
    assert {each.number for each in await place.consent.suspicions(None, 10)} == {TO, other}


async def test_a_national_number_is_one_of_the_country_of_the_sim(place: Place) -> None:
    place.consent.receiver.settings = replace(SETTINGS, country=None)
    assert (await place.says("STOP", "015112345678")).consent is None  # the country is not known
    place.collector._own_number = lambda _: "+491700000001"
    assert (await place.says("STOP", "015112345678")).consent == "stop"
    assert await place.state() is ConsentState.OUT


async def test_an_error_does_not_lose_the_text(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    def fails(*_: object) -> None:
        raise ValueError("a fault of ours")

    place.collector._on_received = fails
    assert (await place.says("STOP")).text == "STOP"
    assert "was stored but not examined" in caplog.text


async def test_a_long_text_is_read_once_it_is_complete(place: Place) -> None:
    await place.says("Please leave me alone. " + "x" * 200)
    assert len(await place.consent.suspicions(None, 10)) == 1
    assert await place.answers() == []


def test_the_defaults_fit_one_text() -> None:
    assert set(_defaults()) == set(all_words().languages)
    for language, texts in _defaults().items():
        for kind in ("stop", "start", "help", "question"):
            assert plan_text(texts[kind].format(name="", list="")).segment_count <= 2, (language, kind)
