"""A modem that answers AT and does not work is found out: it sends nothing, forgot its settings, tells nothing."""

from __future__ import annotations

import asyncio

import pytest
from support.modems import PHONE, at_once
from support.modems import TPDU_REPORTED as TPDU
from support.virtual import Bench, bench

from gsmgw.errors import SubmitError
from gsmgw.model import ModemState
from gsmgw.modem.health.failure_counter import FailureCounter
from gsmgw.modem.health.link_state import POLL_EVERY_S
from gsmgw.modem.health.monitor import HEALTH_EVERY_S, READ_BACK_AT_LEAST_EVERY_S
from gsmgw.modem.receiving.report_watch import SILENT_S, TEXTS


async def submit(place: Bench) -> SubmitError | None:
    """Hand one text over, in virtual time; what came of it."""
    task = asyncio.ensure_future(place.modem.submit(TPDU, before_payload=at_once))
    await place.pass_until(task.done, step_s=0.05)
    failure = task.exception()
    assert failure is None or isinstance(failure, SubmitError), failure
    return failure


async def send(place: Bench, within_s: float) -> list[SubmitError]:
    """Hand a text over whenever the modem takes one, until the network has it; the failures on the way."""
    failures: list[SubmitError] = []
    began = place.clock.monotonic()
    while True:
        await place.ready(within_s)
        failure = await submit(place)
        if failure is None:
            return failures
        failures.append(failure)
        assert place.clock.monotonic() - began < within_s, (place.modem.status, len(failures))
        await place.clock.advance(0.1)


@pytest.mark.parametrize(
    ("form", "limit"),
    [
        ("no-result", FailureCounter.OWN_LIMIT),
        ("no-prompt", FailureCounter.OWN_LIMIT),
        ("refused", FailureCounter.ANY_LIMIT),
    ],
)
async def test_one_that_sends_nothing_gets_one_recovery_step_after_the_other_until_it_does(
    form: str, limit: int
) -> None:
    async with bench() as place:
        place.simulated.fault("sends-nothing", form=form)
        failures = await send(place, 1800)
        assert limit + 1 <= len(failures) <= 2 * limit + 4
        steps = [event for event in place.events("modem.recovery") if "in a row failed" in str(event["reason"])]
        assert [event["step"] for event in steps] == ["settings", "radio", "reset"]
        assert str(steps[0]["reason"]).endswith(f"; {limit} messages in a row failed")
        assert len(place.simulation.submits) == 1


@pytest.mark.long
async def test_one_that_never_sends_again_ends_in_quarantine_and_is_tried_again() -> None:
    """No restart helps: the steps have budgets, a person is told, and in the end it works."""
    async with bench() as place:

        async def suffer() -> None:
            while True:
                if not place.simulated.faults.active:
                    place.simulated.fault("sends-nothing")
                await place.clock.sleep(0.01)

        suffering = asyncio.ensure_future(suffer())
        try:
            while not place.events("modem.quarantined"):
                await place.ready()
                assert await submit(place) is not None
                await place.clock.advance(0.1)
            assert ModemState.QUARANTINED in [state for state, _ in place.sink.states]
            assert "messages in a row failed" in str(place.events("modem.quarantined")[0]["reason"])
            assert [event["step"] for event in place.events("modem.recovery")][-2:] == ["radio", "reset"]
        finally:
            suffering.cancel()
        place.simulated.faults.clear()
        await send(place, 1800)


async def test_one_that_restarts_whenever_it_sends_is_quarantined() -> None:
    """The supply breaks down at the transmit burst, each time: that no command can mend."""
    async with bench("simcom-sim800") as place:
        for _ in range(FailureCounter.OWN_LIMIT):
            await place.ready()
            place.simulated.fault("reset-mid-pdu")
            assert await submit(place) is not None
        await place.pass_until(lambda: place.modem.status.state is ModemState.QUARANTINED, 60)
        assert "messages in a row failed" in str(place.events("modem.quarantined")[0]["reason"])
        await place.ready()
        assert await submit(place) is None


