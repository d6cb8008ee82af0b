"""Bounds and conversions that bridges share."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from gsmgw.digits import ascii_digits, is_digits
from gsmgw.outbound.validation import MAX_VALID_FOR_S

#: Recipients of one request.
MAX_RECIPIENTS: Final = 1000
#: The shortest validity that the API accepts, seconds.
_MIN_VALID_FOR_S: Final = 60
#: Years that a message may be scheduled for, as everywhere in the API. No answer could show a year after 9999.
_YEARS = range(1970, 2200)


def wall_ms(moment: datetime) -> int:
    """Return a time with a zone in milliseconds since 1970. Raises ValueError outside the years of the API."""
    if moment.year not in _YEARS:
        raise ValueError(f"is outside the years {_YEARS.start} to {_YEARS.stop - 1}")
    return round(moment.timestamp() * 1000)


def with_plus(number: str) -> str:
    """Return a number with its plus, which clients of other gateways leave out."""
    number = ascii_digits(number)
    return f"+{number}" if is_digits(number) and len(number) >= 11 and not number.startswith("0") else number


def valid_for(seconds: int) -> int:
    """Return a validity within the bounds of the API."""
    return max(_MIN_VALID_FOR_S, min(seconds, MAX_VALID_FOR_S))
