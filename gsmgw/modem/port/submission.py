"""The submission of one message on a port: prompt, payload, and the wait for a final result."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gsmgw.at.commands import Command
from gsmgw.at.dialogue import ESCAPE
from gsmgw.at.events import Response
from gsmgw.at.phase import Phase
from gsmgw.modem.port.errors import CommandError, ModemReset, PromptLost, ResultOverdue
from gsmgw.modem.port.exchange import Exchange

_ECHOES = "the modem restarted by itself: it echoes again"


@dataclass(frozen=True, slots=True)
class ResultWait:
    """How long a final result is waited for after the payload, seconds.

    After ``probe_after_s`` without a result AT is asked, then every ``probe_every_s``. A modem that answers AT is
    waited for until ``give_up_after_s``, one that does not until the command's time-out.
    """

    probe_after_s: float | None = None
    probe_every_s: float = 2.0
    give_up_after_s: float | None = None


#: Wait until the command's time-out, and ask nothing meanwhile.
NO_PROBES = ResultWait()


class Submission:
    """Submits messages on one port, one at a time, for the holder of the port lock."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._dialogue = exchange.dialogue
        self._clock = exchange.clock
        self._probes = 0
        #: When the wait for the final result ends where the modem answers AT meanwhile, monotonic seconds.
        self._give_up_at: float | None = None
        self._echoes_before = 0
        #: True if a byte of the payload of the last submission has left.
        self.payload_left = False
        #: When that was, monotonic seconds.
        self.payload_at = float("-inf")

    @property
    def payload_out(self) -> bool:
        """True if a payload has left and its final result is awaited."""
        return self._dialogue.phase is Phase.PAYLOAD

    async def run(
        self, command: Command, payload: bytes, before_payload: Callable[[], Awaitable[None]], wait: ResultWait
    ) -> Response:
        """See :meth:`gsmgw.modem.port.channel.Channel.submit`."""
        echoes = self._dialogue.echoes
        refused = await self._prompt(command, before_payload)
        if refused is not None:
            raise CommandError(command, refused.final)
        exchange = self._exchange
        if exchange.echo_means_reset and self._dialogue.echoes > echoes:
            exchange.failure = exchange.failure or ModemReset(_ECHOES)
        if exchange.failure is not None:  # it came while ``before_payload`` was running
            exchange.abandon()
            raise exchange.failure
        return await self._result(command, self._dialogue.payload(payload), wait)

    async def run_stored(self, command: Command, wait: ResultWait) -> Response:
        """See :meth:`gsmgw.modem.port.channel.Channel.submit_stored`."""
        await self._exchange.prepare()
        self._exchange.failure = None
        return await self._result(command, self._dialogue.start(command), wait)

    async def _prompt(self, command: Command, before_payload: Callable[[], Awaitable[None]]) -> Response | None:
        """Write the command line; wait for the prompt and for ``before_payload``. Return the refusal, if any."""
        exchange = self._exchange
        await exchange.prepare()
        prompt = exchange.expect_prompt(command)
        exchange.write(self._dialogue.start(command))
        exchange.start_timer(command.prompt_timeout_s, lambda: exchange.expire(command))
        try:
            await before_payload()
            return await prompt
        except BaseException:
            exchange.abandon()
            if prompt.done() and not prompt.cancelled():
                prompt.exception()  # before_payload's own exception is the one that counts
            raise
        finally:
            exchange.no_prompt()

    async def _result(self, command: Command, data: bytes, wait: ResultWait) -> Response:
        """Write the bytes that make the modem submit, and wait for the final result."""
        exchange, now = self._exchange, self._clock.monotonic()
        response = exchange.expect_response()
        self.payload_left, self.payload_at = True, now
        self._echoes_before = self._dialogue.echoes
        self._give_up_at = None if wait.give_up_after_s is None else now + wait.give_up_after_s
        exchange.write(data)
        if wait.probe_after_s is None or wait.probe_after_s >= command.timeout_s:
            exchange.start_timer(command.timeout_s, lambda: exchange.expire(command))
        else:
            deadline = now + command.timeout_s
            exchange.start_timer(wait.probe_after_s, lambda: self._probe_again(command, deadline, wait.probe_every_s))
        try:
            return await exchange.awaited(response)
        finally:
            if self._dialogue.probes and self._dialogue.phase is Phase.IDLE:
                exchange.abandon()  # answers to our probes are still to come
            self._probes = 0

    def settle(self, response: Response, reference: int | None) -> bool:
        """See :meth:`gsmgw.modem.port.channel.Channel.settle`."""
        if not self.payload_out or not self._exchange.awaits_response:
            return False
        if reference is not None:
            self._dialogue.known_references = {reference}
        self._exchange.settle(response)
        return True

    # -- probing ------------------------------------------------------------------------------------------------

    def probe(self) -> None:
        """Ask AT while the final result of a payload is awaited.

        From the second probe on ESC goes first: when the end of the payload was lost, the modem still waits for it
        and would take AT for more of it.
        """
        if self.payload_out and self._exchange.awaits_response:
            self._exchange.write(ESCAPE + b"AT\r" if self._probes else b"AT\r")
            self._probes += 1
            self._dialogue.probes += 1

    def probed(self) -> None:
        """AT was answered while a final result is awaited.

        V.250 5.6: that says nothing about the message, unless the modem was freed by ESC: then it had waited for the
        end of the payload.
        """
        exchange = self._exchange
        if not exchange.awaits_response:
            return
        if exchange.echo_means_reset and self._dialogue.echoes > self._echoes_before:
            exchange.fail(ModemReset(_ECHOES))
        elif self._give_up_at is None or self._probes > 1:
            exchange.fail(PromptLost("the modem lost the message: it answers AT, but no result came"))
        else:
            exchange.stop_timer()
            left_s = self._give_up_at - self._clock.monotonic()
            if left_s <= 0:
                self._overdue()
            else:
                exchange.start_timer(left_s, self._overdue)

    def _probe_again(self, command: Command, deadline: float, every_s: float) -> None:
        left_s = deadline - self._clock.monotonic()
        if left_s <= 0:
            self._exchange.expire(command)
        else:
            self.probe()
            self._exchange.start_timer(min(every_s, left_s), lambda: self._probe_again(command, deadline, every_s))

    def _overdue(self) -> None:
        self._exchange.fail(ResultOverdue("no result came in time, though the modem answers AT"))