async def test_what_is_told_its_settings_again_is_not_told_twice() -> None:
    """A text that came while +CNMI was forgotten is found in the same round: the cause is known, and mended."""
    async with bench() as place:
        place.simulated.fault("forget", what="cnmi")
        place.simulation.send(from_=PHONE, to="modem0", text="not announced")
        await place.pass_until(lambda: bool(place.events("modem.settings_lost")), HEALTH_EVERY_S + 1)
        await place.ready(5)
        assert len(place.sink.pdus) == 1
        await place.clock.advance(HEALTH_EVERY_S + 1)
        assert place.events("modem.indications_lost") == []
        assert [state for state, _ in place.sink.states].count(ModemState.RECOVERING) == 1
        place.simulated.fault("lost-indications", until="restart")  # and yet they stay away
        place.simulation.send(from_=PHONE, to="modem0", text="nor this one")
        await place.pass_until(lambda: bool(place.events("modem.indications_lost")), HEALTH_EVERY_S + 10)
        assert place.events("modem.indications_lost") == [{"unannounced": 1, "in_a_row": 2}]
        assert place.modem.status.state is ModemState.DEGRADED


@pytest.mark.parametrize(("what", "reads"), [("cnmi", "AT+CNMI"), ("cmgf", "AT+CMGF"), ("csms", "AT+CSMS")])
async def test_forgotten_settings_are_read_back_and_made_again(what: str, reads: str) -> None:
    config = {"reception": "direct"} if what == "csms" else {}
    async with bench(config=config) as place:
        place.simulated.fault("forget", what=what)
        await place.pass_until(lambda: bool(place.events("modem.settings_lost")), HEALTH_EVERY_S + 1)
        assert place.events("modem.settings_lost") == [{"settings": [reads]}]
        assert place.modem.status.state is ModemState.RECOVERING
        assert reads in place.modem.status.detail
        await place.ready(5)
        place.simulation.send(from_=PHONE, to="modem0", text="heard again")
        await place.clock.advance(0.1)
        assert len(place.sink.pdus) == 1
        await place.clock.advance(3 * HEALTH_EVERY_S)
        assert len(place.events("modem.settings_lost")) == 1


async def test_settings_are_read_back_in_mid_campaign_too() -> None:
    async with bench() as place:
        going = True

        async def campaign() -> None:
            while going:
                if place.modem.status.state.carries:
                    await submit_now(place)
                await place.clock.sleep(0.2)

        sending = asyncio.ensure_future(campaign())
        await place.clock.advance(5)
        place.simulated.fault("forget", what="cnmi")
        place.simulation.send(from_=PHONE, to="modem0", text="not announced")
        within_s = READ_BACK_AT_LEAST_EVERY_S + HEALTH_EVERY_S + 1
        await place.pass_until(lambda: bool(place.events("modem.settings_lost")), within_s)
        await place.pass_until(lambda: any(raw.storage for raw in place.sink.pdus), 5)
        going = False
        await place.clock.advance(1)
        await sending


async def submit_now(place: Bench) -> None:
    await place.modem.submit(TPDU, before_payload=at_once)


async def test_a_silent_restart_into_text_mode_sends_nothing_to_strangers() -> None:
    """A modem whose default is text mode would take the length of a PDU for the number to send it to."""
    async with bench() as place:
        place.simulated.fault("reset")
        place.simulated.ports[0].text_mode = True
        failure = await submit(place)
        assert failure is not None
        assert not failure.payload_started
        await send(place, 60)
        assert [entry["to"] for entry in place.simulation.submits] == [PHONE]


async def test_a_text_that_is_damaged_on_the_line_stays_in_the_modem_until_it_can_be_read() -> None:
    async with bench() as place:
        place.simulated.fault("drop-bytes", share=0.05, for_s=60)
        for number in range(5):
            place.simulation.send(from_=PHONE, to="modem0", text=f"a text that is long enough to be hit, {number}")
        await place.clock.advance(60 + 2 * HEALTH_EVERY_S)
        taken = [raw for raw in place.sink.pdus if raw.storage is not None]
        assert {len(raw.pdu) for raw in taken} == {len(taken[0].pdu)}
        assert len({raw.pdu for raw in taken}) == 5
        assert len(place.simulated.memories["SM"]) == 0


