"""The exception hierarchy.

Every error of the gateway derives from :class:`GsmgwError`. Errors of sending have a :class:`Disposition`, by which
the queue decides how to continue with the message.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Disposition(StrEnum):
    """The next step after a failed attempt to send."""

    NEVER = "never"  #: the text or its recipient is refused permanently: do not try again on any modem
    LATER = "later"  #: a temporary condition of the network or modem: try again after a pause
    ELSEWHERE = "elsewhere"  #: this modem or SIM cannot, another one may
    MODEM = "modem"  #: the modem or SIM does not work: the text returns to the queue uncharged, the modem is recovered
    ACCOUNT = "account"  #: the SIM's account is empty or barred: a long cooldown, the text returns to the queue
    UNKNOWN = "unknown"  #: the text may have been sent: evidence decides, never a blind resend


@dataclass(frozen=True, slots=True)
class Cause:
    """A code of a modem or network with its meaning and what may be done; the rows are in :mod:`gsmgw.pdu.causes`.

    ``disposition`` holds for the first ``attempts`` refusals of a text with this code (``None``: for all), ``then``
    from there on, so a text gets that many attempts. ``pause_s`` is the pause before the second attempt, where the
    usual one would be too short or too long. ``our_fault`` marks codes that a correct gateway does not meet: its PDU
    is logged. ``without_validity`` says that one more attempt without TP-VP is worth it.
    """

    code: int
    title: str
    disposition: Disposition
    attempts: int | None = None
    then: Disposition | None = None
    pause_s: float = 0.0
    our_fault: bool = False
    without_validity: bool = False

    def after(self, refusals: int, *, payload_started: bool = True) -> Disposition:
        """Return the next step after this number of refusals with this code (1 for the first).

        ``payload_started`` is True once a byte of the PDU was written: before that nothing can have been sent.
        """
        if self.disposition is Disposition.UNKNOWN and not payload_started:
            return Disposition.LATER
        if self.attempts is not None and self.then is not None and refusals > self.attempts:
            return self.then
        return self.disposition

    def is_spent(self, refusals: int) -> bool:
        """Return True if this number of refusals has used up the attempts of a message with this code."""
        return self.attempts is not None and refusals >= self.attempts

    @property
    def is_modems(self) -> bool:
        """True for a code that concerns the modem or its SIM, at once or finally, and not the network or the text."""
        return Disposition.MODEM in (self.disposition, self.then)


class GsmgwError(Exception):
    """Base class of the gateway's errors."""


class ConfigError(GsmgwError):
    """The configuration is not valid. ``problems`` lists every error with its line."""

    def __init__(self, source: str, problems: list[str]) -> None:
        self.source = source
        self.problems = problems
        super().__init__(f"{source}: " + "; ".join(problems))


class Unavailable(ConfigError):
    """A configured resource is temporarily not available: an address, a disk, a lock, a certificate."""


class StoreError(GsmgwError):
    """A database operation failed; nothing of the request was stored."""

    #: The level of :mod:`logging` at which a caller that continues logs it.
    level = 40


class StoreUnavailable(StoreError):
    """The database cannot write now: disk full, locked, read-only. The same request may succeed later. The engine of
    the database logs this once, for all callers.
    """

    level = 10


class StoreFault(StoreError):
    """The database refuses this operation permanently: a constraint, a damaged row, an internal error."""


class ModemError(GsmgwError):
    """A modem refused or failed an operation. ``disposition`` is the next step for the message."""

    def __init__(self, title: str, disposition: Disposition = Disposition.MODEM) -> None:
        self.title = title
        self.disposition = disposition
        super().__init__(title)


class PortError(ModemError):
    """The port could not be opened or was lost: unplugged, hung up, in use by another program."""


class PortUnavailable(PortError):
    """The port exists and cannot be opened. ``cure`` is a sentence that says what helps."""

    def __init__(self, title: str, cure: str) -> None:
        self.cure = cure
        super().__init__(title)


class SubmitError(ModemError):
    """A segment was not confirmed by the modem.

    ``cms`` and ``cme`` are the code of ``+CMS ERROR`` (TS 27.005 3.2.5) or ``+CME ERROR`` (TS 27.007 9.2), if there
    was one, and ``cause`` is the row of the table for it; ``disposition`` is what that says of the first refusal.
    ``payload_started`` tells whether a byte of the PDU had left: with ``Disposition.UNKNOWN`` it had, and the segment
    may be on the air. ``overdue`` says that its final result did not come in time and may still come.
    """

    def __init__(
        self,
        title: str,
        disposition: Disposition,
        *,
        cms: int | None = None,
        cme: int | None = None,
        payload_started: bool = False,
        cause: Cause | None = None,
        overdue: bool = False,
    ) -> None:
        super().__init__(title, disposition)
        self.cms = cms
        self.cme = cme
        self.payload_started = payload_started
        self.cause = cause
        self.overdue = overdue

    @property
    def silent(self) -> bool:
        """True if the modem gave no answer."""
        return self.cms is None and self.cme is None

    @property
    def refusal(self) -> str | None:
        """The modem's answer as a key for counting refusals of a text; None if it did not answer."""
        if self.cms is not None:
            return f"cms {self.cms}"
        if self.cme is not None:
            return f"cme {self.cme}"
        return None if self.cause is None else "error"

    def after(self, refusals: int) -> Disposition:
        """Return the next step for a message after this number of such answers (1 for the first)."""
        if self.cause is None:
            return self.disposition
        tried = refusals + 1 if self.cause.is_spent(refusals) else refusals
        return self.cause.after(tried, payload_started=self.payload_started)
