"""Nobody who said STOP is texted again, whatever path the text takes: the whole queue with consent, driven at random.

Texts come in as PDUs through the collector; messages go out as requests, batches and schedules, and again by retries,
by resolving, by themselves and after a kill; rules enroll people in drips and ask
them questions. The model knows who said what, and looks at each PDU that gets to a modem.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from support.fakes import ScriptedModem, Step
from support.inbox import pdus

from gsmgw.audience.consent.desk import ConsentDesk
from gsmgw.audience.consent.receiving import ConsentSettings
from gsmgw.audience.drips.desk import Drips
from gsmgw.audience.drips.runner import DripRunner
from gsmgw.audience.questions.desk import Questions
from gsmgw.audience.service import Audience
from gsmgw.automation.rules import Rules, claim
from gsmgw.automation.runner import Automation
from gsmgw.clock import VirtualClock
from gsmgw.dispatch import EventFeed
from gsmgw.errors import Disposition, SubmitError
from gsmgw.inbound import Collector
from gsmgw.model import ModemState, OnUnknown, Priority, Purpose
from gsmgw.model.contacts import ContactField, FieldType
from gsmgw.model.drips import Drip
from gsmgw.model.drips import Step as DripStep
from gsmgw.model.questions import Ask
from gsmgw.model.rules import Action, ActionKind, Match, MatchKind, Rule
from gsmgw.outbound import Accepted, Defaults, MessageService, Principal, Refusal, Scheduler, ServiceError, Submission
from gsmgw.patterns import PatternRunner
from gsmgw.ports import RawPdu
from gsmgw.store import Store
from gsmgw.store.consent_lists import ConsentList

T = TypeVar("T")
ME = Principal()
PEOPLE = [f"+4915112345{n:03d}" for n in range(4)]
LIST = "news"
STOPS = ("STOP", "Stop please", "abmelden bitte", "退订", "Стоп, спасибо", "CANCEL", "STOP STOP")
STARTS = ("START", "Unstop", "anmelden bitte")
OTHERS = (
    "We have got to STOP this bill",
    "Hello",
    "HELP",
    "Yes",
    "see you tomorrow",
    "leave me alone",
    "stop that now ok",
)
SUSPICIOUS = ("leave me alone", "stop that now ok")


class Person:
    """The model's state of a number."""

    def __init__(self) -> None:
        self.out = False
        self.out_of_list = False
        self.suspected = False
        #: Joined the list after the opt-out of everything.
        self.joined_later = False

    def may_get(self, purpose: str, name: str | None) -> bool:
        of_list = purpose == "marketing" and name == LIST
        if (of_list and self.out_of_list) or (purpose == "marketing" and self.suspected):
            return False
        return not self.out or (of_list and self.joined_later)


