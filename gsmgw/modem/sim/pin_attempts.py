"""Attempts to enter a PIN: three wrong ones block the SIM, so each is recorded before it is made, and none is wasted.

Two marks are kept for a PIN with its SIM. The first says that it was about to be tried: it stays when the answer got
lost. The second says that the SIM refused it. A SIM that has all its attempts left has counted no wrong PIN since
the last right one, which tells the two apart.
"""

from __future__ import annotations

from enum import Enum, auto

from gsmgw.at import commands
from gsmgw.errors import ModemError
from gsmgw.model import ModemState
from gsmgw.modem.commands import sim
from gsmgw.modem.commands.client import AtClient
from gsmgw.modem.port.errors import CommandError
from gsmgw.modem.sim.pin import AcceptedPins, PinGuard, fingerprint
from gsmgw.modem.status import StatusReporter

#: The attempts that a SIM allows until it asks for its PUK (TS 51.011 9.3).
ALL_ATTEMPTS = 3
#: TS 27.007 9.2: incorrect password.
_WRONG = 16
#: Errors that do not speak of the PIN: busy, unknown (TS 27.007 9.2, TS 27.005 3.2.5, Wavecom). It may still be right.
_NOT_CHECKED = (14, 100, 314, 515)
_LAST_ATTEMPT = "only one PIN attempt is left, and a wrong PIN would lock the SIM. Enter the PIN in a phone"
_REFUSED_EARLIER = "the SIM refused this PIN earlier, so it is not tried again. Give another PIN"
_UNKNOWN_OUTCOME = "the answer to the last attempt with this PIN got lost, so it is not tried again by itself"


class PinRefused(ModemError):
    """The PIN was refused by the SIM, or is known to be refused, or may not be tried now."""


class PinNotChecked(PinRefused):
    """The modem did not check the PIN: it may be tried again."""


class Attempt(Enum):
    """The origin of a PIN that is to be tried."""

    CONFIGURED = auto()  #: it is in the configuration
    REPEATED = auto()  #: the SIM accepted it before
    BY_HAND = auto()  #: a person entered it now


class PinAttempts:
    """Tries PINs with the SIM of one link, and notes what came of it."""

    def __init__(self, at: AtClient, guard: PinGuard, accepted: AcceptedPins, reporter: StatusReporter) -> None:
        self._at = at
        self._guard = guard
        self._accepted = accepted
        self._reporter = reporter

    async def sim_id(self) -> str:
        """Return the key of the records: the ICCID, which most SIMs tell before the PIN, else the modem's name.

        Not its IMEI: a modem that tells no ICCID before the PIN may not tell that either.
        """
        iccid, _ = await sim.iccid_and_imsi(self._at)
        return iccid or f"modem:{self._reporter.name}"

    async def make(self, pin: str, attempt: Attempt) -> None:
        """Try a PIN. Raises :class:`PinRefused`, or the cause of the link's end."""
        sim_id = await self.sim_id()
        left = await sim.pin_attempts_left(self._at)
        await self._check(sim_id, pin, left, attempt)
        tried = fingerprint(sim_id, pin)
        await self._guard.failed(sim_id, tried)
        try:
            await self._at.run(commands.enter_pin(pin))
        except CommandError as exc:
            raise await self._refusal(sim_id, pin, left, exc) from None
        await self._guard.accepted(sim_id, tried)
        await self._guard.accepted(sim_id, _refused(sim_id, pin))
        self._accepted.note(sim_id, pin)
        self._reporter.enter(ModemState.PROBING, "the SIM accepted the PIN")
        await sim.wait_until_ready(self._at)

    async def _check(self, sim_id: str, pin: str, left: int | None, attempt: Attempt) -> None:
        """Raise :class:`PinRefused` for a PIN that would waste an attempt."""
        if left is not None and left <= 1:
            raise PinRefused(_LAST_ATTEMPT)
        none_wasted = left is not None and left >= ALL_ATTEMPTS
        if attempt is Attempt.REPEATED and sim_id.startswith("modem:") and left is not None and not none_wasted:
            raise PinRefused("the SIM does not tell its number before the PIN and may be another one. Enter its PIN")
        by_hand = attempt is Attempt.BY_HAND
        if await self._guard.is_refused(sim_id, _refused(sim_id, pin)) and not (by_hand and none_wasted):
            raise PinRefused(_REFUSED_EARLIER)
        if await self._guard.is_refused(sim_id, fingerprint(sim_id, pin)) and not (by_hand or none_wasted):
            raise PinRefused(_UNKNOWN_OUTCOME)

    async def _refusal(self, sim_id: str, pin: str, before: int | None, error: CommandError) -> PinRefused:
        """Record the refusal of a PIN, and return the error for it."""
        if await self._was_checked(before, error):
            await self._guard.failed(sim_id, _refused(sim_id, pin))
            self._accepted.forget(sim_id)
            return PinRefused(f"the SIM refused the PIN ({error.final}). It will not be tried again")
        await self._guard.accepted(sim_id, fingerprint(sim_id, pin))
        return PinNotChecked(f"the modem did not check the PIN ({error.final})")

    async def _was_checked(self, before: int | None, error: CommandError) -> bool:
        code = error.final.code
        if code == _WRONG or code in _NOT_CHECKED:
            return code == _WRONG
        after = await sim.pin_attempts_left(self._at)
        return before is None or after is None or after < before


def _refused(sim_id: str, pin: str) -> str:
    return fingerprint(f"{sim_id} refused", pin)
