"""Handing one TPDU to the modem, and what its answer means."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Awaitable, Callable

from gsmgw.at import commands
from gsmgw.at.dialogue import Response
from gsmgw.at.responses import parse_reference
from gsmgw.at.result_codes import FinalResult, FinalResultKind
from gsmgw.errors import Disposition, ModemError, SubmitError
from gsmgw.modem.port.channel import Channel
from gsmgw.modem.port.driver import Driver
from gsmgw.modem.port.errors import CommandError, CommandTimeout, ResultOverdue
from gsmgw.modem.port.port_lock import PortPriority
from gsmgw.modem.profiles import Profile
from gsmgw.modem.sending.result_timeout import ResultTimeout
from gsmgw.modem.sending.stored_copies import StoredCopies
from gsmgw.pdu.causes import PLAIN_ERROR, UNHEARD, cme_cause, cms_cause
from gsmgw.ports import Clock, Stored


def refusal(final: FinalResult, profile: Profile, *, payload_started: bool) -> SubmitError:
    """The error that a final result other than OK stands for: a code as the profile knows it, else as the standard."""
    cause = PLAIN_ERROR
    if final.kind is FinalResultKind.CMS and final.code is not None:
        cause = profile.cms.get(final.code) or (UNHEARD if final.code == UNHEARD.code else cms_cause(final.code))
    elif final.kind is FinalResultKind.CME and final.code is not None:
        cause = profile.cme.get(final.code) or cme_cause(final.code)
    return SubmitError(
        f"{cause.title} ({final})",
        cause.after(1, payload_started=payload_started),
        cms=final.code if final.kind is FinalResultKind.CMS else None,
        cme=final.code if final.kind is FinalResultKind.CME else None,
        payload_started=payload_started,
        cause=cause,
    )


#: The least time after which a modem may let go of a radio link that it was asked to hold.
HOLD_S = 1.0
_HOLD = commands.hold_link(1)


async def _nothing() -> None:
    """What is left to be done before the payload at the second try."""


class Sender:
    """Sends TPDUs over one channel, one at a time."""

    def __init__(
        self, driver: Driver, clock: Clock, copies: StoredCopies | None = None, patience: ResultTimeout | None = None
    ) -> None:
        self._result_timeout = patience or ResultTimeout()
        #: When the payloads left whose final results did not come in time, monotonic seconds.
        self._overdue: deque[float] = deque(maxlen=16)
        self._driver = driver
        self._clock = clock
        self._copies = copies
        self._holds_link: bool | None = None
        self._link_held_at = float("-inf")
        self._channel: Channel = driver.channel
        #: TP-MR of the last message that was accepted.
        self.last_reference: int | None = None
        #: The same, where the modem has named it and was given no other message since.
        self.confirmed: int | None = None
        #: Whether a submit is under way.
        self.active = False
        self._storing = False

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
        its_turn = False
        try:
            async with self._channel.turn(PortPriority.SUBMIT):
                its_turn, self._channel.payload_left = True, False
                self.confirmed = None
                if more:
                    await self._hold_link()
                answer = None
                if self._copies is not None and self._copies.wanted and on_stored is not None:
                    answer = await self._by_copy(self._copies, len(tpdu), payload, before_payload, on_stored)
                    before_payload = _nothing
                if answer is None:
                    answer = await self._exchange(len(tpdu), payload, before_payload)
        except ModemError as exc:
            raise self._translate(exc, its_turn and self._channel.payload_left) from exc
        finally:
            self.active = False
        if not answer.final.ok:
            raise refusal(answer.final, self._driver.profile, payload_started=True)
        return self._reference(answer)

    async def _exchange(self, octets: int, payload: bytes, before: Callable[[], Awaitable[None]]) -> Response:
        channel = self._channel
        try:
            return await self._timed(channel.submit, self._driver.send_row(octets, 0), payload, before)
        except CommandTimeout as exc:
            if exc.payload_sent:
                raise
        # No prompt came, so nothing was sent: once more, with more patience, after the port answers again.
        await channel.resync()
        return await self._timed(channel.submit, self._driver.send_row(octets, 1), payload, _nothing)

    async def _timed(self, submit: Callable[..., Awaitable[Response]], *what: object) -> Response:
        """Submit, wait as long as this modem needs, and note how long it took."""
        profile = self._driver.profile
        least_s = profile.probe_after_s
        patience_s = None if least_s is None else self._result_timeout.wait_s(least_s, profile.submit_timeout_s)
        try:
            answer = await submit(*what, probe_after_s=least_s, patience_s=patience_s)
        except (ResultOverdue, CommandTimeout):
            if self._channel.payload_left:
                self._overdue.append(self._channel.payload_at)
                self._result_timeout.missed()
            raise
        self._result_timeout.note(self._clock.monotonic() - self._channel.payload_at)
        return answer

    def late(self, reference: int) -> bool:
        """A line came that says that a message was accepted, and none was awaited; whether that is news."""
        if self._overdue:
            self._result_timeout.note(self._clock.monotonic() - self._overdue.popleft())
            return True
        return reference != self.last_reference

    async def _by_copy(
        self,
        copies: StoredCopies,
        octets: int,
        payload: bytes,
        before: Callable[[], Awaitable[None]],
        on_stored: Stored,
    ) -> Response | None:
        """Store the message, have its place committed, and send it from there; None where it cannot be stored."""
        self._storing = True
        try:
            index = await copies.write(octets, payload, before)
        finally:
            self._storing = False
            self._channel.payload_left = False  # nothing is on the air before AT+CMSS
        if index is None:
            return None
        await on_stored(copies.memory, index)
        profile = self._driver.profile
        command = commands.send_stored(index, profile.submit_timeout_s)
        return await self._timed(self._channel.submit_stored, command)

    async def _hold_link(self) -> None:
        """Ask for the radio link to be kept (TS 27.005 3.5.6): once at the start of a run of messages, for the modem
        lets go by itself when 1 to 5 s pass without one.
        """
        now = self._clock.monotonic()
        if self._holds_link is not False and now - self._link_held_at > HOLD_S:
            self._holds_link = await self._driver.attempt(_HOLD) is not None
        self._link_held_at = now

    def settle(self, reference: int) -> bool:
        """See :meth:`gsmgw.ports.ModemHandle.settle`; whether a submit was ended by it."""
        if self._storing:
            return False
        answer = Response(FinalResult(FinalResultKind.OK), [f"+CMGS: {reference}"], [], payload_sent=True)
        # Where references are counted, the result that may still come is known by its own.
        counts = self.last_reference is not None and (reference - self.last_reference) % 256 == 1
        return self._channel.settle(answer, reference if counts else None)

    def _reference(self, answer: Response) -> int:
        """TP-MR of an accepted message. When the number in its line was damaged, the next in order is assumed: modems
        count up (TS 23.040 9.2.3.6). OK without that line (TS 27.005 3.5.1) proves nothing: some ports say OK to all.
        """
        if not answer.lines:
            raise SubmitError(
                "the modem answered OK without +CMGS, which does not prove that it sent the message",
                Disposition.UNKNOWN,
                payload_started=True,
            )
        for line in answer.lines:
            with contextlib.suppress(IndexError):
                if (reference := parse_reference(line)) is not None:
                    self.last_reference = self.confirmed = reference
                    return reference
        self.last_reference = ((self.last_reference or 0) + 1) % 256
        return self.last_reference

    def _translate(self, exc: ModemError, started: bool) -> SubmitError:
        if isinstance(exc, CommandError):
            return refusal(exc.final, self._driver.profile, payload_started=False)
        return SubmitError(
            exc.title,
            Disposition.UNKNOWN if started else Disposition.MODEM,
            payload_started=started,
            overdue=started and isinstance(exc, ResultOverdue | CommandTimeout),
        )
