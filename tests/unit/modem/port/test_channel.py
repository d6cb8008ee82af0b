"""The channel: the port lock, time-outs, prompts, and always getting back in step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from support.modems import ScriptedPort, at_once
from support.waiting import until

from gsmgw.at import commands
from gsmgw.at.events import Stale, Urc
from gsmgw.clock import SystemClock, VirtualClock
from gsmgw.errors import Disposition, PortError, StoreError
from gsmgw.modem.port.channel import Channel
from gsmgw.modem.port.errors import CommandError, CommandTimeout, ModemReset, PromptLost
from gsmgw.modem.port.port_lock import PortPriority
from gsmgw.modem.port.submission import ResultWait

SEND = commands.send_message(18)
PAYLOAD = b"00AABB"


class Rig:
    def __init__(self, port: ScriptedPort, clock: VirtualClock | SystemClock) -> None:
        self.port = port
        self.clock = clock
        self.urcs: list[Urc] = []
        self.lost: list[Exception] = []
        self.stale: list[Stale] = []
        self.channel = Channel(clock, self.urcs.append, self.lost.append, self.stale.append)


@asynccontextmanager
async def rig(port: ScriptedPort | None = None, clock: VirtualClock | None = None) -> AsyncIterator[Rig]:
    found = Rig(port or ScriptedPort({"AT": "OK"}), clock or VirtualClock())
    await found.channel.open(found.port.open)
    yield found
    await found.channel.close()


def prompting(result: bytes) -> ScriptedPort:
    port = ScriptedPort({"AT": "OK", "AT+CSQ": "+CSQ: 7,0|OK"})
    port.answer = lambda line: {SEND.text: b"\r\n> ", "00AABB\x1a": result}.get(line)
    return port


async def test_a_command_is_answered() -> None:
    async with rig(ScriptedPort({"AT+CSQ": "+CSQ: 7,0|OK"})) as r:
        assert (await r.channel.run(commands.SIGNAL)).lines == ["+CSQ: 7,0"]
        with pytest.raises(CommandError, match="ERROR"):
            await r.channel.run(commands.OPERATOR)


async def test_what_is_asked_before_the_port_is_open_is_refused_and_does_no_harm() -> None:
    early = Rig(ScriptedPort({"AT": "OK", "AT+CSQ": "+CSQ: 7,0|OK"}), VirtualClock())
    for _ in range(2):
        with pytest.raises(PortError, match="still being opened"):
            await early.channel.run(commands.SIGNAL)
    await early.channel.open(early.port.open)
    assert (await early.channel.run(commands.SIGNAL)).lines == ["+CSQ: 7,0"]
    await early.channel.close()


async def test_waiting_commands_go_by_priority() -> None:
    order: list[str] = []
    port = ScriptedPort()
    port.answer = lambda line: order.append(line) or b"\r\nOK\r\n"  # type: ignore[func-returns-value]
    async with rig(port) as r, asyncio.TaskGroup() as group:
        group.create_task(r.channel.run(commands.AT))
        await asyncio.sleep(0)
        group.create_task(r.channel.run(commands.Command("AT+S"), PortPriority.SUBMIT))
        group.create_task(r.channel.run(commands.Command("AT+C"), PortPriority.CONTROL))
        group.create_task(r.channel.run(commands.Command("AT+R"), PortPriority.RECEIVE))
        group.create_task(r.channel.run(commands.ACKNOWLEDGE, PortPriority.ACKNOWLEDGE))
    assert order == ["AT", "AT+CNMA", "AT+R", "AT+C", "AT+S"]


async def test_a_late_answer_never_feeds_the_next_command() -> None:
    clock = VirtualClock()
    port = ScriptedPort({"AT": "OK", "AT+CSQ": "+CSQ: 7,0|OK"})
    port.answer = lambda line: b"" if line == "AT+COPS?" else None
    async with rig(port, clock) as r:
        asking = asyncio.ensure_future(r.channel.run(commands.OPERATOR))
        await clock.advance(commands.OPERATOR.timeout_s)
        with pytest.raises(CommandTimeout):
            await asking
        port.feed(b'\r\n+COPS: 0,0,"late"\r\n\r\nOK\r\n')
        next_one = asyncio.ensure_future(r.channel.run(commands.SIGNAL))
        await clock.advance(0.05)
        port.feed(b"\r\nOK\r\n")  # one more, while the port is being brought into step
        await clock.advance(1.0)
        assert (await next_one).lines == ["+CSQ: 7,0"]
        assert not r.channel.dirty


async def test_a_silent_modem_is_asked_three_times_then_given_up() -> None:
    clock = VirtualClock()
    async with rig(ScriptedPort(), clock) as r:
        r.port.mute = True
        for _ in range(2):
            asking = asyncio.ensure_future(r.channel.run(commands.SIGNAL))
            await clock.advance(commands.SIGNAL.timeout_s)
            with pytest.raises(CommandTimeout):
                await asking
        assert r.port.lines.count("AT") == 3


async def test_a_message_leaves_in_one_write_after_prompt_and_commit() -> None:
    async with rig(prompting(b"\r\n+CMGS: 9\r\n\r\nOK\r\n"), VirtualClock()) as r:
        waiting, committed = asyncio.Event(), asyncio.Event()

        async def commit() -> None:
            assert r.port.lines[-2] == SEND.text, "the command leaves before the commit"
            waiting.set()
            await committed.wait()

        async def send() -> None:
            async with r.channel.exclusive(PortPriority.SUBMIT):
                assert (await r.channel.submit(SEND, PAYLOAD, commit)).lines == ["+CMGS: 9"]

        sending = asyncio.ensure_future(send())
        await waiting.wait()
        assert r.port.written == [b"AT+CMGS=18\r"], "the payload waits for the commit"
        committed.set()
        await sending
        assert r.port.written == [b"AT+CMGS=18\r", b"00AABB\x1a"]


async def test_when_the_commit_fails_nothing_leaves_and_the_port_is_brought_back() -> None:
    async def fail() -> None:
        raise StoreError("the disk is full")

    clock = VirtualClock()
    async with rig(prompting(b"\r\n+CMGS: 9\r\n\r\nOK\r\n"), clock) as r:
        with pytest.raises(StoreError):
            async with r.channel.exclusive(PortPriority.SUBMIT):
                await r.channel.submit(SEND, PAYLOAD, fail)
        assert not r.channel.payload_left
        asking = asyncio.ensure_future(r.channel.run(commands.SIGNAL))
        await clock.advance(1)
        assert (await asking).lines == ["+CSQ: 7,0"]
        assert b"00AABB\x1a" not in r.port.written
        assert r.port.written[1] == b"\x1b"


async def test_cancellation_in_mid_send_leaves_the_port_to_be_brought_back() -> None:
    clock = VirtualClock()
    async with rig(prompting(b""), clock) as r:

        async def send() -> None:
            async with r.channel.exclusive(PortPriority.SUBMIT):
                await r.channel.submit(SEND, PAYLOAD, at_once)

        sending = asyncio.ensure_future(send())
        await until(lambda: r.channel.payload_out)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        asking = asyncio.ensure_future(r.channel.run(commands.SIGNAL))
        await clock.advance(1)
        assert (await asking).lines == ["+CSQ: 7,0"]


@pytest.mark.parametrize("when", ["before the prompt", "after the prompt", "after the payload"])
@pytest.mark.parametrize("how", ["port", "reset"])
async def test_the_end_of_the_modem_in_mid_send(when: str, how: str) -> None:
    port = prompting(b"")
    if when == "before the prompt":
        port.answer = lambda line: b""
    async with rig(port) as r:

        def happen() -> None:
            if how == "port":
                port.lose()
            else:
                port.feed(b"\r\nRDY\r\n")

        async def before() -> None:
            if when == "after the prompt":
                happen()

        async def send() -> None:
            async with r.channel.exclusive(PortPriority.SUBMIT):
                await r.channel.submit(SEND, PAYLOAD, before)

        sending = asyncio.ensure_future(send())
        if when != "after the prompt":
            await until(lambda: r.channel.payload_out if when == "after the payload" else bool(port.written))
            happen()
        with pytest.raises(PortError if how == "port" else ModemReset):
            await sending
        assert r.channel.payload_left == (when == "after the payload")


async def test_a_loss_is_told_to_all_with_its_first_cause() -> None:
    async with rig(ScriptedPort()) as r:
        r.port.mute = True
        asking = [asyncio.ensure_future(r.channel.run(commands.SIGNAL)) for _ in range(3)]
        await asyncio.sleep(0)
        r.port.lose("pulled out")
        for found in await asyncio.gather(*asking, return_exceptions=True):
            assert str(found) == "pulled out"
        with pytest.raises(PortError, match="pulled out"):
            await r.channel.run(commands.AT)
        assert [str(cause) for cause in r.lost] == ["pulled out"]


async def test_a_report_settles_the_message_it_reports_on() -> None:
    clock = VirtualClock()
    async with rig(prompting(b""), clock) as r:

        async def send() -> list[str]:
            async with r.channel.exclusive(PortPriority.SUBMIT):
                return (await r.channel.submit(SEND, PAYLOAD, at_once)).lines

        from gsmgw.at.events import Response
        from gsmgw.at.result_codes import FinalResult, FinalResultKind

        sent = Response(FinalResult(FinalResultKind.OK), ["+CMGS: 9"], [], payload_sent=True)
        assert not r.channel.settle(sent), "no payload is out"
        sending = asyncio.ensure_future(send())
        await until(lambda: r.channel.payload_out)
        assert r.channel.settle(sent)
        assert await sending == ["+CMGS: 9"]
        assert r.channel.dirty
        r.port.feed(b"\r\n+CMGS: 9\r\n\r\nOK\r\n")
        assert [stale.line for stale in r.stale] == ["+CMGS: 9", "OK"]
        asking = asyncio.ensure_future(r.channel.run(commands.SIGNAL))
        await clock.advance(1)
        assert (await asking).lines == ["+CSQ: 7,0"]


class TestProbing:
    """A final result that does not come is asked for, for a modem works off its lines in order."""

    async def send(self, r: Rig) -> list[str]:
        async with r.channel.exclusive(PortPriority.SUBMIT):
            return (await r.channel.submit(SEND, PAYLOAD, at_once, ResultWait(probe_after_s=15.0))).lines

    async def test_a_modem_that_answers_has_lost_the_message(self) -> None:
        clock = VirtualClock()
        async with rig(prompting(b""), clock) as r:
            sending = asyncio.ensure_future(self.send(r))
            await clock.advance(14.9)
            assert not sending.done()
            await clock.advance(0.2)
            with pytest.raises(PromptLost):
                await sending
            asking = asyncio.ensure_future(r.channel.run(commands.SIGNAL))
            await clock.advance(1)
            assert (await asking).lines == ["+CSQ: 7,0"]

    async def test_a_busy_one_is_waited_for_and_its_answers_are_told_apart(self) -> None:
        clock = VirtualClock()
        port = prompting(b"")
        async with rig(port, clock) as r:
            sending = asyncio.ensure_future(self.send(r))
            await until(lambda: r.channel.payload_out)
            port.mute = True
            await clock.advance(60.0)
            port.mute = False
            probes = port.lines.count("AT")
            assert probes > 5
            port.feed(b"\r\n+CMGS: 44\r\n\r\nOK\r\n" + probes * b"\r\nOK\r\n")
            assert await sending == ["+CMGS: 44"]
            asking = asyncio.ensure_future(r.channel.run(commands.SIGNAL))
            await clock.advance(1)
            assert (await asking).lines == ["+CSQ: 7,0"]

    async def test_one_that_lost_the_end_of_the_payload_is_led_out_of_its_prompt(self) -> None:
        clock = VirtualClock()
        port = ScriptedPort({"AT": "OK", "AT+CSQ": "+CSQ: 7,0|OK"})
        prompting = True

        def answer(line: str) -> bytes | None:
            nonlocal prompting
            if line == SEND.text:
                return b"\r\n> "
            if "\x1b" in line:
                prompting = False
            return b"" if prompting else None

        port.answer = answer
        async with rig(port, clock) as r:
            sending = asyncio.ensure_future(self.send(r))
            await clock.advance(20)
            with pytest.raises(PromptLost):
                await sending

    async def test_there_is_an_end_to_waiting(self) -> None:
        clock = VirtualClock()
        port = prompting(b"")
        async with rig(port, clock) as r:
            sending = asyncio.ensure_future(self.send(r))
            await until(lambda: r.channel.payload_out)
            port.mute = True
            await clock.advance(SEND.timeout_s + 1)
            with pytest.raises(CommandTimeout) as caught:
                await sending
            assert caught.value.disposition is Disposition.UNKNOWN


async def test_a_modem_that_ends_its_answer_without_ok() -> None:
    """Wavecom answers AT+CPIN? with its line alone (PROTOCOL T1)."""
    clock = VirtualClock()
    async with rig(ScriptedPort({"AT": "OK", "AT+CPIN?": "+CPIN: READY", "AT+CSQ": "+CSQ: 7,0|OK"}), clock) as r:
        asking = asyncio.ensure_future(r.channel.run(commands.PIN_STATE))
        await clock.advance(1.1)
        assert (await asking).lines == ["+CPIN: READY"]
        asking = asyncio.ensure_future(r.channel.run(commands.SIGNAL))
        await clock.advance(1)
        assert (await asking).lines == ["+CSQ: 7,0"]


async def test_a_pause_between_commands_is_kept() -> None:
    clock = VirtualClock()
    async with rig(ScriptedPort({"AT": "OK"}), clock) as r:
        r.channel.configure(noise=frozenset(), pause_s=0.02)
        await r.channel.run(commands.AT)
        second = asyncio.ensure_future(r.channel.run(commands.AT))
        await clock.advance(0.019)
        assert r.port.lines.count("AT") == 1
        await clock.advance(0.001)
        await second


async def test_waking_a_port_left_in_a_prompt() -> None:
    clock = VirtualClock()
    port = ScriptedPort({"AT": "OK"})
    prompt = True

    def answer(line: str) -> bytes | None:
        nonlocal prompt
        if line.endswith("\x1b"):
            prompt = False
        return b"" if prompt else None

    port.answer = answer
    async with rig(port, clock) as r:
        waking = asyncio.ensure_future(r.channel.wake())
        await clock.advance(1)
        await waking
        await r.channel.run(commands.AT)


async def test_answers_that_have_slipped_behind_by_one_are_noticed() -> None:
    """A stray OK ends a question early; from there on each answer would be taken for the next question's."""
    answers = {"AT+CREG?": b"\r\n+CREG: 2,1\r\n\r\nOK\r\n", "AT+CPMS?": b"\r\n+CPMS: 1,30,1,30,1,30\r\n\r\nOK\r\n"}
    late = [b"\r\nOK\r\n"]

    def one_behind(line: str) -> bytes:
        late.append(answers.get(line, b"\r\nOK\r\n"))
        if line == "AT":  # the modem has nothing left to do: all that is late comes
            reply = b"".join(late)
            late.clear()
            return reply
        return late.pop(0)

    port = ScriptedPort()
    port.answer = one_behind
    async with rig(port, SystemClock()) as r:  # type: ignore[arg-type]
        assert (await r.channel.run(commands.registration("CREG"))).lines == []
        assert (await r.channel.run(commands.STORAGE_USE)).lines == []
        assert [urc.line for urc in r.urcs] == ["+CREG: 2,1"]
        late_before = list(late)
        assert late_before, "it is one behind"
        port.answer = lambda line: one_behind(line) if late else answers.get(line, b"\r\nOK\r\n")
        assert (await r.channel.run(commands.STORAGE_USE)).lines == ["+CPMS: 1,30,1,30,1,30"]
        assert (await r.channel.run(commands.registration("CREG"))).lines == ["+CREG: 2,1"]


async def test_a_port_that_gets_out_of_step_while_it_is_held_is_resynchronised_before_the_next_command() -> None:
    """The late answer to a question comes while the holder of the lock does nothing, as between AT+CFUN=0 and =1."""
    answers = {"AT+CREG?": b"\r\nOK\r\n", "AT+CSQ": b"\r\n+CSQ: 7,0\r\n\r\nOK\r\n"}
    port = ScriptedPort()
    port.answer = lambda line: answers.get(line, b"\r\nOK\r\n")
    async with rig(port, SystemClock()) as r, r.channel.exclusive(PortPriority.CONTROL):  # type: ignore[arg-type]
        assert (await r.channel.run(commands.registration("CREG"))).lines == []
        port.feed(b"\r\n+CREG: 2,1\r\n\r\nOK\r\n")
        assert r.channel.dirty
        assert (await r.channel.run(commands.SIGNAL)).lines == ["+CSQ: 7,0"]
