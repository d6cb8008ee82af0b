"""Submission of one TPDU at a time to the modem, with or without a stored copy, and the reference that comes back."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Awaitable, Callable

from gsmgw.at import commands
from gsmgw.at.commands import Command
from gsmgw.at.events import Response, Stale
from gsmgw.at.responses import parse_reference
from gsmgw.at.result_codes import FinalResult, FinalResultKind
from gsmgw.errors import Disposition, ModemError, SubmitError
from gsmgw.model.events import SubmitLateConfirmation, SubmitLateRefusal
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.port.errors import CommandTimeout, ResultOverdue
from gsmgw.modem.port.port_lock import PortPriority
from gsmgw.modem.port.submission import ResultWait
from gsmgw.modem.sending.refusal import refusal, submit_error
from gsmgw.modem.sending.result_timeout import ResultTimeout
from gsmgw.modem.sending.stored_copies import StoredCopies
from gsmgw.modem.status import StatusReporter
from gsmgw.ports import Stored

#: The least time after which a modem may release a radio link that it was asked to keep, seconds.
HOLD_S = 1.0
#: How long an overdue result is expected, seconds: twice what the slowest modem states (TS 24.011 10, manuals).
OVERDUE_S = 300.0
_HOLD = commands.hold_link(1)
#: Lines by which a modem confirms a message, also a late one.
_CONFIRMATIONS = ("+CMGS:", "+CMSS:")


async def _nothing() -> None:
    """Do nothing before the payload of a second try: the commit was made before the first."""


class Sender:
    """Sends TPDUs over one channel, one at a time."""

    def __init__(
        self, at: AtClient, reporter: StatusReporter, copies: StoredCopies | None, timeout: ResultTimeout
    ) -> None:
        self._at = at
        self._channel = at.channel
        self._clock = at.clock
        self._reporter = reporter
        self._copies = copies
        self._timeout = timeout
        #: When the payloads left whose final results did not come in time, monotonic seconds.
        self._overdue: deque[float] = deque(maxlen=16)
        self._holds_link: bool | None = None
        self._link_held_at = float("-inf")
        self._storing = False
        self._commands: dict[tuple[int, int], Command] = {}
        #: TP-MR of the last message that was accepted.
        self.last_reference: int | None = None
        #: The same, where the modem has named it and was given no other message since.
        self.confirmed: int | None = None
        #: True if a submission is running or waits for the port.
        self.active = False

    async def submit(
        self,
        tpdu: bytes,
        before_payload: Callable[[], Awaitable[None]],
        *,
        more: bool = False,
        on_stored: Stored | None = None,
    ) -> int:
        """See :meth:`gsmgw.ports.ModemHandle.submit`."""
        payload = b"00" + tpdu.hex().upper().encode()  # a zero-length SMSC address: the one stored on the SIM
        self.active = True
        has_port = False
        try:
            async with self._channel.exclusive(PortPriority.SUBMIT):
                has_port = True
                self._channel.start_submission()
                self.confirmed = None
                if more:
                    await self._hold_link()
                response = await self._hand_over(len(tpdu), payload, before_payload, on_stored)
        except ModemError as exc:
            payload_started = has_port and self._channel.payload_left
            raise submit_error(exc, self._at.profile, payload_started=payload_started) from exc
        finally:
            self.active = False
        if not response.final.ok:
            raise self._refusal(response.final)
        before = self.last_reference
        reference = self._reference(response)
        # As many references were used as messages were given: this result is its own, and the overdue ones are lost.
        if before is not None and (reference - before) % 256 == len(self._overdue) + 1:
            self._overdue.clear()
        return reference

    def _refusal(self, final: FinalResult) -> SubmitError:
        """Return the error for a refusal. Results come in order: while one is overdue, it may be that one."""
        if not self._overdue_results():
            return refusal(final, self._at.profile, payload_started=True)
        self._note_overdue()
        title = f"a refusal ({final}) came, which may be the late result of an earlier message"
        return SubmitError(title, Disposition.UNKNOWN, payload_started=True, overdue=True)

    async def _hand_over(
        self, octets: int, payload: bytes, before: Callable[[], Awaitable[None]], on_stored: Stored | None
    ) -> Response:
        """Store the message and send the copy where that is wanted and possible, else send it directly."""
        if self._copies is not None and self._copies.wanted and on_stored is not None:
            response = await self._send_copy(self._copies, octets, payload, before, on_stored)
            if response is not None:
                return response
            before = _nothing
        return await self._send(octets, payload, before)

    async def _send(self, octets: int, payload: bytes, before: Callable[[], Awaitable[None]]) -> Response:
        channel = self._channel
        try:
            return await self._timed(channel.submit, self._command(octets, 0), payload, before)
        except CommandTimeout as exc:
            if exc.payload_sent:
                raise
        # No prompt came, so nothing was sent: try once more, with a longer time-out, when the port answers again.
        await channel.resync()
        return await self._timed(channel.submit, self._command(octets, 1), payload, _nothing)

    def _command(self, octets: int, attempt: int) -> Command:
        """Return the command for a TPDU of that length; made once per length."""
        command = self._commands.get((octets, attempt))
        if command is None:
            profile = self._at.profile
            timeouts = profile.prompt_timeouts_s
            command = commands.send_message(octets, profile.submit_timeout_s, timeouts[min(attempt, len(timeouts) - 1)])
            self._commands[octets, attempt] = command
        return command

    async def _send_copy(
        self, copies: StoredCopies, octets: int, payload: bytes, before: Callable[[], Awaitable[None]], stored: Stored
    ) -> Response | None:
        """Store the message, have its place committed, and send it from there; None where it cannot be stored."""
        self._storing = True
        try:
            index = await copies.write(octets, payload, before)
        finally:
            self._storing = False
            self._channel.start_submission()  # nothing is transmitted before AT+CMSS
        if index is None:
            return None
        await stored(copies.memory, index)
        command = commands.send_stored(index, self._at.profile.submit_timeout_s)
        return await self._timed(self._channel.submit_stored, command)

    async def _timed(self, submit: Callable[..., Awaitable[Response]], *args: object) -> Response:
        """Submit, wait as long as this modem needs, and note how long it took."""
        profile = self._at.profile
        least_s = profile.probe_after_s
        give_up_after_s = None if least_s is None else self._timeout.wait_s(least_s, profile.submit_timeout_s)
        try:
            response = await submit(*args, ResultWait(least_s, give_up_after_s=give_up_after_s))
        except (ResultOverdue, CommandTimeout):
            if self._channel.payload_left:
                self._note_overdue()
                self._timeout.missed()
            raise
        self._timeout.note(self._clock.monotonic() - self._channel.payload_at)
        return response

    async def _hold_link(self) -> None:
        """Ask the modem to keep the radio link (TS 27.005 3.5.6), once at the start of a run of messages.

        The modem releases the link by itself when 1 to 5 s pass without a message.
        """
        now = self._clock.monotonic()
        if self._holds_link is not False and now - self._link_held_at > HOLD_S:
            self._holds_link = await self._at.attempt(_HOLD) is not None
        self._link_held_at = now

    def _reference(self, response: Response) -> int:
        """Return the TP-MR of an accepted message.

        When the number in the response was damaged, the next one in order is assumed: modems count up (TS 23.040
        9.2.3.6). OK without that line (TS 27.005 3.5.1) proves nothing: some ports answer OK to everything.
        """
        if not response.lines:
            raise SubmitError(
                "the modem answered OK without +CMGS, which does not prove that it sent the message",
                Disposition.UNKNOWN,
                payload_started=True,
            )
        for line in response.lines:
            with contextlib.suppress(IndexError):
                if (reference := parse_reference(line)) is not None:
                    self.last_reference = self.confirmed = reference
                    return reference
        self.last_reference = ((self.last_reference or 0) + 1) % 256
        return self.last_reference

    # -- evidence from elsewhere ----------------------------------------------------------------------------------

    def settle(self, reference: int) -> bool:
        """End the submission that runs: a report proves that the network accepted it. Return whether one was ended."""
        if self._storing:
            return False
        response = Response(FinalResult(FinalResultKind.OK), [f"+CMGS: {reference}"], [], payload_sent=True)
        # Where references are counted, the result that may still come is known by its own.
        counts = self.last_reference is not None and (reference - self.last_reference) % 256 == 1
        if not self._channel.settle(response, reference if counts else None):
            return False
        self.last_reference = reference
        return True

    def _note_overdue(self) -> None:
        """The result of the last payload did not come in time, and may still come."""
        self._overdue.append(self._channel.payload_at)
        self._channel.expects_late_result = True

    def _overdue_results(self) -> int:
        """Return how many results may still come."""
        now = self._clock.monotonic()
        while self._overdue and now - self._overdue[0] > OVERDUE_S:
            self._overdue.popleft()
        self._channel.expects_late_result = bool(self._overdue)
        return len(self._overdue)

    def stale_line(self, stale: Stale) -> None:
        """Report a confirmation or refusal that came after the message was given up."""
        if stale.final is not None and stale.final.kind is FinalResultKind.CMS:
            self._late_refusal(stale.final)
        if not stale.line.startswith(_CONFIRMATIONS):
            return
        reference = parse_reference(stale.line)
        if reference is not None and self._is_late(reference):
            self._reporter.event(SubmitLateConfirmation(reference=reference))

    def _late_refusal(self, final: FinalResult) -> None:
        """Report a refusal, if it can belong to one message only."""
        if self._overdue_results() != 1:
            return
        self._timeout.note(self._clock.monotonic() - self._overdue.popleft())
        self._overdue_results()
        error = refusal(final, self._at.profile, payload_started=True)
        if error.disposition is not Disposition.UNKNOWN:
            permanent = error.disposition is Disposition.NEVER
            self._reporter.event(SubmitLateRefusal(cms=error.cms, title=error.title, permanent=permanent))

    def _is_late(self, reference: int) -> bool:
        if self._overdue:
            self._timeout.note(self._clock.monotonic() - self._overdue.popleft())
            self._overdue_results()
            return True
        return reference != self.last_reference
