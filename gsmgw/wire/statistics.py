"""Sums as the API shows them: rates, percentiles, cost. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from gsmgw.prices import MICRO
from gsmgw.wire import resources

#: Decimal places of rates, of times, and of amounts of money.
_RATE_PLACES, _TIME_PLACES, _MONEY_PLACES = 4, 1, 4
#: The last bucket of delivery times has no bound: its messages count as this many times the bound before it.
_BEYOND: Final = 2


def sums_resource(
    counts: Mapping[str, int], took: Mapping[int, int], causes: Mapping[str, int], bounds_s: Sequence[float]
) -> resources.Sums:
    """Return the resource of some sums. ``took`` counts delivery times by their bucket in ``bounds_s``."""

    def count(name: str) -> int:
        return counts.get(name, 0)

    ended = count("delivered") + count("undelivered") + count("report_missing")
    return {
        "accepted": count("accepted"),
        "sent": count("sent"),
        "segments": count("segments"),
        "delivered": count("delivered"),
        "undelivered": count("undelivered"),
        "report_missing": count("report_missing"),
        "failed": count("failed"),
        "expired": count("expired"),
        "canceled": count("canceled"),
        "received": count("received"),
        "delivery_rate": round(count("delivered") / ended, _RATE_PLACES) if ended else None,
        "delivery_time": _delivery_time(took, bounds_s),
        "causes": dict(sorted(causes.items(), key=lambda item: (-item[1], item[0]))),
        "cost": round(count("cost") / MICRO, _MONEY_PLACES) if count("priced") else None,
    }


def percentile(share: float, took: Mapping[int, int], bounds_s: Sequence[float]) -> float:
    """Return the time within which this share of the messages was delivered; between two bounds in proportion."""
    wanted = share * sum(took.values())
    passed = 0
    for bucket in sorted(took):
        low = bounds_s[bucket - 1] if bucket else 0.0
        high = bounds_s[bucket] if bucket < len(bounds_s) else _BEYOND * bounds_s[-1]
        if passed + took[bucket] >= wanted:
            return low + (high - low) * (wanted - passed) / took[bucket]
        passed += took[bucket]
    return float(bounds_s[-1])


def _delivery_time(took: Mapping[int, int], bounds_s: Sequence[float]) -> resources.DeliveryTime | None:
    if not took:
        return None
    p50, p90, p99 = (round(percentile(share, took, bounds_s), _TIME_PLACES) for share in (0.5, 0.9, 0.99))
    return {"p50_s": p50, "p90_s": p90, "p99_s": p99}
