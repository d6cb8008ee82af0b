"""Incoming calls: one event for each, whatever the modem writes about it."""

from __future__ import annotations

import pytest
from support.modems import Sink

from gsmgw.clock import VirtualClock
from gsmgw.model import ModemState
from gsmgw.modem.port.babble_guard import BabbleGuard
from gsmgw.modem.services.calls import Calls
from gsmgw.modem.status import StatusReporter


class Rig:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.sink = Sink()
        self.hung_up = 0
        board = StatusReporter("office", self.sink, ModemState.READY, "ready", BabbleGuard(self.clock))
        self.calls = Calls(board, self.clock, self.hang_up)

    def hang_up(self) -> None:
        self.hung_up += 1


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        (["RING", '+CLIP: "+4917",145,,,,0', "RING", '+CLIP: "+4917",145,,,,0', "NO CARRIER"], "+4917"),
        (["+CRING: VOICE", '+CLIP: "4917",145', "NO CARRIER"], "+4917"),
        (["RING", "NO CARRIER"], None),
        (["RING", '+CLIP: "",128'], None),
        (["RING"], None),
    ],
)
async def test_a_call_is_noted_once(lines: list[str], number: str | None) -> None:
    rig = Rig()
    for line in lines:
        rig.calls.news(line)
        await rig.clock.advance(1)
    await rig.clock.advance(20)
    assert rig.sink.events == [("call.missed", {} if number is None else {"number": number})]
    assert rig.hung_up == 1


async def test_two_calls_are_two() -> None:
    rig = Rig()
    for _ in range(2):
        rig.calls.news("RING")
        await rig.clock.advance(20)
    assert len(rig.sink.events) == 2


async def test_no_carrier_without_a_call_is_nothing() -> None:
    rig = Rig()
    rig.calls.news("NO CARRIER")
    await rig.clock.advance(20)
    assert rig.sink.events == []
