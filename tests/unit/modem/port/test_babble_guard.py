"""How much a modem may say: nothing normal reaches a limit, a flood does within seconds, and no answer counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from support.modems import ScriptedPort, at_once
from support.waiting import until

from gsmgw.at import commands
from gsmgw.at.dialogue import Dialogue
from gsmgw.at.events import Response, Stale, Urc
from gsmgw.clock import SystemClock, VirtualClock
from gsmgw.model import BabbleKind
from gsmgw.modem.port.babble_guard import LIMITS, BabbleGuard, Babbling
from gsmgw.modem.port.channel import Channel


async def test_each_kind_has_a_burst_and_a_rate() -> None:
    for kind, (burst, per_second) in LIMITS.items():
        clock = VirtualClock()
        budget = BabbleGuard(clock)
        assert all(budget.take(kind) for _ in range(int(burst)))
        assert budget.exceeded is None
        assert not budget.take(kind)
        assert budget.exceeded is kind
        budget.renew()
        assert budget.exceeded is None
        await clock.advance(3600)
        assert budget.take(kind, burst)
        await clock.advance(1)
        assert budget.take(kind, per_second)
        assert not budget.take(kind)


async def test_what_is_sent_and_taken_over_earns_room() -> None:
    clock = VirtualClock()
    budget = BabbleGuard(clock)
    for _ in range(100_000):  # a status report for each text, as fast as a simulator is
        budget.earn()
        budget.take_input(120, 2)
    assert budget.exceeded is None


class Wire:
    """A channel on a port whose bytes a test writes."""

    def __init__(self) -> None:
        self.budget = BabbleGuard(VirtualClock())
        self.port = ScriptedPort()
        self.lost: list[Exception] = []
        self.urcs: list[Urc] = []
        self.channel = Channel(SystemClock(), self.urcs.append, self.lost.append, _nothing, self.budget)

    async def open(self) -> None:
        await self.channel.open(self.port.open)


def _nothing(stale: Stale) -> None:
    pass


async def test_no_answer_is_counted_however_long_it_is() -> None:
    wire = Wire()
    await wire.open()
    listed = "".join(f"\r\n+CMGL: {n},1,,159\r\n{'00' * 160}" for n in range(1000))
    for _ in range(20):
        wire.port.answer = lambda line: f"{line}\r{listed}\r\n\r\nOK\r\n".encode()
        answer = await wire.channel.run(commands.LIST_ALL)
        assert len(answer.pairs) == 1000
    wire.port.answer = lambda line: b"\r\n> " if "CMGS" in line else b"\r\n+CMGS: 1\r\n\r\nOK\r\n"
    for _ in range(1000):
        async with wire.channel.exclusive(3):  # type: ignore[arg-type]
            await wire.channel.submit(commands.send_message(23, 60, 5), b"00" * 150, at_once)
    assert wire.budget.exceeded is None
    assert wire.budget.counts[BabbleKind.LINES] < 20
    await wire.channel.close()


FLOODS: dict[str, Callable[[int], bytes]] = {
    "indications": lambda n: f'\r\n+CMTI: "SM",{n}\r\n'.encode(),
    "calls": lambda n: b'\r\nRING\r\n\r\n+CLIP: "+4917",145\r\n',
    "registration": lambda n: b"\r\n+CREG: 1\r\n\r\n+CREG: 2\r\n",
    "finals": lambda n: b"\r\nOK\r\n",
    "headers": lambda n: b"\r\n+CMT: ,23\r\n",
    "reports": lambda n: b"\r\n+CDS: 24\r\n0006010B9121\r\n",
    "open quotes": lambda n: b'\r\n+CUSD: 0,"hello\r\n',
    "prompts": lambda n: b"\r\n> \r\n",
    "no line end": lambda n: b"abcdefghijklmnopqrst",
    "NUL": lambda n: b"\0" * 20,
    "binary": lambda n: bytes((n * 7 + k * 13) % 256 for k in range(20)),
    "long lines": lambda n: b"A" * 4000 + b"\r\n",
}


@pytest.mark.parametrize("flood", FLOODS)
@pytest.mark.parametrize("busy", [False, True], ids=["idle", "command in flight"])
async def test_a_flood_ends_the_channel(flood: str, busy: bool) -> None:
    wire = Wire()
    await wire.open()
    wire.port.mute = True
    pending = None
    if busy:
        pending = asyncio.ensure_future(wire.channel.run(commands.SIGNAL))
        await until(lambda: wire.port.written == [b"AT+CSQ\r"])
    said = 0
    for number in range(100_000):
        piece = FLOODS[flood](number)
        said += len(piece)
        wire.port.feed(piece)
        if wire.lost:
            break
    assert [type(cause) for cause in wire.lost] == [Babbling]
    assert said < 1_200_000
    heard = len(wire.urcs)
    wire.port.feed(b"\r\nRING\r\n")
    assert len(wire.urcs) == heard  # nothing more is looked at
    if pending is not None:  # its answer may have been among the flood
        (outcome,) = await asyncio.gather(pending, return_exceptions=True)
        assert isinstance(outcome, Babbling | Response), outcome
    await wire.channel.close()


def test_an_answer_without_an_end_is_cut() -> None:
    dialogue = Dialogue()
    dialogue.start(commands.MANUFACTURER)
    for _ in range(1000):
        dialogue.feed(b"A" * 4000 + b"\r\n")
    assert sum(map(len, dialogue.partial_lines)) <= 1_000_000
    assert dialogue.lines - dialogue.asked_lines > 700
