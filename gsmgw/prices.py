"""Prices of segments, by country and modem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

#: Prices are counted in millionths, so that sums are exact.
MICRO = 1_000_000


class Price(NamedTuple):
    """The price of a segment; None fits every country or modem."""

    country: str | None
    modem: str | None
    micro: int


class Prices:
    """A price list: the first entry that fits counts."""

    def __init__(self, entries: Sequence[Price] = ()) -> None:
        self._entries = tuple(entries)

    def of_segment(self, country: str | None, modem: str | None) -> int | None:
        """Return the price of a segment in millionths; None if no entry fits."""
        for entry in self._entries:
            if entry.country in (None, country) and entry.modem in (None, modem):
                return entry.micro
        return None
