"""The SIM card: identity, PIN and PUK with their counters, stored data."""

from __future__ import annotations

from dataclasses import dataclass, field

from .numeric import is_decimal
from .storage import Memory

PIN_TRIES = 3  # TS 51.011 9.3: CHV1 blocks after three wrong entries
PUK_TRIES = 10  # and the unblocking key after ten


@dataclass(slots=True)
class SimCard:
    """One SIM card. Without ``pin`` the PIN query is off. ``last_mr`` is EF_SMSS (TS 51.011 10.5.7)."""

    number: str
    imsi: str
    iccid: str
    pin: str | None = None
    puk: str = "12345678"
    smsc: str = "+491710760000"
    operator: tuple[str, str, str] = ("Telekom.de", "TDG", "26201")
    credit: float | None = None
    memory: Memory = field(default_factory=lambda: Memory("SM", 30))
    last_mr: int = 255
    pin_enabled: bool = False
    pin_code: str = "0000"
    pin_left: int = PIN_TRIES
    puk_left: int = PUK_TRIES
    phonebook: dict[int, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.pin is not None:
            self.pin_enabled, self.pin_code = True, self.pin

    @property
    def blocked(self) -> bool:
        """No PIN tries are left: the PUK is required."""
        return self.pin_left == 0

    @property
    def dead(self) -> bool:
        """No PUK tries are left: the card cannot be used any more."""
        return self.puk_left == 0

    def try_pin(self, code: str) -> bool:
        """Check a PIN and return True when it is right; a wrong one uses up a try."""
        if self.blocked:
            return False
        if code == self.pin_code:
            self.pin_left = PIN_TRIES
            return True
        self.pin_left -= 1
        return False

    def try_puk(self, puk: str, new_pin: str) -> bool:
        """Unblock with the PUK and set a new PIN; return True when it is right. A wrong one uses up a try."""
        if self.dead:
            return False
        if puk == self.puk and 4 <= len(new_pin) <= 8 and is_decimal(new_pin):
            self.pin_code, self.pin_left, self.puk_left = new_pin, PIN_TRIES, PUK_TRIES
            return True
        self.puk_left -= 1
        return False

    def next_mr(self) -> int:
        """Return the message reference of the next submission (TS 23.040 9.2.3.6)."""
        self.last_mr = (self.last_mr + 1) % 256
        return self.last_mr