class TestLostIndications:
    async def test_lost_indications_are_noticed_and_asked_for_anew(self) -> None:
        async with bench() as place:
            place.simulated.fault("lost-indications")
            place.simulation.send(from_=PHONE, to="modem0", text="nobody tells")
            await place.pass_until(lambda: len(place.sink.pdus) == 1, HEALTH_EVERY_S + 1)
            await place.pass_until(lambda: bool(place.events("modem.indications_lost")), 10)
            assert place.events("modem.indications_lost") == [{"unannounced": 1, "in_a_row": 1}]
            await place.ready(5)
            place.simulation.send(from_=PHONE, to="modem0", text="told")
            await place.clock.advance(0.1)
            assert len(place.sink.pdus) == 2
            assert place.modem.status.state is ModemState.READY

    async def test_a_modem_that_announces_nothing_is_polled_until_it_does(self) -> None:
        async with bench() as place:
            place.simulated.fault("lost-indications", until="restart")
            for number in range(2):
                place.simulation.send(from_=PHONE, to="modem0", text=f"text {number}")
                await place.pass_until(
                    lambda number=number: len(place.events("modem.indications_lost")) == number + 1, 60
                )  # type: ignore[misc]
                await place.ready(10)
            assert place.modem.status.state is ModemState.DEGRADED
            assert "notifications stopped" in place.modem.status.detail
            place.simulation.send(from_=PHONE, to="modem0", text="looked for")
            await place.pass_until(lambda: len(place.sink.pdus) == 3, POLL_EVERY_S + 1)
            place.simulated.faults.clear()
            place.simulation.send(from_=PHONE, to="modem0", text="told")
            await place.clock.advance(0.1)
            assert len(place.sink.pdus) == 4
            assert place.modem.status.state is ModemState.READY

    async def test_one_that_the_network_does_not_reach_is_restarted(self) -> None:
        """Reports had come, and then nothing at all for many texts and half an hour."""
        async with bench() as place:
            await send(place, 10)
            await place.pass_until(lambda: len(place.sink.pdus) == 1, 5)
            place.simulated.fault("deaf-inbound")
            place.simulation.send(from_=PHONE, to="modem0", text="held by the network")
            for _ in range(TEXTS):
                assert place.events("modem.indications_lost") == []
                await send(place, 10)
                await place.clock.advance(SILENT_S / TEXTS)
            await place.pass_until(lambda: bool(place.events("modem.indications_lost")), 2 * HEALTH_EVERY_S)
            assert place.events("modem.indications_lost") == [{"reports_missing": TEXTS}]
            assert [event["step"] for event in place.events("modem.recovery")] == ["reset"]
            await place.ready()
            await place.pass_until(lambda: any(raw.storage for raw in place.sink.pdus), 120)

    async def test_reports_that_never_came_are_not_missed(self) -> None:
        async with bench("cinterion-phs8") as place:
            for _ in range(2 * TEXTS):
                await send(place, 10)
                await place.clock.advance(SILENT_S / TEXTS)
            assert place.events("modem.indications_lost") == []

    async def test_what_is_announced_is_no_reason_and_neither_are_drafts(self) -> None:
        async with bench() as place:
            memory = place.simulated.memories["SM"]
            place.simulation.send(from_=PHONE, to="modem0", text="announced")
            await place.clock.advance(0.1)
            stored = place.simulated.ports[0]
            place.simulated.fault("bad-index", count=1)
            place.simulation.send(from_=PHONE, to="modem0", text="announced without its place")
            await place.clock.advance(20 * HEALTH_EVERY_S)
            assert stored is place.simulated.ports[0]
            assert len(memory) == 0
            assert len(place.sink.pdus) == 2
            assert place.events("modem.indications_lost") == []
            assert place.events("modem.settings_lost") == []
