"""Incoming calls: one event for each, whatever the modem writes about it."""

from __future__ import annotations

import asyncio

import pytest
from support.modems import ScriptedPort, Sink

from gsmgw.at.events import Urc
from gsmgw.at.urcs import UrcKind
from gsmgw.clock import VirtualClock
from gsmgw.model import ModemState
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.port.babble_guard import BabbleGuard
from gsmgw.modem.port.channel import Channel
from gsmgw.modem.services.calls import Calls
from gsmgw.modem.status import StatusReporter


class Rig:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.sink = Sink()
        self.port = ScriptedPort()
        self.channel = Channel(self.clock, lambda urc: None, lambda cause: None)
        reporter = StatusReporter("office", self.sink, ModemState.READY, "ready", BabbleGuard(self.clock))
        self.calls = Calls(AtClient(self.channel, self.clock), reporter, hang_up=True)

    async def ring(self, *lines: str) -> None:
        """Calls ring, a second apart, until long after the last line."""
        await self.channel.open(self.port.open)
        worker = asyncio.ensure_future(self.calls.run())
        for line in lines:
            self.calls.call_urc(Urc(UrcKind.CALL, line))
            await self.clock.advance(1)
        await self.clock.advance(20)
        worker.cancel()
        await self.channel.close()

    @property
    def hung_up(self) -> int:
        return self.port.lines.count("AT+CHUP")


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
async def test_a_call_is_reported_once_and_hung_up_once(lines: list[str], number: str | None) -> None:
    rig = Rig()
    await rig.ring(*lines)
    assert rig.sink.events == [("call.missed", {} if number is None else {"number": number})]
    assert rig.hung_up == 1


async def test_two_calls_are_two() -> None:
    rig = Rig()
    for _ in range(2):
        await rig.ring("RING")
    assert len(rig.sink.events) == 2


async def test_no_carrier_without_a_call_is_nothing() -> None:
    rig = Rig()
    await rig.ring("NO CARRIER")
    assert rig.sink.events == []
    assert rig.hung_up == 0
