"""The SIM as its modem sees it: inserted, started, unlocked (27.007 8.3)."""

from __future__ import annotations

from typing import Literal

from ..at.reply import Failure, cme, cms
from ..simcard import SimCard

SimState = Literal["READY", "SIM PIN", "SIM PUK", "absent", "dead", "busy"]

_CME = {"absent": 10, "dead": 13, "SIM PUK": 12, "SIM PIN": 11, "busy": 14}
_CMS = {"absent": 310, "dead": 313, "SIM PUK": 316, "SIM PIN": 311}


class SimSlot:
    """The slot with its card."""

    def __init__(self, card: SimCard) -> None:
        self.card = card
        self.inserted = True
        self.pin_passed = False
        #: The SIM has answered since power-on.
        self.started = False
        #: The last message reference on the SIM (EF_SMSS) at power-on.
        self.last_mr_at_start = card.last_mr

    def power_on(self) -> None:
        """Start: the PIN is asked for again."""
        self.pin_passed = not self.card.pin_enabled
        self.last_mr_at_start = self.card.last_mr
        self.started = False

    @property
    def state(self) -> SimState:
        """The state as +CPIN? shows it, or ``absent``, ``dead`` (PUK used up), ``busy`` (starting)."""
        if not self.inserted:
            return "absent"
        if self.card.dead:
            return "dead"
        if self.card.blocked:
            return "SIM PUK"
        if not self.pin_passed:
            return "SIM PIN"
        return "READY" if self.started else "busy"

    @property
    def ready(self) -> bool:
        """The SIM can be used."""
        return self.state == "READY"

    @property
    def tries_left(self) -> int | None:
        """Tries left of the code that is asked for; None when none is."""
        return {"SIM PIN": self.card.pin_left, "SIM PUK": self.card.puk_left}.get(self.state)

    def require(self) -> None:
        """Raise the +CME ERROR of a SIM that cannot be used."""
        state = self.state
        if state != "READY":
            raise cme(_CME[state])

    def require_sms(self, *, service_ready: bool, busy_error: int) -> None:
        """Raise the +CMS ERROR of a message service that cannot be used.

        ``busy_error`` is the code while the SIM or the service starts; 0 stands for plain ERROR.
        """
        state = self.state
        if state != "READY" or not service_ready:
            code = _CMS.get(state, busy_error)
            raise cms(code) if code else Failure()

    def require_present(self) -> SimState:
        """Return the state, or raise the +CME ERROR of a SIM that is absent, dead or busy."""
        state = self.state
        if state in ("absent", "dead", "busy"):
            raise cme(_CME[state])
        return state
