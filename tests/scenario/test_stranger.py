"""A port that is not the AT port of a modem never becomes ready, and swallows no message as sent."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from support.modems import TPDU, at_once
from support.virtual import bench

from gsmgw.errors import Disposition, SubmitError
from gsmgw.model import ModemState

STRANGERS: list[tuple[str, dict[str, Any]]] = [
    ("only-ok", {}),
    ("only-ok", {"prompt": False}),
    ("mirror", {}),
    ("nmea", {}),
    ("babble", {"form": "binary", "bytes_s": 5000}),
]
IDS = [f"{kind} {options or ''}".strip() for kind, options in STRANGERS]


@pytest.mark.parametrize(("kind", "options"), STRANGERS[:4], ids=IDS[:4])
async def test_it_never_becomes_ready(kind: str, options: dict[str, Any]) -> None:
    async with bench() as place:
        place.simulated.fault(kind, **options)
        reset = asyncio.create_task(place.modem.reset())
        await place.pass_until(lambda: reset.done() and not place.modem.status.state.carries, 600)
        before = len(place.sink.states)
        for _ in range(240):
            await place.clock.advance(1.0)
        assert not any(state.carries for state, _ in place.sink.states[before:])
        if kind == "only-ok":
            assert "not the AT port of a modem" in place.modem.status.detail
        place.simulated.faults.clear()
        await place.ready(120)
        sent = asyncio.create_task(place.modem.submit(TPDU, before_payload=at_once))
        await place.pass_until(sent.done, 60)
        assert sent.result() >= 0


@pytest.mark.parametrize(("kind", "options"), STRANGERS, ids=IDS)
async def test_no_message_counts_as_sent(kind: str, options: dict[str, Any]) -> None:
    async with bench() as place:
        place.simulated.fault(kind, **options)
        failure: list[SubmitError] = []
        accepted: list[int] = []

        async def send() -> None:
            try:
                accepted.append(await place.modem.submit(TPDU, before_payload=at_once))
            except SubmitError as exc:
                failure.append(exc)

        task = asyncio.create_task(send())
        await place.pass_until(task.done, 600)
        on_air = len(place.simulation.phone("+491712345678").received)
        if accepted:
            assert on_air == 1
        elif on_air or (kind, options) == STRANGERS[0]:
            assert failure[0].disposition is Disposition.UNKNOWN
        place.simulated.faults.clear()
        await place.ready(1200)
        assert place.modem.status.state is ModemState.READY


async def test_one_that_becomes_a_stranger_is_found_out_while_idle() -> None:
    async with bench() as place:
        place.simulated.fault("only-ok")
        await place.pass_until(lambda: not place.modem.status.state.carries, 90)
        assert any("not the AT port of a modem" in detail for _, detail in place.sink.states)
