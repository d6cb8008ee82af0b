"""One connection to one port: one command in flight, the rest waiting by priority, the port always in step.

A channel is used for one connection. It ends once, by the first cause, and tells it to everybody who waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from gsmgw.at.commands import Command
from gsmgw.at.dialogue import ESCAPE
from gsmgw.at.events import Event, Probed, Prompted, Response, Stale, Urc
from gsmgw.at.phase import Phase
from gsmgw.at.urcs import UrcKind
from gsmgw.errors import PortError
from gsmgw.modem.port.babble_guard import BabbleGuard, Babbling
from gsmgw.modem.port.errors import ModemReset
from gsmgw.modem.port.exchange import Exchange
from gsmgw.modem.port.port_lock import PortLock, PortPriority
from gsmgw.modem.port.resync import RESYNC_TRIES
from gsmgw.modem.port.submission import NO_PROBES, ResultWait, Submission
from gsmgw.ports import Clock, Opener, Timer

#: A USSD text whose closing quotation mark is missing ends that long after its last line, seconds.
TEXT_END_S = 1.0


class Channel:
    """A :class:`gsmgw.ports.ByteReceiver` that turns a byte stream into commands and URCs.

    ``on_urc`` is called on the event loop with every URC, ``on_stale`` with the lines of responses that came too late,
    ``on_lost`` once when the connection ended by itself. A modem that exceeds the limits of the guard ends the channel
    by :class:`Babbling`.
    """

    def __init__(
        self,
        clock: Clock,
        on_urc: Callable[[Urc], None],
        on_lost: Callable[[Exception], None],
        on_stale: Callable[[Stale], None] | None = None,
        babble_guard: BabbleGuard | None = None,
    ) -> None:
        self._babble_guard = babble_guard or BabbleGuard(clock)
        self._on_urc = on_urc
        self._on_lost = on_lost
        self._on_stale = on_stale
        self._lock = PortLock()
        self._exchange = Exchange(clock)
        self._dialogue = self._exchange.dialogue
        self._resync = self._exchange.resync
        self._submission = Submission(self._exchange)
        #: Runs while a USSD text of several lines is open.
        self._text_timer: Timer | None = None

    # -- life ---------------------------------------------------------------------------------------------------

    async def open(self, opener: Opener) -> None:
        """Open the stream. Raises :class:`PortError`."""
        self._exchange.stream = await opener(self)

    async def close(self) -> None:
        """Close the stream; whoever waits is told that the port is closed."""
        self._end(PortError("the port was closed"), tell=False)
        if self._exchange.stream is not None:
            await self._exchange.stream.close()

    def connection_lost(self, cause: Exception | None) -> None:
        """The stream ended."""
        if cause is not None:
            self._end(cause, tell=True)

    def _end(self, cause: Exception, *, tell: bool) -> None:
        if self._exchange.cause is not None:
            return
        self._exchange.end(cause)
        self._lock.end(cause)
        if self._text_timer is not None:
            self._text_timer.cancel()
        if tell:
            self._on_lost(cause)

    # -- state --------------------------------------------------------------------------------------------------

    @property
    def cause(self) -> Exception | None:
        """Why the channel ended; None while it lives."""
        return self._exchange.cause

    @property
    def is_open(self) -> bool:
        """True if :meth:`open` succeeded and nothing has ended the channel."""
        return self._exchange.stream is not None and self._exchange.cause is None

    @property
    def dirty(self) -> bool:
        """True if a response was given up and the port is not known to be in step."""
        return self._resync.dirty.is_set()

    @property
    def echoes(self) -> int:
        """How many command lines came back as echo so far."""
        return self._dialogue.echoes

    @property
    def proofs(self) -> int:
        """How many responses had a line of their own command: only a modem sends those."""
        return self._exchange.proofs

    @property
    def payload_out(self) -> bool:
        """True if a payload has left and its final result is awaited."""
        return self._submission.payload_out

    @property
    def payload_left(self) -> bool:
        """True if a byte of the payload of the last submission has left."""
        return self._submission.payload_left

    @property
    def payload_at(self) -> float:
        """When the last payload left, monotonic seconds."""
        return self._submission.payload_at

    @property
    def expects_late_result(self) -> bool:
        """True if the result of a message that was given up may still come."""
        return self._dialogue.expects_late_result

    @expects_late_result.setter
    def expects_late_result(self, value: bool) -> None:
        self._dialogue.expects_late_result = value

    # -- settings -----------------------------------------------------------------------------------------------

    def configure(self, *, noise: frozenset[str], pause_s: float) -> None:
        """Set the names of lines that mean nothing, and the shortest pause between two commands in seconds."""
        self._dialogue.noise = noise
        self._exchange.pause_s = pause_s

    @property
    def echo_means_reset(self) -> bool:
        """True if an echo tells that the modem restarted: echo was switched off, and stayed off."""
        return self._exchange.echo_means_reset

    @echo_means_reset.setter
    def echo_means_reset(self, value: bool) -> None:
        self._exchange.echo_means_reset = value

    def tap(self, listener: Callable[[str, bytes], None] | None) -> None:
        """Have ``listener(direction, data)`` called with all that is written (``>``) and read (``<``)."""
        self._exchange.tap = listener

    # -- reading ------------------------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        exchange, dialogue = self._exchange, self._dialogue
        if exchange.cause is not None:
            return
        if exchange.tap is not None:
            exchange.tap("<", data)
        unasked = dialogue.lines - dialogue.asked_lines, -dialogue.asked_bytes
        events = dialogue.feed(data)
        self._take(events)
        lines, size = dialogue.lines - dialogue.asked_lines - unasked[0], -dialogue.asked_bytes - unasked[1]
        self._babble_guard.take_input(len(data) + size, lines)
        if dialogue.has_open_text or self._text_timer is not None:
            self._await_text_end()
        if self._babble_guard.exceeded is not None:
            self._end(Babbling(self._babble_guard.exceeded), tell=True)

    def _await_text_end(self) -> None:
        """Give an open USSD text some time to end, from its last line on."""
        if self._text_timer is not None:
            self._text_timer.cancel()
            self._text_timer = None
        if self._dialogue.has_open_text:
            self._text_timer = self._exchange.clock.call_later(TEXT_END_S, self._end_text)

    def _end_text(self) -> None:
        self._text_timer = None
        if self._exchange.cause is None:
            self._take(self._dialogue.end_text())

    def _take(self, events: list[Event]) -> None:
        exchange = self._exchange
        for event in events:
            if type(event) is Response:
                exchange.answered(event)
            elif type(event) is Prompted:
                exchange.prompted()
            elif type(event) is Probed:
                self._submission.probed()
            elif type(event) is Stale:
                self._resync.note(event)
                if self._on_stale is not None:
                    self._on_stale(event)
            elif type(event) is Urc:
                exchange.noticed(event)
                if event.kind is UrcKind.RESET:
                    exchange.fail(ModemReset(f"the modem restarted by itself ({event.line[:80]})"))
                self._on_urc(event)

    # -- exclusive use ------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def exclusive(self, priority: PortPriority) -> AsyncIterator[None]:
        """Hold the port lock, with the port in step. Raises the cause of the channel's end.

        The task that holds the lock may enter again.
        """
        if self._lock.holder is asyncio.current_task():
            yield
            return
        if self._exchange.stream is None:  # a person asks for something meanwhile
            raise PortError("the port is still being opened")
        await self._lock.acquire(priority)
        try:
            if self._dialogue.phase is not Phase.IDLE:
                await self.resync()
            yield
        finally:
            self._lock.release()

    async def wake(self, tries: int = RESYNC_TRIES) -> None:
        """Get a port in step whose state is not known: its last owner may have died in a prompt."""
        await self._lock.acquire(PortPriority.CONTROL)
        try:
            self._resync.give_up()
            self._exchange.write(ESCAPE)
            await self.resync(tries)
        finally:
            self._lock.release()

    async def resync(self, tries: int = RESYNC_TRIES) -> None:
        """Get in step, for the holder of the lock. Raises :class:`CommandTimeout`."""
        await self._resync.run(tries)

    # -- commands -----------------------------------------------------------------------------------------------

    async def run(self, command: Command, priority: PortPriority = PortPriority.CONTROL) -> Response:
        """Run a command and return its response.

        Raises :class:`CommandError`, :class:`CommandTimeout`, or the cause of the channel's end.
        """
        async with self.exclusive(priority):
            return await self._exchange.run(command)

    async def submit(
        self,
        command: Command,
        payload: bytes,
        before_payload: Callable[[], Awaitable[None]],
        wait: ResultWait = NO_PROBES,
    ) -> Response:
        """Run a prompted command, for the holder of the lock.

        The command line leaves at once; the payload leaves, in one write, when both the prompt has come and
        ``before_payload`` has returned. When that raises, nothing is sent and its exception comes out.
        Raises as :meth:`run`; :class:`ResultOverdue` when the result did not come in time, :class:`PromptLost` or
        :class:`ModemReset` when the modem forgot the message. A refusal after the payload is returned, not raised.
        When the command line is unexpectedly echoed, nothing is sent: a modem that has restarted may be in text mode,
        where it would take the length for a recipient.
        """
        return await self._submission.run(command, payload, before_payload, wait)

    async def submit_stored(self, command: Command, wait: ResultWait = NO_PROBES) -> Response:
        """Run a command that submits by itself, for the holder of the lock; otherwise as :meth:`submit`."""
        return await self._submission.run_stored(command, wait)

    def start_submission(self) -> None:
        """Forget that the payload of an earlier submission has left."""
        self._submission.payload_left = False

    def settle(self, response: Response, reference: int | None = None) -> bool:
        """Take ``response`` for the final result of the payload that is out. False when none is.

        The modem's own result with that ``reference`` is not taken for another message's when it comes.
        """
        return self._submission.settle(response, reference)
