"""Statistics."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field
from typing_extensions import TypedDict

from gsmgw.wire.resources.common import Time, closed

#: Keys that statistics are counted by.
StatisticsBy: TypeAlias = Literal["hour", "day", "modem", "campaign", "tag", "country"]


@closed
class DeliveryTime(TypedDict):
    """Seconds from the network's acceptance to the delivery report: of 50, 90 and 99 % of the messages at most."""

    p50_s: float
    p90_s: float
    p99_s: float


@closed
class Sums(TypedDict):
    """Sums over a span of time."""

    accepted: int
    sent: int
    segments: Annotated[int, Field(description="Sent segments")]
    delivered: int
    undelivered: int
    report_missing: Annotated[int, Field(description="Messages whose delivery report did not come")]
    failed: int
    expired: int
    canceled: int
    received: int
    delivery_rate: Annotated[float | None, Field(description="Share of delivered ones among those with a known end")]
    delivery_time: DeliveryTime | None
    causes: Annotated[dict[str, int], Field(description="Failures by code")]
    cost: Annotated[float | None, Field(description="By the price list; null without a price")]


@closed
class KeyedSums(Sums):
    """Sums of an hour or a day (``key`` is its beginning), or of a modem, a tag or a country."""

    key: str


@closed
class Statistics(TypedDict):
    """Statistics of a span."""

    since: Time
    until: Time
    by: StatisticsBy
    currency: str | None
    total: Sums
    data: list[KeyedSums]
