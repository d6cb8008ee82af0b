"""Cases from public reports, each through the fault of the simulator that imitates it.

The numbers are those of docs/reference/simulator-faults.md#field-cases.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from support.modems import PHONE, TPDU, at_once
from support.rig import Rig, hasty, simulated
from support.virtual import Bench, bench

from gsmgw.errors import Disposition, SubmitError
from gsmgw.model import ModemState
from gsmgw.modem.receiving.reading import UNREADABLE_RETRY_S
from gsmgw.store import late_refusals
from hw_sim.faults.network_texts import FORMS

DIRECT = {"reception": "direct"}
RUSSIAN = "Баланс: 12,50 руб. Тариф №3"


async def receive(place: Bench, *texts: str) -> None:
    for text in texts:
        place.simulation.send(from_=PHONE, to="modem0", text=text)
        await place.clock.advance(1)


async def inbox(rig: Rig, count: int) -> list[dict[str, Any]]:
    """The received messages, once so many are there."""
    async with asyncio.timeout(60):
        while True:
            page = await rig.http.get("/v1/inbox", params={"limit": 50})
            if page.status_code != 200:
                page = await rig.http.get("/v1/messages", params={"direction": "inbound", "limit": 50})
            data: list[dict[str, Any]] = page.json()["data"]
            if len(data) >= count:
                return data
            await asyncio.sleep(0.05)


class TestRefusedSettings:
    """C6: a setting that is refused is said again until it is taken, whatever the refusal says."""

    @pytest.mark.parametrize("command", ["+CNMI", "+CPMS", "+CMGF", "+CSCS", "+CLIP"])
    @pytest.mark.parametrize("refusal", [{}, {"error": "cme", "code": 3}, {"error": "plain"}, {"code": 332}])
    async def test_a_start_at_which_one_command_is_refused(self, command: str, refusal: dict[str, Any]) -> None:
        async with bench(ready=False) as place:
            place.simulated.fault("refuse-setting", for_s=12, command=command, **refusal)
            await place.pass_until(lambda: place.modem.status.state is ModemState.READY, 90)
            await place.clock.advance(60)
            await receive(place, "announced")
            assert len(place.sink.pdus) == 1
            assert place.modem.status.state is ModemState.READY
            assert place.simulated.inbound.cnmi == [2, 1, 0, 1, 0]

    @pytest.mark.parametrize("refusal", [{}, {"error": "plain"}])
    async def test_a_service_that_is_refused(self, refusal: dict[str, Any]) -> None:
        async with bench(config=DIRECT, ready=False) as place:
            place.simulated.fault("refuse-setting", for_s=12, command="+CSMS", **refusal)
            await place.pass_until(lambda: place.simulated.inbound.service == 1, 90)
            await place.clock.advance(5)
            await receive(place, "direct")
            assert [raw.storage for raw in place.sink.pdus] == [None]

    async def test_a_character_set_that_is_refused_is_asked_for_again(self) -> None:
        async with bench(ready=False) as place:
            place.simulated.fault("refuse-setting", for_s=12, command="+CSCS", error="plain")
            await place.pass_until(lambda: place.modem.status.state is ModemState.READY, 90)
            await place.clock.advance(70)
            place.simulated.fault("ussd-form", form="gsm", count=1)
            asking = asyncio.ensure_future(place.modem.ussd("*100#"))
            await place.pass_until(asking.done, 70)
            assert asking.result().text == READABLE["gsm"]

    async def test_the_next_try_is_shown(self) -> None:
        async with bench(ready=False) as place:
            place.simulated.fault("refuse-setting", command="+CNMI", error="plain")
            await place.pass_until(lambda: place.modem.status.state is ModemState.DEGRADED, 90)
            assert "AT+CNMI refused, trying again in " in place.modem.status.detail
            place.simulated.faults.clear()
            await place.pass_until(lambda: place.modem.status.state is ModemState.READY, 1000)


class TestAcknowledgement:
    """B19: one form of AT+CNMA is refused, another is taken."""

    @pytest.mark.parametrize("form", ["value", "plain", "one"])
    async def test_each_message_once(self, form: str) -> None:
        async with bench(config=DIRECT) as place:
            place.simulated.fault("acknowledgement-form", form=form)
            await receive(place, *(f"text {number}" for number in range(5)))
            await place.clock.advance(60)
            assert len({raw.pdu for raw in place.sink.pdus}) == len(place.sink.pdus) == 5
            assert place.modem.status.state is ModemState.READY

    async def test_none_is_taken(self) -> None:
        async with bench(config=DIRECT) as place:
            place.simulated.fault("acknowledgement-form", form="none")
            await receive(place, "first", "second", "third")
            await place.clock.advance(120)
            assert len({raw.pdu for raw in place.sink.pdus}) == 3, "all are received, stored"
            assert place.simulated.inbound.service == 0


class TestUnreadablePlaces:
    """B15b: a place that cannot be read costs itself."""

    @pytest.mark.parametrize("listing", ["breaks", "refused", "skips"])
    @pytest.mark.parametrize("code", [320, 300, 302, 500])
    @pytest.mark.parametrize("delete", [False, True])
    async def test_the_other_places_are_read(self, listing: str, code: int, delete: bool) -> None:
        async with bench(ready=False) as place:
            place.simulated.fault("unreadable-place", index=2, code=code, list=listing, delete=delete)
            await place.pass_until(lambda: place.modem.status.state.carries, 90)
            place.modem.disable()
            await place.pass_until(lambda: place.modem._link is None, 30)
            await receive(place, "one", "two", "three")
            place.modem.enable()
            await place.clock.advance(30)
            assert sorted(raw.index or 0 for raw in place.sink.pdus) == [1, 3]
            if listing != "skips":
                assert place.modem.status.state is ModemState.DEGRADED
                assert "cannot be read" in place.modem.status.detail
                assert "trying again every 600 s" in place.modem.status.detail
            place.simulated.faults.clear("unreadable-place")
            await place.pass_until(lambda: len(place.sink.pdus) == 3, UNREADABLE_RETRY_S + 310)

    async def test_an_announced_place_that_cannot_be_read(self) -> None:
        async with bench() as place:
            place.simulated.fault("unreadable-place", index=1)
            await receive(place, "one", "two", "three")
            await place.clock.advance(10)
            assert [raw.index for raw in place.sink.pdus] == [2, 2]
            assert place.modem.status.state is ModemState.DEGRADED


class TestWrongNumbers:
    """D5: refusals that follow the recipient say nothing about the modem."""

    async def test_the_good_ones_go_at_once(self, tmp_path: Path) -> None:
        async with simulated(tmp_path, 1) as (sim, rig):
            wrong = [f"+49151999000{number:02d}" for number in range(6)]
            good = [f"+49151000000{number:02d}" for number in range(10)]
            sim.network.set_rules(refused=dict.fromkeys(wrong, 500))
            answers = await rig.client.send_many([{"to": to, "text": "x"} for to in (*wrong, *good)])
            for answer in answers[len(wrong) :]:
                await rig.event(0, "message.sent", where=lambda event, sent=answer["id"]: event["message_id"] == sent)
            assert sorted(entry["to"] for entry in sim.submits) == good
            assert rig.gateway.modems["modem0"].status.state.value == "ready"


class TestLateResults:
    """D7: a result counts whenever it comes."""

    async def test_a_result_that_comes_late(self, tmp_path: Path) -> None:
        async with simulated(tmp_path, 1, hasty(tmp_path), unknown_grace_s=30) as (sim, rig):
            sim.modem("modem0").fault("slow-result", count=1, seconds=20)
            answer = await rig.client.send(PHONE, "once", delivery_report=False)
            await rig.event(0, "message.sent", where=lambda event: event["message_id"] == answer["id"])
            assert [entry["text"] for entry in sim.submits] == ["once"]

    async def test_a_refusal_that_comes_late(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(late_refusals, "PAUSES_S", (0,))
        async with simulated(tmp_path, 1, hasty(tmp_path), unknown_grace_s=60) as (sim, rig):
            await self.known(rig)
            sim.modem("modem0").fault("late-refusal", count=1, seconds=6, code=38)
            answer = await rig.client.send(PHONE, "once", delivery_report=False)
            await rig.event(0, "message.sent", where=lambda event: event["message_id"] == answer["id"])
            history = (await rig.client.message(answer["id"]))["history"]
            settled = [event["data"] for event in history if event["type"] == "message.settled"]
            assert settled == [{"decision": "resend", "evidence": "refusal"}]
            assert [entry["text"] for entry in sim.submits].count("once") == 1

    async def test_a_message_that_was_refused_late_too_often_has_failed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(late_refusals, "PAUSES_S", ())
        async with simulated(tmp_path, 1, hasty(tmp_path), unknown_grace_s=60) as (sim, rig):
            await self.known(rig)
            sim.modem("modem0").fault("late-refusal", seconds=6, code=38)
            answer = await rig.client.send(PHONE, "never", delivery_report=False)
            message = await rig.ended(answer["id"])
            assert (message["status"], message["error"]["cms"]) == ("failed", 38)

    async def test_a_late_refusal_for_good(self, tmp_path: Path) -> None:
        async with simulated(tmp_path, 1, hasty(tmp_path), unknown_grace_s=60) as (sim, rig):
            await self.known(rig)
            sim.modem("modem0").fault("late-refusal", seconds=6, code=1, count=1)
            answer = await rig.client.send(PHONE, "never", delivery_report=False)
            message = await rig.ended(answer["id"])
            assert (message["status"], message["error"]["cms"]) == ("failed", 1)
            assert sim.modem("modem0").faults.active == []

    async def test_a_refusal_that_may_belong_to_either_of_two_messages_settles_none(self) -> None:
        async with bench() as place:
            for _ in range(6):
                task = asyncio.ensure_future(place.modem.submit(TPDU, before_payload=at_once))
                await place.pass_until(task.done, 200)
            place.simulated.fault("lost-result", count=1)
            task = asyncio.ensure_future(place.modem.submit(TPDU, before_payload=at_once))
            await place.pass_until(task.done, 200)
            await place.ready()
            place.simulated.fault("cms-38", count=1)
            task = asyncio.ensure_future(place.modem.submit(TPDU, before_payload=at_once))
            await place.pass_until(task.done, 200)
            failure = task.exception()
            assert isinstance(failure, SubmitError)
            assert (failure.disposition, failure.overdue) == (Disposition.UNKNOWN, True)
            assert place.events("submit.late_refusal") == []

    async def test_a_refusal_after_a_message_that_was_accepted_is_that_messages_own(self) -> None:
        async with bench() as place:

            async def submit() -> BaseException | None:
                task = asyncio.ensure_future(place.modem.submit(TPDU, before_payload=at_once))
                await place.pass_until(task.done, 200)
                return task.exception()

            for _ in range(6):
                assert await submit() is None
            place.simulated.fault("lost-result", count=1)  # it was sent: its reference was used
            assert isinstance(await submit(), SubmitError)
            await place.ready()
            assert await submit() is None
            place.simulated.fault("cms-38", count=1)
            refused = await submit()
            assert isinstance(refused, SubmitError)
            assert (refused.disposition, refused.cms, refused.overdue) == (Disposition.LATER, 38, False)

    async def known(self, rig: Rig) -> None:
        """Send enough for the gateway to know how fast the modem is."""
        for number in range(6):
            answer = await rig.client.send(f"+4915100000{number:03d}", "known", delivery_report=False)
            await rig.event(0, "message.sent", where=lambda event, sent=answer["id"]: event["message_id"] == sent)


READABLE = {
    "ucs2": RUSSIAN,
    "ucs2-bare": RUSSIAN,
    "ucs2-chinese": "您的余额为12.50元",
    "ucs2-arabic": "رصيدك ١٠٫٥٠ جنيه",
    "ucs2-decimal": "сахар, чай",
    "digits": "0171123456",
    "ucs2-digits": "0171123456",
    "gsm": "Konto: 12,50€; ü",
    "at-sign": "mail@example.com: {5}",
    "packed": "Guthaben 12,50 EUR",
    "data": "Guthaben: 5 €",
    "utf-8": "Größe: 5 GB",
    "quote": 'TV 32" for 99',
    "quote-comma": '1 "Flat", 2 "Data',
    "ok-line": "1 Balance\nOK\n2 Offers",
    "error-line": "Last call:\nERROR\nNO CARRIER\nBUSY\nend",
    "empty-line": "Menu\n\n1 Balance",
    "urc-line": "News\n+CMTI: soon\nRING\nend",
    "unended": "Balance 5 EUR\nOK",
}


class TestUssd:
    """E3b, E5, E6, E8, E9: the text of the network is shown as it is, and at once."""

    def test_no_form_is_left_out(self) -> None:
        assert READABLE.keys() == FORMS.keys()

    @pytest.mark.parametrize("form", sorted(FORMS))
    async def test_a_text(self, form: str) -> None:
        async with bench() as place:
            place.simulated.fault("ussd-form", form=form, count=1)
            asking = asyncio.ensure_future(place.modem.ussd("*100#"))
            took_s = await place.pass_until(asking.done, 70)
            assert asking.result().text == READABLE[form]
            assert took_s <= 3
            assert place.events("call.missed") == []
            await place.clock.advance(60)
            assert place.modem.status.state is ModemState.READY


class TestParts:
    """B4, G1: parts of one reference that are not one message."""

    @pytest.mark.parametrize("generations", [1, 3])
    @pytest.mark.parametrize("order", ["reversed", "forward"])
    async def test_nothing_of_an_earlier_text_is_in_the_new_one(
        self, generations: int, order: str, tmp_path: Path
    ) -> None:
        async with simulated(tmp_path, 1) as (sim, rig):
            sim.modem("modem0").fault("reused-reference", generations=generations, order=order)
            (message,) = await inbox(rig, 1)
            assert message["text"] == "new text"

    @pytest.mark.parametrize("total", [2, 3])
    @pytest.mark.parametrize("order", ["forward", "reversed"])
    async def test_text_and_data_under_one_reference(self, total: int, order: str, tmp_path: Path) -> None:
        async with simulated(tmp_path, 1, incomplete_after_s=1) as (sim, rig):
            modem = sim.modem("modem0")
            modem.fault("mixed-parts", total=total, order=order)
            await rig.until(lambda: not list(modem.receive_memory.items()))
            sim.send(from_=PHONE, to="modem0", text="after it")
            await rig.until(lambda: rig.gateway.modems["modem0"].status.state.value == "ready")
            texts = [message["text"] for message in await inbox(rig, 1)]
            assert "after it" in texts
