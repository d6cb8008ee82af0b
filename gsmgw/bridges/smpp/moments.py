"""Times of SMPP (7.1 of the specification): ``YYMMDDhhmmsstnnp``, absolute or relative. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gsmgw.bridges.values import wall_ms
from gsmgw.digits import is_digits

_CHARS = 16
_CENTURY = 2000
_QUARTER = timedelta(minutes=15)
#: A relative time counts years and months as this many days.
_YEAR_DAYS, _MONTH_DAYS = 365, 30


def parse_moment(text: str, now_ms: int) -> int | None:
    """Return a time in UTC milliseconds; None for an empty one. Raises ValueError."""
    if not text:
        return None
    if len(text) != _CHARS or not is_digits(text[:-1]) or text[-1] not in "+-R":
        raise ValueError(f"{text!r} is not a time in the form YYMMDDhhmmsstnnp")
    year, month, day, hour, minute, second = (int(text[at : at + 2]) for at in range(0, 12, 2))
    if text[-1] == "R":
        span = timedelta(year * _YEAR_DAYS + month * _MONTH_DAYS + day, hours=hour, minutes=minute, seconds=second)
        return now_ms + round(span.total_seconds() * 1000)
    quarters = int(text[13:15])
    if quarters > 48:
        raise ValueError(f"{text!r}: the time difference has at most 48 quarter hours")
    local = datetime(_CENTURY + year, month, day, hour, minute, second, int(text[12]) * 100_000, UTC)
    return wall_ms(local - quarters * _QUARTER if text[-1] == "+" else local + quarters * _QUARTER)


def moment(at_ms: int | None) -> bytes:
    """Return an absolute time in UTC; empty for None."""
    if at_ms is None:
        return b""
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return f"{at:%y%m%d%H%M%S}{at.microsecond // 100_000}00+".encode()


def minute(at_ms: int) -> str:
    """Return a time as delivery receipts have it: ``YYMMDDhhmm``, in UTC (appendix B)."""
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%y%m%d%H%M}"
