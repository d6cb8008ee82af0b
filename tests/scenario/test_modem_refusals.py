"""A refusal of a modem costs the refused thing and nothing else: settings, acknowledgements, places in a memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from support.modems import PHONE
from support.virtual import bench

from gsmgw.model import ModemState
from gsmgw.modem.health.link_state import POLL_EVERY_S
from gsmgw.modem.health.monitor import HEALTH_EVERY_S
from gsmgw.modem.receiving.reading import UNREADABLE_RETRY_S

Answer = Callable[[str], str | None]


def refuse(command: str, error: str, *, times: int | None = None) -> Answer:
    """Refuse a command, so many times or always."""
    left = times

    def answer(line: str) -> str | None:
        nonlocal left
        if not line.startswith(command) or left == 0:
            return None
        if left is not None:
            left -= 1
        return error

    return answer


class TestSettings:
    async def test_indications_that_are_refused_as_busy_are_asked_for_again(self) -> None:
        """For some seconds AT+CNMI alone is refused: SIM busy."""
        async with bench(answer=refuse("AT+CNMI=", "+CMS ERROR: 314", times=8)) as place:
            assert place.modem.status.state is ModemState.READY
            place.simulation.send(from_=PHONE, to="modem0", text="announced")
            await place.clock.advance(0.5)
            assert len(place.sink.pdus) == 1

    @pytest.mark.parametrize("error", ["ERROR", "+CMS ERROR: 332", "+CMS ERROR: memory failure", "+CME ERROR: 100"])
    async def test_indications_that_are_refused_for_any_reason_are_asked_for_again_later(self, error: str) -> None:
        async with bench(answer=refuse("AT+CNMI=", error)) as place:
            await place.clock.advance(0.1)
            assert place.modem.status.state is ModemState.DEGRADED
            assert "AT+CNMI refused, trying again in 5 s" in place.modem.status.detail
            place.simulation.send(from_=PHONE, to="modem0", text="polled")
            await place.pass_until(lambda: len(place.sink.pdus) == 1, POLL_EVERY_S + 1)
            place.port.answer = lambda line: None
            await place.pass_until(lambda: place.modem.status.state is ModemState.READY, 60)
            place.simulation.send(from_=PHONE, to="modem0", text="announced")
            await place.clock.advance(0.5)
            assert len(place.sink.pdus) == 2

    async def test_a_setting_that_is_accepted_as_a_fallback_is_bettered_once(self) -> None:
        """A start at which the best setting is refused for a moment costs no reports for ever."""
        async with bench(answer=refuse("AT+CNMI=2,1,0,1", "ERROR", times=2)) as place:
            place.port.answer = lambda line: None
            await place.clock.advance(70)
            assert place.simulated.ports[0].settings is not None
            said: list[str] = []
            place.modem.tap(lambda direction, data: said.append(data.decode("latin-1")))
            await place.clock.advance(HEALTH_EVERY_S + 1)
            assert any("+CNMI: 2,1,0,1" in piece for piece in said)

    async def test_a_memory_that_cannot_be_selected_is_asked_for_again(self) -> None:
        async with bench(answer=refuse("AT+CPMS?", "ERROR")) as place:
            place.port.answer = lambda line: None
            said: list[bytes] = []
            place.modem.tap(lambda direction, data: said.append(data))
            await place.clock.advance(6)
            assert b"AT+CMGF=0\r" in said, "all settings are applied again"
            await place.clock.advance(300)
            assert said.count(b"AT+CMGF=0\r") == 1, "and then all were accepted"


DIRECT = {"reception": "direct"}


class TestAcknowledgement:
    async def test_the_other_form_is_used_where_one_is_refused(self) -> None:
        async with bench(config=DIRECT, answer=lambda line: "+CMS ERROR: 303" if line == "AT+CNMA" else None) as place:
            for number in range(3):
                place.simulation.send(from_=PHONE, to="modem0", text=f"text {number}")
                await place.clock.advance(1)
            assert len(place.sink.pdus) == 3
            assert place.modem.status.state is ModemState.READY
            assert all(raw.storage is None for raw in place.sink.pdus)

    async def test_a_modem_that_cannot_acknowledge_stores_messages(self) -> None:
        async with bench(config=DIRECT, answer=refuse("AT+CNMA", "+CMS ERROR: 303")) as place:
            place.simulation.send(from_=PHONE, to="modem0", text="not acknowledged")
            await place.clock.advance(10)
            released = len(place.sink.released)
            assert released == 0, "the same PDU comes again, and is recognised by that"
            place.simulation.send(from_=PHONE, to="modem0", text="stored")
            await place.pass_until(lambda: any(raw.storage for raw in place.sink.pdus), 120)
            assert place.modem.status.state is ModemState.READY


class TestUnreadable:
    async def test_a_place_that_cannot_be_read_costs_no_other_one(self) -> None:
        """AT+CMGL breaks off, and one of three places cannot be read: memory failure."""
        broken = lambda line: "+CMS ERROR: 320" if line.startswith("AT+CMGL") or line in ("AT+CMGR=2",) else None  # noqa: E731
        async with bench(answer=broken) as place:
            for number in range(3):
                place.simulation.send(from_=PHONE, to="modem0", text=f"text {number}")
            await place.clock.advance(30)
            assert sorted(raw.index or 0 for raw in place.sink.pdus) == [1, 3]
            assert place.modem.status.state is ModemState.DEGRADED
            assert "a received message cannot be read" in place.modem.status.detail
            place.port.answer = lambda line: None
            await place.pass_until(lambda: len(place.sink.pdus) == 3, UNREADABLE_RETRY_S + 310)
            assert place.modem.status.state is ModemState.READY

    async def test_a_place_that_cannot_be_emptied_costs_no_other_one(self) -> None:
        async with bench(answer=refuse("AT+CMGD=1", "+CMS ERROR: 320")) as place:
            for number in range(3):
                place.simulation.send(from_=PHONE, to="modem0", text=f"text {number}")
            await place.clock.advance(60)
            assert len(place.sink.pdus) == 3
            assert len(place.sink.released) == 2
