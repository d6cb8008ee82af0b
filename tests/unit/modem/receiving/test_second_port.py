"""News of two ports: told once, however often it is said; and alike is not the same."""

from __future__ import annotations

from support.modems import ScriptedPort

from gsmgw.at.events import Urc
from gsmgw.at.urcs import UrcKind
from gsmgw.clock import SystemClock, VirtualClock
from gsmgw.errors import PortError
from gsmgw.modem.port.babble_guard import BabbleGuard, Babbling
from gsmgw.modem.receiving.second_port import SAME_URC_S, SecondPort, UrcDeduplicator
from gsmgw.ports import ByteReceiver, ByteStream

TEXT = Urc(UrcKind.MESSAGE, "+CMT: ,23", "0011")
STATE = Urc(UrcKind.REGISTRATION, "+CREG: 1")


async def test_what_comes_on_both_ports_counts_once() -> None:
    clock = VirtualClock()
    heard: list[Urc] = []
    once = UrcDeduplicator(clock, heard.append)
    for port in (0, 1):
        once.take(port, TEXT)
    assert heard == [TEXT]
    for port in (0, 0, 1, 1):  # two texts that are alike, each told on both
        once.take(port, TEXT)
    assert heard == [TEXT] * 3
    once.take(0, TEXT)
    await clock.advance(SAME_URC_S)
    once.take(1, TEXT)
    assert heard == [TEXT] * 5
    for port in (0, 1):
        once.take(port, STATE)
    assert heard[-2:] == [STATE] * 2


async def test_a_listener_says_nothing() -> None:
    heard: list[Urc] = []
    port = ScriptedPort()
    listener = SecondPort("office", SystemClock(), heard.append, lambda cause: None, BabbleGuard(SystemClock()))
    assert await listener.open(port.open)
    port.feed(b'\r\n+CMTI: "SM",3\r\n\r\nOK\r\n')
    assert heard[0] == Urc(UrcKind.STORED, '+CMTI: "SM",3')
    await listener.close()
    assert port.written == []


async def test_the_modem_works_without_its_second_port() -> None:
    async def refuse(receiver: ByteReceiver) -> ByteStream:
        raise PortError("in use")

    listener = SecondPort("office", SystemClock(), lambda urc: None, lambda cause: None, BabbleGuard(SystemClock()))
    assert not await listener.open(refuse)
    await listener.close()


async def test_one_that_babbles_is_told_of() -> None:
    causes: list[Exception] = []
    port = ScriptedPort()
    listener = SecondPort("office", SystemClock(), lambda urc: None, causes.append, BabbleGuard(SystemClock()))
    assert await listener.open(port.open)
    for _ in range(20_000):
        port.feed(b"\r\nRING\r\n")
    assert [type(cause) for cause in causes] == [Babbling]
    await listener.close()
