"""The meaning of the modem's response for the message."""

from __future__ import annotations

import asyncio

import pytest
from support.modems import TPDU, ScriptedPort, Sink, at_once
from support.waiting import until

from gsmgw.at.result_codes import FinalResult, FinalResultKind, parse_final_result
from gsmgw.clock import VirtualClock
from gsmgw.errors import Disposition, SubmitError
from gsmgw.model import ModemState
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.port.babble_guard import BabbleGuard
from gsmgw.modem.port.channel import Channel
from gsmgw.modem.profiles import GENERIC
from gsmgw.modem.sending.refusal import refusal
from gsmgw.modem.sending.result_timeout import ResultTimeout
from gsmgw.modem.sending.sender import Sender
from gsmgw.modem.status import StatusReporter

NEVER, LATER, MODEM, ACCOUNT, UNKNOWN = (
    Disposition.NEVER,
    Disposition.LATER,
    Disposition.MODEM,
    Disposition.ACCOUNT,
    Disposition.UNKNOWN,
)
COMMAND = f"AT+CMGS={len(TPDU)}"
BODY = "00" + TPDU.hex().upper() + "\x1a"


@pytest.mark.parametrize(
    ("line", "before", "after"),
    [
        # TS 24.011 8.2.5.4
        ("+CMS ERROR: 1", NEVER, NEVER),
        ("+CMS ERROR: 8", ACCOUNT, ACCOUNT),
        ("+CMS ERROR: 10", ACCOUNT, ACCOUNT),
        ("+CMS ERROR: 21", LATER, LATER),
        ("+CMS ERROR: 27", LATER, LATER),
        ("+CMS ERROR: 28", NEVER, NEVER),
        ("+CMS ERROR: 38", LATER, LATER),
        ("+CMS ERROR: 50", ACCOUNT, ACCOUNT),
        ("+CMS ERROR: 96", NEVER, NEVER),
        # TS 23.040 9.2.3.22
        ("+CMS ERROR: 208", MODEM, MODEM),
        ("+CMS ERROR: 195", NEVER, NEVER),
        # TS 27.005 3.2.5
        ("+CMS ERROR: 304", NEVER, NEVER),
        ("+CMS ERROR: 310", MODEM, MODEM),
        ("+CMS ERROR: 314", LATER, LATER),
        ("+CMS ERROR: 330", MODEM, MODEM),
        ("+CMS ERROR: 331", MODEM, MODEM),
        ("+CMS ERROR: 332", LATER, UNKNOWN),
        ("+CMS ERROR: 500", LATER, LATER),
        ("+CMS ERROR: 513", LATER, UNKNOWN),
        ("+CMS ERROR: network timeout", LATER, UNKNOWN),
        ("+CMS ERROR: 999", LATER, LATER),
        ("+CMS ERROR: ", LATER, LATER),
        ("+CME ERROR: 10", MODEM, MODEM),
        ("+CME ERROR: 14", LATER, LATER),
        ("+CME ERROR: 31", LATER, UNKNOWN),
        ("+CME ERROR: 257", ACCOUNT, ACCOUNT),
        ("ERROR", LATER, LATER),
    ],
)
def test_dispositions(line: str, before: Disposition, after: Disposition) -> None:
    final = parse_final_result(line)
    assert final is not None
    assert refusal(final, GENERIC, payload_started=False).disposition is before
    assert refusal(final, GENERIC, payload_started=True).disposition is after


def test_the_code_goes_along() -> None:
    error = refusal(FinalResult(FinalResultKind.CMS, 38, "38"), GENERIC, payload_started=True)
    assert (error.cms, error.cme) == (38, None)
    assert error.title.startswith("network out of order")


class Rig:
    def __init__(self, port: ScriptedPort) -> None:
        self.port = port
        self.clock = VirtualClock()
        self.channel = Channel(self.clock, lambda urc: None, lambda cause: None)
        reporter = StatusReporter("office", Sink(), ModemState.READY, "ready", BabbleGuard(self.clock))
        self.sender = Sender(AtClient(self.channel, self.clock), reporter, None, ResultTimeout())

    async def submit(self, seconds: float = 0.0) -> int:
        await self.channel.open(self.port.open)
        sending = asyncio.ensure_future(self.sender.submit(TPDU, at_once))
        await until(lambda: bool(self.port.written))
        await self.clock.advance(seconds)
        try:
            return await sending
        finally:
            await self.channel.close()


def port(*prompts: bytes, result: bytes = b"\r\n+CMGS: 9\r\n\r\nOK\r\n") -> ScriptedPort:
    found = ScriptedPort({"AT": "OK"})
    left = list(prompts)

    def answer(line: str) -> bytes | None:
        if line == COMMAND:
            return left.pop(0)
        return result if line == BODY else None

    found.answer = answer
    return found


async def test_the_reference_comes_back() -> None:
    assert await Rig(port(b"\r\n> ")).submit() == 9


@pytest.mark.parametrize("result", [b"\r\nOK\r\n", b"\r\n+CM4\r\n\r\nOK\r\n", b"\r\n> \r\nOK\r\n"])
async def test_ok_without_a_reference_proves_nothing(result: bytes) -> None:
    with pytest.raises(SubmitError, match="OK without") as caught:
        await Rig(port(b"\r\n> ", result=result)).submit()
    assert caught.value.disposition is UNKNOWN
    assert caught.value.payload_started


async def test_a_damaged_number_in_the_line_of_an_accepted_message_is_no_failure() -> None:
    assert 0 <= await Rig(port(b"\r\n> ", result=b"\r\n+CMGS: \x15\r\n\r\nOK\r\n")).submit() <= 255


async def test_a_refusal_in_place_of_the_prompt_is_a_certain_no() -> None:
    rig = Rig(port(b"\r\n+CMS ERROR: 332\r\n"))
    with pytest.raises(SubmitError) as caught:
        await rig.submit()
    assert caught.value.disposition is LATER
    assert not caught.value.payload_started
    assert caught.value.cms == 332


async def test_a_prompt_that_does_not_come_is_asked_for_once_more() -> None:
    rig = Rig(port(b"", b"\r\n> "))
    assert await rig.submit(GENERIC.prompt_timeouts_s[0] + 1.0) == 9
    assert rig.port.lines.count(BODY[:-1]) == 1


async def test_no_prompt_at_all_is_a_certain_no() -> None:
    rig = Rig(port(b"", b""))
    with pytest.raises(SubmitError) as caught:
        await rig.submit(30.0)
    assert caught.value.disposition is MODEM
    assert not caught.value.payload_started
    assert BODY[:-1] not in rig.port.lines


@pytest.mark.parametrize("result", [b"", b"\r\n+CMS ERROR: 332\r\n", b"\r\nRDY\r\n"])
async def test_what_may_be_on_the_air_is_unknown(result: bytes) -> None:
    rig = Rig(port(b"\r\n> ", result=result))
    with pytest.raises(SubmitError) as caught:
        await rig.submit(200.0)
    assert caught.value.disposition is UNKNOWN
    assert caught.value.payload_started
    assert rig.port.lines.count(BODY[:-1]) == 1
