"""One connection to one port: one command in flight, the rest waiting by priority, the port always in step.

A channel lives once. It dies once, of the first cause, tells everybody who waits, and is thrown away.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from gsmgw.at.commands import Command
from gsmgw.at.dialogue import ESCAPE, Dialogue, Event, Phase, Probed, Prompted, Response, Stale, Urc
from gsmgw.at.result_codes import FinalResult, FinalResultKind
from gsmgw.at.urcs import UrcKind
from gsmgw.errors import PortError
from gsmgw.modem.port.babble_guard import BabbleGuard, Babbling
from gsmgw.modem.port.errors import CommandError, CommandTimeout, ModemReset, PromptLost, ResultOverdue
from gsmgw.modem.port.port_lock import PortLock, PortPriority
from gsmgw.modem.port.resync import RESYNC_TRIES, Resync
from gsmgw.ports import ByteStream, Clock, Opener, Timer

#: A modem that sends no final result after an information line (Wavecom, +CPIN) is believed after that time.
LONE_S = 1.0
_ECHOES = "the modem echoes again: it started anew and forgot its settings"


class Channel:
    """A :class:`gsmgw.ports.ByteReceiver` that turns a byte stream into commands and URCs.

    ``on_urc`` is called on the event loop for everything unasked for; ``on_stale`` for the lines of answers that came
    too late; ``on_lost`` once, when the connection ended by itself. A channel whose modem exceeds its ``budget``
    dies of :class:`Babbling`.
    """

    def __init__(
        self,
        clock: Clock,
        on_urc: Callable[[Urc], None],
        on_lost: Callable[[Exception], None],
        on_stale: Callable[[Stale], None] | None = None,
        babble_guard: BabbleGuard | None = None,
    ) -> None:
        self._clock = clock
        self._babble_guard = babble_guard or BabbleGuard(clock)
        self._on_urc = on_urc
        self._on_lost = on_lost
        self._on_stale = on_stale
        self._dialogue = Dialogue()
        self._stream: ByteStream | None = None
        self._cause: Exception | None = None
        self._lock = PortLock()
        #: What the holder of the turn waits for.
        self._prompt: asyncio.Future[Response | None] | None = None
        self._answer: asyncio.Future[Response] | None = None
        #: What went wrong with, or refused, the command in flight while nobody waited for it.
        self._failure: Exception | None = None
        self._command: Command | None = None
        self._timer: Timer | None = None
        self._probes = 0
        #: When the final result is given up where the modem answers AT meanwhile, monotonic seconds.
        self._give_up_at: float | None = None
        self._echoes_before = 0
        #: Whether a byte of the payload of the last submit has left.
        self.payload_left = False
        #: When that was, monotonic seconds.
        self.payload_at = float("-inf")
        #: How many answers had a line of their own command: only a modem gives those, while anything may say OK.
        self.proofs = 0
        #: When the last byte came, monotonic seconds.
        self.heard_at = clock.monotonic()
        #: The shortest pause between a final result and the next command, seconds (Telit asks for 20 ms).
        self.pause_s = 0.0
        self._ended_at = float("-inf")
        #: Whether an echo says that the modem started anew: it was switched off, and stayed off.
        self.echo_tells = False
        #: Told of all that is written and read.
        self.tap: Callable[[str, bytes], None] | None = None
        self._resync = Resync(clock, self._dialogue, self._write)
        #: What the last question should have been answered with, where it got OK alone; and whether that came later.
        self._lacking: tuple[str, ...] = ()
        self._slipped = False

    # -- life ---------------------------------------------------------------------------------------------------

    async def open(self, opener: Opener) -> None:
        """Open the stream. Raises :class:`PortError`."""
        self._stream = await opener(self)

    async def close(self) -> None:
        """Close the stream; whoever waits is told that the port is closed."""
        self._die(PortError("the port was closed"), tell=False)
        if self._stream is not None:
            await self._stream.close()

    @property
    def cause(self) -> Exception | None:
        """Why the channel ended, None while it lives."""
        return self._cause

    @property
    def is_open(self) -> bool:
        """Whether :meth:`open` succeeded and nothing has ended it."""
        return self._stream is not None and self._cause is None

    @property
    def noise(self) -> frozenset[str]:
        """Names of lines that mean nothing."""
        return self._dialogue.noise

    @noise.setter
    def noise(self, names: frozenset[str]) -> None:
        self._dialogue.noise = names

    @property
    def echoes(self) -> int:
        """How many command lines came back as echo so far."""
        return self._dialogue.echoes

    @property
    def payload_out(self) -> bool:
        """Whether a payload has left and its final result is awaited."""
        return self._dialogue.phase is Phase.PAYLOAD

    def connection_lost(self, cause: Exception | None) -> None:
        """The stream ended."""
        if cause is not None:
            self._die(cause, tell=True)

    def _die(self, cause: Exception, *, tell: bool) -> None:
        if self._cause is not None:
            return
        self._cause = cause
        self._stop_timer()
        self._fail(cause)
        self._resync.die(cause)
        self._lock.end(cause)
        if tell:
            self._on_lost(cause)

    # -- reading ------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if self._cause is not None:
            return
        self.heard_at = self._clock.monotonic()
        if self.tap is not None:
            self.tap("<", data)
        dialogue = self._dialogue
        unasked = dialogue.lines - dialogue.asked_lines, -dialogue.asked_bytes
        events = dialogue.feed(data)
        self._take(events)
        lines, size = dialogue.lines - dialogue.asked_lines - unasked[0], -dialogue.asked_bytes - unasked[1]
        self._babble_guard.take_input(len(data) + size, lines)
        if self._babble_guard.exceeded is not None:
            self._die(Babbling(self._babble_guard.exceeded), tell=True)

    def _take(self, events: list[Event]) -> None:
        for event in events:
            if type(event) is Response:
                self._answered(event)
            elif type(event) is Prompted:
                if self._prompt is not None and not self._prompt.done():
                    self._prompt.set_result(None)
            elif type(event) is Probed:
                self._probed()
            elif type(event) is Stale:
                self._resync.note(event)
                if self._on_stale is not None:
                    self._on_stale(event)
            elif type(event) is Urc:
                if self._lacking and event.line.startswith(self._lacking):
                    self._slip()
                if event.kind is UrcKind.RESET:
                    self._fail(ModemReset(f"the modem restarted by itself ({event.line[:80]})"))
                self._on_urc(event)

    def _answered(self, answer: Response) -> None:
        for future in (self._prompt, self._answer):
            if future is not None and not future.done():
                future.set_result(answer)
                return
        if self._command is not None:
            self._failure = CommandError(self._command, answer.final)

    def _probed(self) -> None:
        """AT was answered while a final result is awaited. V.250 5.6: that says nothing about the message, unless the
        modem was freed by ESC: then it had waited for the end of the payload.
        """
        if self._answer is None or self._answer.done():
            return
        if self.echo_tells and self._dialogue.echoes > self._echoes_before:
            self._fail(ModemReset(_ECHOES))
            return
        if self._give_up_at is None or self._probes > 1:
            self._fail(PromptLost("the modem lost the message: no result came, yet it answers"))
            return
        self._stop_timer()
        left_s = self._give_up_at - self._clock.monotonic()
        if left_s <= 0:
            self._overdue()
        else:
            self._start_timer(left_s, self._overdue)

    def _overdue(self) -> None:
        self._fail(ResultOverdue("no result came in time, though the modem answers"))

    def _fail(self, cause: Exception) -> None:
        """Tell whoever holds the turn that its command failed."""
        for future in (self._prompt, self._answer):
            if future is not None and not future.done():
                future.set_exception(cause)
                return
        self._failure = cause

    # -- turns --------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def turn(self, priority: PortPriority) -> AsyncIterator[None]:
        """Have the port to oneself, in step. Raises the cause of death of the channel.

        Within a turn the same task may take another one: it is the same.
        """
        if self._lock.holder is asyncio.current_task():
            if self._dialogue.phase is Phase.STALE:  # an earlier command of this turn was given up
                await self.resync()
            yield
            return
        if self._stream is None:  # a person asks for something meanwhile
            raise PortError("the port is still being opened")
        await self._lock.acquire(priority)
        try:
            if self._dialogue.phase is not Phase.IDLE:
                await self.resync()
            yield
        finally:
            self._lock.release()

    # -- commands -----------------------------------------------------------------------------------------------

    async def run(self, command: Command, priority: PortPriority = PortPriority.CONTROL) -> Response:
        """Run a command and return its answer. Raises :class:`CommandError`, :class:`CommandTimeout`, and the cause
        of death of the channel.
        """
        async with self.turn(priority):
            return await self.exchange(command)

    async def exchange(self, command: Command) -> Response:
        """As :meth:`run`, for the holder of the turn."""
        await self._prepare()
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._answer = answer
        self._write(self._dialogue.start(command))
        if command.lone:
            self._start_timer(min(LONE_S, command.timeout_s), lambda: self._lone(command))
        else:
            self._start_timer(command.timeout_s, lambda: self._expired(command))
        try:
            result = await answer
        except BaseException:
            self._abandon()
            raise
        finally:
            self._answer = None
            self._stop_timer()
        if result.pairs or (result.lines and not command.free):
            self.proofs += 1
        self._lacking = command.prefixes if command.text.endswith("?") and not result.lines else ()
        if self._slipped:
            self._slipped = False
            self._resync.give_up()
        if not result.final.ok:
            raise CommandError(command, result.final)
        return result

    def _slip(self) -> None:
        """The answer to the last question came after an OK that was not its own: each answer would be taken for the
        next one's from here on.
        """
        self._lacking = ()
        if self._dialogue.phase is Phase.IDLE:
            self._resync.give_up()
        else:
            self._slipped = True

    async def submit(
        self,
        command: Command,
        payload: bytes,
        before_payload: Callable[[], Awaitable[None]],
        *,
        probe_after_s: float | None = None,
        probe_every_s: float = 2.0,
        patience_s: float | None = None,
    ) -> Response:
        """Run a prompted command, for the holder of the turn.

        The command line leaves at once; the payload leaves, in one piece, when both the prompt is there and
        ``before_payload`` has returned. What that raises comes out and nothing is sent. A final result that has not
        come ``probe_after_s`` after the payload is asked for by AT. One that answers is waited for until ``patience_s``
        after the payload. Raises as :meth:`run`; :class:`ResultOverdue` when the result did not come by then,
        :class:`PromptLost` or :class:`ModemReset` when the modem forgot the message. A refusal after the payload is
        returned, not raised. When the command line is echoed that should not be, nothing is sent: a modem that has
        started anew may be in text mode, where it would take the length for a recipient.
        """
        await self._prepare()
        echoes = self._dialogue.echoes
        prompt: asyncio.Future[Response | None] = asyncio.get_running_loop().create_future()
        self._prompt = prompt
        self._command = command
        self._failure = None
        self._write(self._dialogue.start(command))
        self._start_timer(command.prompt_timeout_s, lambda: self._expired(command))
        try:
            await before_payload()
            refused = await prompt
        except BaseException:
            self._abandon()
            if prompt.done() and not prompt.cancelled():
                prompt.exception()  # before_payload's own exception is the one that counts
            raise
        finally:
            self._prompt = None
            self._stop_timer()
            self._command = None
        if refused is not None:
            raise CommandError(command, refused.final)
        if self.echo_tells and self._dialogue.echoes > echoes:
            self._failure = self._failure or ModemReset(_ECHOES)
        if (failure := self._missed()) is not None:
            self._abandon()
            raise failure
        return await self._result(command, self._dialogue.payload(payload), probe_after_s, probe_every_s, patience_s)

    async def submit_stored(
        self,
        command: Command,
        *,
        probe_after_s: float | None = None,
        probe_every_s: float = 2.0,
        patience_s: float | None = None,
    ) -> Response:
        """Run a command that submits by itself, for the holder of the turn; otherwise as :meth:`submit`."""
        await self._prepare()
        self._failure = None
        return await self._result(command, self._dialogue.start(command), probe_after_s, probe_every_s, patience_s)

    async def _result(
        self,
        command: Command,
        data: bytes,
        probe_after_s: float | None,
        probe_every_s: float,
        patience_s: float | None,
    ) -> Response:
        """Write what makes the modem submit, and wait for the final result."""
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._answer = answer
        self.payload_left, self.payload_at = True, self._clock.monotonic()
        self._echoes_before = self._dialogue.echoes
        self._give_up_at = None if patience_s is None else self._clock.monotonic() + patience_s
        self._write(data)
        if probe_after_s is None or probe_after_s >= command.timeout_s:
            self._start_timer(command.timeout_s, lambda: self._expired(command))
        else:
            deadline = self._clock.monotonic() + command.timeout_s
            self._start_timer(probe_after_s, lambda: self._await_result(command, deadline, probe_every_s))
        try:
            return await answer
        except BaseException:
            self._abandon()
            raise
        finally:
            self._answer = None
            self._stop_timer()
            if self._dialogue.probes and self._dialogue.phase is Phase.IDLE:
                self._abandon()  # answers to our probes are still to come
            self._probes = 0

    def settle(self, answer: Response, reference: int | None = None) -> bool:
        """Take ``answer`` for the final result of the payload that is out. False when none is.

        The modem's own result, with that ``reference``, is not taken for another message's when it comes.
        """
        if self._answer is None or self._answer.done() or not self.payload_out:
            return False
        if reference is not None:
            self._dialogue.known_references = {reference}
        self._answer.set_result(answer)
        self._abandon()
        return True

    def probe(self) -> None:
        """Ask AT while the final result of a payload is awaited.

        From the second time on ESC goes first: when the end of the payload was lost, the modem still waits for it and
        would take AT for more of it.
        """
        if self.payload_out and self._answer is not None and not self._answer.done():
            self._write(ESCAPE + b"AT\r" if self._probes else b"AT\r")
            self._probes += 1
            self._dialogue.probes += 1

    async def _prepare(self) -> None:
        """Before a command: get into step where that was lost since the turn began, and leave the pause that is due."""
        if self._dialogue.phase is Phase.STALE:
            await self.resync()
        if self.pause_s:
            left = self._ended_at + self.pause_s - self._clock.monotonic()
            if left > 0:
                await self._clock.sleep(left)

    def _write(self, data: bytes) -> None:
        if self._cause is not None:
            raise self._cause
        assert self._stream is not None
        if self.tap is not None:
            self.tap(">", data)
        self._stream.write(data)

    def _abandon(self) -> None:
        """Give up what is in flight, if anything: the port is out of step from here on."""
        if self._dialogue.phase is Phase.IDLE or self._dialogue.phase is Phase.STALE:
            if self._dialogue.probes:
                self._resync.give_up()
            return
        escape = self._resync.give_up()
        if escape and self._cause is None:
            self._write(escape)

    # -- time-outs ----------------------------------------------------------------------------------------------

    def _start_timer(self, seconds: float, callback: Callable[[], None]) -> None:
        self._timer = self._clock.call_later(seconds, callback)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.pause_s:
            self._ended_at = self._clock.monotonic()

    def _expired(self, command: Command) -> None:
        self._fail(CommandTimeout(command, self.payload_out))

    def _await_result(self, command: Command, deadline: float, every_s: float) -> None:
        left = deadline - self._clock.monotonic()
        if left <= 0:
            self._expired(command)
        else:
            self.probe()
            self._start_timer(min(every_s, left), lambda: self._await_result(command, deadline, every_s))

    def _missed(self) -> Exception | None:
        """What came after the prompt while ``before_payload`` was at work."""
        return self._failure

    def _lone(self, command: Command) -> None:
        if self._dialogue.partial_lines and self._answer is not None and not self._answer.done():
            self._answer.set_result(Response(FinalResult(FinalResultKind.OK), list(self._dialogue.partial_lines), []))
            self._abandon()
        else:
            self._start_timer(max(0.0, command.timeout_s - LONE_S), lambda: self._expired(command))

    # -- getting back in step -----------------------------------------------------------------------------------

    @property
    def dirty(self) -> bool:
        """Whether an answer was given up and the port is not known to be in step."""
        return self._resync.dirty.is_set()

    async def wake(self, tries: int = RESYNC_TRIES) -> None:
        """Get a port into step whose state is not known: its last owner may have died in a prompt."""
        await self._lock.acquire(PortPriority.CONTROL)
        try:
            self._resync.give_up()
            self._write(ESCAPE)
            await self.resync(tries)
        finally:
            self._lock.release()

    async def resync(self, tries: int = RESYNC_TRIES) -> None:
        """For the holder of the turn: get into step. Raises :class:`CommandTimeout`."""
        await self._resync.run(tries)
