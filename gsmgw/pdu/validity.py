"""TP-VP, the validity period: TS 23.040 9.2.3.12. Three formats, and each byte as it was."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gsmgw.pdu.times import bcd_pair, build_timestamp, parse_timestamp

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_WEEK: Final = 7 * _DAY


def _relative_seconds(octet: int) -> int:
    if octet <= 143:
        return (octet + 1) * 5 * _MINUTE
    if octet <= 167:
        return 12 * _HOUR + (octet - 143) * 30 * _MINUTE
    if octet <= 196:
        return (octet - 166) * _DAY
    return (octet - 192) * _WEEK


_RELATIVE: Final = tuple(_relative_seconds(octet) for octet in range(256))


@dataclass(frozen=True, slots=True)
class RelativeValidity:
    """Counted from the moment the service centre gets the message (9.2.3.12.1)."""

    octet: int

    @property
    def seconds(self) -> int:
        """The validity period as a duration."""
        return _RELATIVE[self.octet]

    @classmethod
    def at_least(cls, seconds: float) -> RelativeValidity:
        """Return the shortest period that is not shorter than ``seconds``; 63 weeks is the longest there is."""
        return cls(min(bisect_left(_RELATIVE, seconds), 255))


@dataclass(frozen=True, slots=True)
class AbsoluteValidity:
    """The moment the message ends (9.2.3.12.2), as seven bytes; ``moment`` is ``None`` if they are not a date."""

    octets: bytes

    @property
    def moment(self) -> datetime | None:
        """When the validity ends."""
        return parse_timestamp(self.octets)

    @property
    def seconds(self) -> None:
        """Unknown without a clock."""
        return

    @classmethod
    def until(cls, moment: datetime) -> AbsoluteValidity:
        """Return the validity that ends at an aware ``moment``; raises :class:`PduError` as ``build_timestamp``."""
        return cls(build_timestamp(moment, field="TP-VP"))


@dataclass(frozen=True, slots=True)
class EnhancedValidity:
    """Seven bytes led by a functionality indicator (9.2.3.12.3)."""

    octets: bytes

    @property
    def single_shot(self) -> bool:
        """The service centre makes one attempt only."""
        return bool(self.octets[0] & 0x40)

    @property
    def extended(self) -> bool:
        """A further functionality indicator follows; none is defined, what it says is not interpreted."""
        return bool(self.octets[0] & 0x80)

    @property
    def format(self) -> int:
        """Bits 2-0: 0 none, 1 relative as in 9.2.3.12.1, 2 seconds, 3 hours, minutes and seconds; others reserved."""
        return self.octets[0] & 7

    @property
    def seconds(self) -> int | None:
        """The validity period as a duration; ``None`` for no period, a reserved one or an impossible one."""
        at = 2 if self.extended else 1
        form = self.format
        if form == 1:
            return _RELATIVE[self.octets[at]]
        if form == 2:
            return self.octets[at] or None  # 0 is reserved
        if form == 3:
            hours, minutes, seconds = (bcd_pair(octet) for octet in self.octets[at : at + 3])
            if hours < 0 or not 0 <= minutes < 60 or not 0 <= seconds < 60:
                return None
            return hours * _HOUR + minutes * _MINUTE + seconds
        return None


Validity = RelativeValidity | AbsoluteValidity | EnhancedValidity
