"""TP-ST, the outcome of a message: TS 23.040 9.2.3.15."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gsmgw.model import DeliveryOutcome


@dataclass(frozen=True, slots=True)
class StatusMeaning:
    """A TP-ST value. ``final`` is false while further reports will come; ``defined`` is false for reserved values."""

    code: int
    title: str
    outcome: DeliveryOutcome
    defined: bool = True

    @property
    def final(self) -> bool:
        """True if no further report will come for the message."""
        return self.outcome is not DeliveryOutcome.PENDING


_D, _P, _F = DeliveryOutcome.DELIVERED, DeliveryOutcome.PENDING, DeliveryOutcome.FAILED

_NAMED: Final = {
    0x00: "received by the recipient",
    0x01: "forwarded to the recipient, not known whether it arrived",
    0x02: "replaced by the service centre",
    0x20: "congestion",
    0x21: "recipient busy",
    0x22: "no response from the recipient",
    0x23: "service rejected",
    0x24: "quality of service not available",
    0x25: "error in the recipient's phone",
    0x40: "remote procedure error",
    0x41: "incompatible destination",
    0x42: "connection rejected by the recipient",
    0x43: "not obtainable",
    0x44: "quality of service not available",
    0x45: "no interworking available",
    0x46: "validity period expired",
    0x47: "deleted by the sender",
    0x48: "deleted by the administration of the service centre",
    0x49: "the message does not exist",
    0x60: "congestion",
    0x61: "recipient busy",
    0x62: "no response from the recipient",
    0x63: "service rejected",
    0x64: "quality of service not available",
    0x65: "error in the recipient's phone",
}

# Bits 6-5: outcome, title of what has no name, title behind one that has.
_GROUPS: Final = (
    (_D, "completed", ""),
    (_P, "temporary error", ", still trying"),
    (_F, "permanent error", ""),
    (_F, "temporary error", ", no longer trying"),
)


def _meaning(code: int) -> StatusMeaning:
    if code >= 0x80:  # reserved: a receiver reads them as 0x63, service rejected (9.2.3.15)
        return StatusMeaning(code, "reserved, read as service rejected, no longer trying", _F, defined=False)
    outcome, unnamed, tail = _GROUPS[code >> 5]
    named = _NAMED.get(code)
    if named is not None:
        return StatusMeaning(code, named + tail, outcome)
    whose = "specific to the service centre" if code & 0x10 else "reserved"
    return StatusMeaning(code, f"{unnamed}{tail}, {whose}", outcome, defined=False)


STATUSES: Final = tuple(_meaning(code) for code in range(256))


def status_meaning(code: int) -> StatusMeaning:
    """Return the meaning of a TP-ST byte (9.2.3.15)."""
    return STATUSES[code]
