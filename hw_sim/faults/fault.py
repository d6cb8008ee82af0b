"""The base of all faults."""

from __future__ import annotations

from ..modem.faultset import FaultHooks
from ..modem.modem import Modem


class Fault(FaultHooks):
    """A fault of one modem. ``left`` is how many more times it takes effect (None: no limit)."""

    def __init__(self, modem: Modem, left: int | None = None) -> None:
        self.modem, self.left = modem, left

    def strike(self) -> None:
        """Count one effect; the fault ends after the last one."""
        if self.left is not None:
            self.left -= 1
            if self.left <= 0:
                self.modem.faults.remove(self)
