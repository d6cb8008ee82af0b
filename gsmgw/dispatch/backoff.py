"""Backoff between delivery attempts. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from gsmgw.digits import is_digits

_MINUTE_S, _HOUR_S = 60.0, 3600.0
#: Pauses between the attempts of a delivery, seconds; 48 h 12 min in total.
PAUSES_S = (
    5.0,
    30.0,
    2 * _MINUTE_S,
    10 * _MINUTE_S,
    30 * _MINUTE_S,
    1.5 * _HOUR_S,
    3 * _HOUR_S,
    6 * _HOUR_S,
    10 * _HOUR_S,
    12 * _HOUR_S,
    15 * _HOUR_S,
)
TRIES = len(PAUSES_S) + 1
#: Maximum random extension of a pause, so that the targets of one receiver do not all retry at once.
JITTER = 0.2
#: Maximum pause that a receiver can request with Retry-After; seconds.
LONGEST_RETRY_AFTER_S = 24 * _HOUR_S


def pause_after(attempts: int, retry_after_s: float | None, chance: float) -> float | None:
    """Return the seconds until the next attempt, or None after the last one.

    ``chance`` is a random number from 0 to 1. A receiver's Retry-After extends a pause but never shortens it: the
    attempts span two days.
    """
    if attempts >= TRIES:
        return None
    pause_s = PAUSES_S[attempts - 1] * (1 + JITTER * chance)
    return max(pause_s, min(retry_after_s or 0.0, LONGEST_RETRY_AFTER_S))


def parse_retry_after(value: str | None, now_ms: int) -> float | None:
    """Return the seconds of a Retry-After header (RFC 9110 10.2.3), or None if it is not valid."""
    if value is None:
        return None
    text = value.strip()
    if is_digits(text):
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.fromtimestamp(now_ms / 1000, UTC)).total_seconds())