class Consent(RuleBasedStateMachine):
    """One modem, four people, one list."""

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory()
        self._runner = asyncio.Runner()
        self._lives, self._number = 0, 0
        self._clock = VirtualClock()
        self._people = {number: Person() for number in PEOPLE}
        self._modem = ScriptedModem("m")
        self._seen = 0
        self._stalled: asyncio.Future[int] | None = None
        #: Times of the answers that each number got, milliseconds, with their texts.
        self._answers: dict[tuple[str, str], list[int]] = {}

    def _run(self, start: Callable[[], Awaitable[T]]) -> T:
        async def call() -> T:
            value = await start()
            await self._come_to_rest()
            return value

        value = self._runner.run(call())
        self._look_at_what_was_sent()
        return value

    @initialize()
    def it_starts(self) -> None:
        self._run(self._start)
        self._run(lambda: self._desk.put_list(ConsentList(LIST)))
        self._run(self._set_up)

    async def _set_up(self) -> None:
        """Make a field, two drips, and rules that enroll and ask. CANCEL is not a number, so that it opts out."""
        await self._fields.put(ContactField("party", FieldType.NUMBER))
        steps = (DripStep("0m", "first"), DripStep("1m", "second"), DripStep("30m", "third"))
        await self._drips.put(Drip("Tips", steps, Purpose.MARKETING, LIST, ends_on_answer=False))
        await self._drips.put(Drip("Orders", steps, Purpose.TRANSACTIONAL))
        ask = Action(ActionKind.ASK, "How many?", ask=Ask("party"))
        for word, action in (
            ("tips", Action(ActionKind.ENROLL, "Tips")), ("orders", Action(ActionKind.ENROLL, "Orders")), ("book", ask)
        ):  # fmt: skip
            await self._rules.put(Rule(word, match=Match(MatchKind.EXACT, (word,)), actions=(action,)))

    async def _start(self) -> None:
        path = Path(self._directory.name) / f"{self._lives}" / "g.db"
        path.parent.mkdir(exist_ok=True)
        feed = EventFeed()
        self._store = await Store.open(path, feed.publish)
        await feed.attach(self._store)
        self._scheduler = Scheduler(self._store, self._clock, unknown_grace_s=60)
        defaults = Defaults("DE", 10**6, True, OnUnknown.RESEND)
        self._service = MessageService(self._store, self._clock, self._scheduler, lambda: {"m"}, defaults)
        audience = Audience(self._store, self._clock, lambda: "DE")
        questions = Questions(self._store, self._clock, audience, lambda: "DE", lambda: "en")
        self._desk = ConsentDesk(
            self._store, self._clock, self._service, ConsentSettings("DE"), claims=[claim, questions.claim]
        )
        self._fields, self._drips = (
            audience.fields,
            Drips(self._store, self._clock, audience, self._service, lambda: "DE"),
        )
        self._drip_runner = DripRunner(self._store, self._clock, audience, self._service, self._drips)
        patterns = PatternRunner()
        self._rules = Rules(self._store, self._clock, audience, self._desk, patterns, ["m"], questions)
        self._automation = Automation(
            self._store, self._clock, feed, self._service, self._rules, patterns, audience, questions, set,
            self._drip_runner.wake,
        )  # fmt: skip
        self._collector = Collector(
            self._store,
            self._clock,
            incomplete_after_s=600,
            own_number=lambda _: None,
            on_unmatched_report=self._scheduler.report_unmatched,
            on_queued=self._scheduler.offer,
            on_received=self._desk.receiver,
        )
        former, self._modem, self._seen = self._modem, ScriptedModem("m"), 0
        self._modem._next = former._next
        self._stalled = None
        self._scheduler.attach(self._modem)
        await self._scheduler.begin()
        self._task = asyncio.create_task(self._scheduler.run())

    async def _come_to_rest(self) -> None:
        await self._automation.turn()
        await self._drip_runner.step()
        for _ in range(5):
            await self._store.write(lambda tx: None)
            await self._store.read(lambda db: None)
            for _ in range(10):
                await asyncio.sleep(0)

    def teardown(self) -> None:
        async def end() -> None:
            repeated = "SELECT client_ref FROM messages WHERE client_ref <> '' GROUP BY client_ref HAVING count(*) > 1"
            assert await self._store.read(lambda db: db.execute(repeated).fetchall()) == []
            self._task.cancel()
            await asyncio.wait([self._task])
            await self._store.close()

        if hasattr(self, "_task"):
            self._runner.run(end())
        self._runner.close()
        self._directory.cleanup()

    # -- what must be true ------------------------------------------------------------------------------------------

    def _look_at_what_was_sent(self) -> None:
        """Compare what reached the modem since the last look with what the model knew before."""
        fresh, self._seen = self._modem.tpdus[self._seen :], len(self._modem.tpdus)
        for tpdu in fresh:
            (row,) = self._runner.run(
                self._store.read(
                    lambda db, t=tpdu: db.execute(
                        "SELECT DISTINCT m.peer, m.purpose, m.list, m.exempt, m.text FROM segments s "
                        "JOIN messages m ON m.id = s.message_id WHERE s.tpdu = ? ORDER BY m.id DESC LIMIT 1",
                        (t,),
                    ).fetchall()
                )
            )
            to, purpose, name, exempt, text = row
            assert exempt or self._people[to].may_get(purpose, name), f"{text!r} reached {to}, who opted out"

    # -- what is sent -----------------------------------------------------------------------------------------------

    def _submission(self, to: str, purpose: Purpose, listed: bool, long: bool, later: bool) -> Submission:
        self._number += 1
        text = f"{self._number:04d}" + "x" * (200 if long else 0)
        send_at_ms = self._clock.wall_ms() + 50_000 if later else None
        name = LIST if listed and purpose is Purpose.MARKETING else None
        return Submission(to, text, purpose=purpose, list=name, send_at_ms=send_at_ms, priority=Priority.NORMAL)

    @rule(
        people=st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=6),
        purpose=st.sampled_from(Purpose),
        listed=st.booleans(),
        long=st.sampled_from([False, False, True]),
        later=st.sampled_from([False, False, True]),
    )
    def messages_are_submitted(
        self, people: list[str], purpose: Purpose, listed: bool, long: bool, later: bool
    ) -> None:
        wanted = [self._submission(to, purpose, listed, long, later) for to in people]
        results = self._run(lambda: self._service.submit_batch(ME, wanted))
        for submission, result in zip(wanted, results, strict=True):
            person = self._people[submission.to]
            held = person.suspected and purpose is Purpose.MARKETING
            if isinstance(result, Refusal):
                assert result.code == "recipient_opted_out"
                assert not person.may_get(purpose, submission.list)
            else:
                assert isinstance(result, Accepted)
                assert held or person.may_get(purpose, submission.list)

    @rule(which=st.integers(0, 1000), how=st.sampled_from(["retry", "resend", "leave", "cancel"]))
    def a_person_acts(self, which: int, how: str) -> None:
        ids = self._runner.run(
            self._store.read(
                lambda db: db.execute("SELECT id FROM messages WHERE direction = 'outbound' ORDER BY id").fetchall()
            )
        )
        if not ids:
            return
        number = ids[which % len(ids)][0]

        async def act() -> None:
            with suppress(ServiceError):
                if how == "retry":
                    await self._service.retry(ME, number)
                elif how == "cancel":
                    await self._service.cancel(ME, number)
                else:
                    await self._service.resolve(ME, number, resend=how == "resend")

        self._run(act)

    # -- what people say --------------------------------------------------------------------------------------------

    def _says(self, number: str, text: str) -> None:
        self._number += 1
        stamp = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC) + timedelta(seconds=self._number)
        (pdu,) = pdus(text, sender=number, stamp=stamp)
        self._run(lambda: self._collector.take(RawPdu("m", "sim-m", pdu, None, "SM", self._number, 0)))

    @rule(number=st.sampled_from(PEOPLE), text=st.sampled_from(STOPS))
    def somebody_opts_out(self, number: str, text: str) -> None:
        self._says(number, text)
        person = self._people[number]
        person.out, person.suspected, person.joined_later = True, False, False

    @rule(number=st.sampled_from(PEOPLE))
    def somebody_leaves_the_list(self, number: str) -> None:
        self._says(number, "STOP news please")
        self._people[number].out_of_list, self._people[number].joined_later = True, False

    @rule(number=st.sampled_from(PEOPLE), text=st.sampled_from(STARTS))
    def somebody_comes_back(self, number: str, text: str) -> None:
        self._people[number].out = self._people[number].suspected = False
        self._says(number, text)

    @rule(number=st.sampled_from(PEOPLE))
    def somebody_joins_the_list(self, number: str) -> None:
        self._runner.run(self._clock.advance(1))
        self._people[number].out_of_list, self._people[number].joined_later = False, True
        self._says(number, "START news")

    @rule(number=st.sampled_from(PEOPLE), text=st.sampled_from(OTHERS))
    def somebody_says_something_else(self, number: str, text: str) -> None:
        self._says(number, text)
        if text in SUSPICIOUS and not self._people[number].out:
            self._people[number].suspected = True

    @rule(number=st.sampled_from(PEOPLE), text=st.sampled_from(["tips", "orders", "book", "4", "four"]))
    def somebody_texts_a_keyword_or_an_answer(self, number: str, text: str) -> None:
        self._says(number, text)

    @rule(people=st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3), name=st.sampled_from(["Tips", "Orders"]))
    def people_are_enrolled(self, people: list[str], name: str) -> None:
        self._run(lambda: self._drips.enroll(name, people, None, None))

    @rule(number=st.sampled_from(PEOPLE))
    def somebody_is_asked(self, number: str) -> None:
        wanted = self._submission(number, Purpose.CONVERSATION, False, False, False)._replace(ask=Ask("party"))
        (result,) = self._run(lambda: self._service.submit_batch(ME, [wanted]))
        assert isinstance(result, Accepted) is self._people[number].may_get("conversation", None)

    @rule(number=st.sampled_from(PEOPLE), opt_out=st.booleans())
    def a_person_decides(self, number: str, opt_out: bool) -> None:
        person = self._people[number]
        if not opt_out:
            person.suspected = False
        decided = self._run(lambda: self._desk.decide(number, opt_out=opt_out, reason=None))
        if opt_out and decided is not None:
            person.out, person.suspected, person.joined_later = True, False, False

    # -- what modems and machines do --------------------------------------------------------------------------------

    @rule(
        steps=st.lists(
            st.sampled_from(
                [
                    SubmitError("silence", Disposition.UNKNOWN, payload_started=True),
                    SubmitError("congestion", Disposition.LATER, cms=42),
                    SubmitError("broken", Disposition.MODEM),
                    SubmitError("never", Disposition.NEVER, cms=1),
                ]
            ),
            min_size=1,
            max_size=3,
        )
    )
    def the_modem_will_fail(self, steps: list[Step]) -> None:
        self._modem.script += steps

    @rule()
    def the_modem_stalls(self) -> None:
        async def stall() -> None:
            if self._stalled is None:
                self._stalled = asyncio.get_running_loop().create_future()
                self._modem.script.append(self._stalled)
                self._store.commit_s = 10.0  # as if the disk were slow: messages are committed ahead

        self._run(stall)

    @rule()
    def the_modem_goes_on(self) -> None:
        async def go_on() -> None:
            if self._stalled is not None and not self._stalled.done():
                self._stalled.set_result(99)
            self._stalled = None

        self._run(go_on)

    @rule(state=st.sampled_from([ModemState.ABSENT, ModemState.READY, ModemState.READY]))
    def the_modem_goes_or_comes(self, state: ModemState) -> None:
        async def change() -> None:
            self._scheduler.modem_changed(self._modem.become(state))

        self._run(change)

    @rule(seconds=st.sampled_from([1, 60, 1000, 4000]))
    def time_passes(self, seconds: int) -> None:
        async def go_by() -> None:
            await self._clock.advance(seconds)
            self._scheduler.due(0)
            self._scheduler.modem_changed(self._modem.status)

        self._run(go_by)

    @rule(number=st.sampled_from(PEOPLE), text=st.sampled_from(STOPS), killed=st.booleans())
    def an_opt_out_comes_while_a_text_is_in_doubt(self, number: str, text: str, killed: bool) -> None:
        """The gateway would send it again by itself."""
        self.the_modem_goes_on()
        self.the_modem_goes_or_comes(ModemState.READY)
        self.time_passes(4000)
        self.the_modem_will_fail([SubmitError("silence", Disposition.UNKNOWN, payload_started=True)])
        self.messages_are_submitted([number], Purpose.TRANSACTIONAL, False, False, False)
        self.somebody_opts_out(number, text)
        if killed:
            self.the_gateway_is_killed()
        for _ in range(4):
            self.time_passes(1000)

    @rule(number=st.sampled_from(PEOPLE), text=st.sampled_from(STOPS))
    def an_opt_out_comes_while_texts_are_committed_ahead(self, number: str, text: str) -> None:
        self.the_modem_goes_on()
        self.the_modem_goes_or_comes(ModemState.READY)
        self.time_passes(4000)
        self._modem.script.clear()
        self._modem.script += range(20)
        self.messages_are_submitted(PEOPLE * 5, Purpose.TRANSACTIONAL, False, False, False)
        self.the_modem_stalls()
        self.messages_are_submitted([*PEOPLE, number, number], Purpose.TRANSACTIONAL, False, False, False)
        self.somebody_opts_out(number, text)
        self.the_modem_goes_on()

    @rule()
    def the_gateway_is_killed(self) -> None:
        here = Path(self._directory.name) / f"{self._lives}"
        self._lives += 1
        shutil.copytree(here, here.with_name(f"{self._lives}"))

        async def again() -> None:
            self._task.cancel()
            await asyncio.wait([self._task])
            await self._store.close()
            await self._start()

        self._run(again)


TestConsent = Consent.TestCase
TestConsent.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)
