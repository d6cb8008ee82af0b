"""Time stamps: TS 23.040 9.2.3.11 (TP-SCTS), also used for the discharge time and an absolute validity period."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

from gsmgw.pdu.errors import PduError

TIMESTAMP_OCTETS: Final = 7
_CENTURY_PIVOT: Final = 90
"""Years 90-99 are 1990-1999: short messages are older than that by no more than two years."""

# Swapped BCD, indexed by the byte; -1 where a semi-octet is not a digit.
_BCD: Final = tuple(
    (octet & 15) * 10 + (octet >> 4) if octet & 15 < 10 and octet >> 4 < 10 else -1 for octet in range(256)
)
_TO_BCD: Final = bytes((value % 10) << 4 | value // 10 for value in range(100))


def _zone(octet: int) -> timezone | None:
    """Zone byte: quarter hours in swapped BCD, the top bit of the tens being the sign (1 is behind GMT)."""
    tens, units = octet & 7, octet >> 4
    if units > 9:
        return None
    quarters = tens * 10 + units
    if not quarters:
        return UTC
    return timezone(timedelta(minutes=-15 * quarters if octet & 8 else 15 * quarters))


_ZONES: Final = tuple(_zone(octet) for octet in range(256))


def parse_timestamp(octets: bytes) -> datetime | None:
    """Return the moment of seven bytes, with its zone, or ``None`` when they are not a valid date.

    Service centres do send zeros and other rubbish; a message must not be lost to that.
    """
    if len(octets) != TIMESTAMP_OCTETS:
        return None
    year, month, day, hour, minute, second = map(_BCD.__getitem__, octets[:6])
    zone = _ZONES[octets[6]]
    if year < 0 or zone is None:
        return None
    try:
        return datetime(year + (1900 if year >= _CENTURY_PIVOT else 2000), month, day, hour, minute, second, 0, zone)
    except ValueError:
        return None


def build_timestamp(moment: datetime, *, field: str = "TP-SCTS") -> bytes:
    """Return the seven bytes of an aware ``moment``; parts of a second are dropped, its zone is kept.

    Raises :class:`PduError` when the moment has no zone, the zone is not a whole number of quarter hours up to 79, or
    the year is outside 1990-2089.
    """
    offset = moment.utcoffset()
    if offset is None:
        raise PduError("the moment has no time zone", field=field)
    quarters, rest = divmod(abs(offset), timedelta(minutes=15))
    if rest or quarters > 79:
        raise PduError(f"a zone is counted in quarter hours up to 79, not {offset}", field=field)
    if not 1900 + _CENTURY_PIVOT <= moment.year < 2000 + _CENTURY_PIVOT:
        raise PduError(f"the year {moment.year} has no two-digit form between 1990 and 2089", field=field)
    parts = (moment.year % 100, moment.month, moment.day, moment.hour, moment.minute, moment.second)
    zone = _TO_BCD[quarters] | (8 if offset < timedelta(0) else 0)
    return bytes((*(_TO_BCD[part] for part in parts), zone))


def bcd_pair(octet: int) -> int:
    """Return the number that a swapped BCD byte holds, or -1."""
    return _BCD[octet]
