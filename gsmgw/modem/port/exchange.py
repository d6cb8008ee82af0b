"""One command and its response: what is written, what is awaited, what went wrong meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gsmgw.at.commands import Command
from gsmgw.at.dialogue import Dialogue
from gsmgw.at.events import Response, Urc
from gsmgw.at.phase import Phase
from gsmgw.at.result_codes import FinalResult, FinalResultKind
from gsmgw.modem.port.errors import CommandError, CommandTimeout
from gsmgw.modem.port.resync import Resync
from gsmgw.ports import ByteStream, Clock, Timer

#: An information line without a final result (Wavecom, +CPIN) counts as the whole response after that time, seconds.
LONE_LINE_S = 1.0


class Exchange:
    """The command in flight on one port. All methods are for the holder of the port lock, or for incoming bytes."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.dialogue = Dialogue()
        self.resync = Resync(clock, self.dialogue, self.write)
        self.stream: ByteStream | None = None
        #: Why the connection ended; None while it lives.
        self.cause: Exception | None = None
        #: Called with all that is written (``>``) and read (``<``).
        self.tap: Callable[[str, bytes], None] | None = None
        #: The shortest pause between a final result and the next command, seconds (Telit asks for 20 ms).
        self.pause_s = 0.0
        self._ended_at = float("-inf")
        #: How many responses had a line of their own command: only a modem sends those, while anything may send OK.
        self.proofs = 0
        #: True if an echo tells that the modem restarted: echo was switched off, and stayed off.
        self.echo_means_reset = False
        #: The failure or refusal of the command in flight, while nobody waits for it.
        self.failure: Exception | None = None
        #: The prompted command in flight, until its payload leaves.
        self.prompted_command: Command | None = None
        self._prompt: asyncio.Future[Response | None] | None = None
        self._response: asyncio.Future[Response] | None = None
        self._timer = LazyTimer(clock)
        self._slips = SlipDetector()

    # -- what came ----------------------------------------------------------------------------------------------

    def answered(self, response: Response) -> None:
        """Hand a response to whoever waits for it."""
        for future in (self._prompt, self._response):
            if future is not None and not future.done():
                future.set_result(response)
                return
        if self.prompted_command is not None:
            self.failure = CommandError(self.prompted_command, response.final)

    def prompted(self) -> None:
        """The prompt for a payload came."""
        if self._prompt is not None and not self._prompt.done():
            self._prompt.set_result(None)

    def noticed(self, urc: Urc) -> None:
        """Look whether a URC is in truth the response to the previous command."""
        if self._slips.is_late_response(urc):
            if self.dialogue.phase is Phase.IDLE:
                self.resync.give_up()
            else:
                self._slips.pending = True

    def fail(self, cause: Exception) -> None:
        """Tell the holder of the port lock that its command failed."""
        for future in (self._prompt, self._response):
            if future is not None and not future.done():
                future.set_exception(cause)
                return
        self.failure = cause

    @property
    def awaits_response(self) -> bool:
        """True if a response is awaited that has not come."""
        return self._response is not None and not self._response.done()

    def end(self, cause: Exception) -> None:
        """End the connection: whoever waits is told the cause."""
        self.cause = cause
        self.stop_timer()
        self._timer.close()
        self.fail(cause)
        self.resync.end(cause)

    # -- running ------------------------------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Before a command: get in step where that was lost meanwhile, and keep the pause between commands."""
        if self.dialogue.phase is Phase.STALE:
            await self.resync.run()
        if self.pause_s:
            left = self._ended_at + self.pause_s - self.clock.monotonic()
            if left > 0:
                await self.clock.sleep(left)

    async def run(self, command: Command) -> Response:
        """Run a command. Raises :class:`CommandError`, :class:`CommandTimeout`, or the cause of the end."""
        await self.prepare()
        response = self.expect_response()
        self.write(self.dialogue.start(command))
        if command.lone:
            self.start_timer(min(LONE_LINE_S, command.timeout_s), lambda: self._end_lone(command))
        else:
            self.start_timer(command.timeout_s, lambda: self.expire(command))
        result = await self.awaited(response)
        if result.pairs or (result.lines and not command.free):
            self.proofs += 1
        if self._slips.note(command, result):
            self.resync.give_up()
        if not result.final.ok:
            raise CommandError(command, result.final)
        return result

    def expect_response(self) -> asyncio.Future[Response]:
        """Return the future of the next response; to be followed by :meth:`awaited`."""
        self._response = asyncio.get_running_loop().create_future()
        return self._response

    async def awaited(self, response: asyncio.Future[Response]) -> Response:
        """Wait for the response, and give up the command when that fails."""
        try:
            return await response
        except BaseException:
            self.abandon()
            raise
        finally:
            self._response = None
            self.stop_timer()

    def expect_prompt(self, command: Command) -> asyncio.Future[Response | None]:
        """Return the future of the prompt: None for the prompt itself, else the refusal. Ends by :meth:`no_prompt`."""
        self._prompt = asyncio.get_running_loop().create_future()
        self.prompted_command = command
        self.failure = None
        return self._prompt

    def no_prompt(self) -> None:
        """No prompt is awaited any more."""
        self._prompt = None
        self.prompted_command = None
        self.stop_timer()

    def settle(self, response: Response) -> None:
        """Take ``response`` for that of the command in flight, whose own may come later."""
        assert self._response is not None
        self._response.set_result(response)
        self.abandon()

    def write(self, data: bytes) -> None:
        """Write bytes to the port. Raises the cause of the end."""
        if self.cause is not None:
            raise self.cause
        assert self.stream is not None
        if self.tap is not None:
            self.tap(">", data)
        self.stream.write(data)

    def abandon(self) -> None:
        """Give up what is in flight, if anything: the port is out of step from here on."""
        if self.dialogue.phase is Phase.IDLE or self.dialogue.phase is Phase.STALE:
            if self.dialogue.probes:
                self.resync.give_up()
            return
        escape = self.resync.give_up()
        if escape and self.cause is None:
            self.write(escape)

    # -- time-outs ----------------------------------------------------------------------------------------------

    def start_timer(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back unless the command in flight ends before."""
        self._timer.start(seconds, callback)

    def stop_timer(self) -> None:
        """The command in flight has ended, or another timer follows."""
        self._timer.stop()
        if self.pause_s:
            self._ended_at = self.clock.monotonic()

    def expire(self, command: Command) -> None:
        """No response came in time."""
        self.fail(CommandTimeout(command, self.dialogue.phase is Phase.PAYLOAD))

    def _end_lone(self, command: Command) -> None:
        if self.dialogue.partial_lines and self._response is not None and not self._response.done():
            self._response.set_result(Response(FinalResult(FinalResultKind.OK), list(self.dialogue.partial_lines), []))
            self.abandon()
        else:
            self.start_timer(max(0.0, command.timeout_s - LONE_LINE_S), lambda: self.expire(command))


class LazyTimer:
    """A timer that is started and stopped far more often than it expires.

    Stopping it costs no call of the event loop: the call that is scheduled finds nothing to do, or waits for the rest.
    """

    __slots__ = ("_at_s", "_call", "_callback", "_clock", "_due_s")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._callback: Callable[[], None] | None = None
        #: When it expires, and the scheduled call with its time.
        self._due_s = 0.0
        self._call: Timer | None = None
        self._at_s = 0.0

    def start(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back after that time; an earlier start is forgotten."""
        self._callback = callback
        self._due_s = self._clock.monotonic() + seconds
        if self._call is not None:
            if self._at_s <= self._due_s:
                return
            self._call.cancel()
        self._schedule(seconds)

    def stop(self) -> None:
        """Do not call back."""
        self._callback = None

    def close(self) -> None:
        """Stop, and cancel the scheduled call."""
        self._callback = None
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _schedule(self, seconds: float) -> None:
        self._at_s = self._due_s
        self._call = self._clock.call_later(seconds, self._look)

    def _look(self) -> None:
        self._call = None
        if self._callback is None:
            return
        left_s = self._due_s - self._clock.monotonic()
        if left_s > 0:
            self._schedule(left_s)
            return
        callback, self._callback = self._callback, None
        callback()


class SlipDetector:
    """Notices responses that are one behind: a query got a stray OK alone, and its own response comes later.

    From there on each response would be taken for that of the next command.
    """

    __slots__ = ("_missing", "pending")

    def __init__(self) -> None:
        #: The prefixes of the line that the last query should have brought.
        self._missing: tuple[str, ...] = ()
        #: True if that line came during the command in flight.
        self.pending = False

    def is_late_response(self, urc: Urc) -> bool:
        """Return whether a line is the one that the last query should have brought."""
        if not self._missing or not urc.line.startswith(self._missing):
            return False
        self._missing = ()
        return True

    def note(self, command: Command, response: Response) -> bool:
        """Note a response; return whether the responses were found to be one behind meanwhile."""
        self._missing = command.prefixes if command.text.endswith("?") and not response.lines else ()
        slipped, self.pending = self.pending, False
        return slipped
