"""A subscriber as the network sees it, and the results of a delivery (TS 23.040 9.2.3.15)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ..codec.tpdu import Tpdu
from ..simcard import SimCard

# TP-ST values, TS 23.040 9.2.3.15
DELIVERED = 0x00
NO_ANSWER = 0x22
INCOMPATIBLE_DESTINATION = 0x41
VALIDITY_EXPIRED = 0x46
DELETED_BY_SENDER = 0x47

#: A delivery with a status from TEMPORARY on is tried again when the subscriber is available; from PERMANENT on never.
TEMPORARY, PERMANENT = 0x20, 0x40


class Subscriber(Protocol):
    """A modem's SIM or a phone."""

    @property
    def number(self) -> str: ...

    @property
    def label(self) -> str:
        """Its name in the log."""

    @property
    def card(self) -> SimCard | None:
        """The SIM of a modem; None for a phone."""

    def reachable(self) -> bool: ...

    def answer_call(self, caller: str) -> int:
        """React to a voice call: 0 answered, else a V.250 result number (7 busy, 8 no answer)."""

    def take(self, tpdu: Tpdu, done: Callable[[int], None]) -> None:
        """Receive a DELIVER or STATUS-REPORT; ``done`` gets the TP-ST value."""
