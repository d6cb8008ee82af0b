"""A USSD text whose end does not come is handed on after a second, and holds nothing up."""

from __future__ import annotations

import asyncio

from support.modems import ScriptedPort

from gsmgw.at import commands
from gsmgw.at.events import Urc
from gsmgw.at.urcs import UrcKind
from gsmgw.clock import VirtualClock
from gsmgw.modem.port.channel import TEXT_END_S, Channel


async def test_an_open_text_ends_by_time() -> None:
    clock = VirtualClock()
    urcs: list[Urc] = []
    port = ScriptedPort()
    channel = Channel(clock, urcs.append, lambda cause: None)
    await channel.open(port.open)
    port.answer = lambda line: b'\r\n+CUSD: 0,"no end\r\n\r\nOK\r\n'
    asking = asyncio.ensure_future(channel.run(commands.PDU_MODE))
    await clock.advance(TEXT_END_S - 0.01)
    assert not asking.done()
    await clock.advance(0.02)
    await asking
    assert urcs == [Urc(UrcKind.USSD, '+CUSD: 0,"no end')]
    await channel.close()
