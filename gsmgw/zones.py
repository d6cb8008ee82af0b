"""The time zones of a country: from the system's tz database, or the one of the package tzdata."""

from __future__ import annotations

import zoneinfo
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers


def _table() -> str:
    for place in zoneinfo.TZPATH:
        path = Path(place) / "zone.tab"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")


#: Where numbers of no country are taken to be: the zone of this machine has no name, UTC is what a server has.
LOCAL_ZONE = ZoneInfo("UTC")


@cache
def zones_of_country(country: str) -> tuple[ZoneInfo, ...]:
    """The zones of a country (ISO 3166); UTC where it has none."""
    names = [
        fields[2]
        for line in _table().splitlines()
        if not line.startswith("#") and len(fields := line.split("\t")) >= 3 and fields[0] == country
    ]
    return tuple(ZoneInfo(name) for name in names) or (ZoneInfo("UTC"),)


@lru_cache(maxsize=20_000)
def country_of_number(number: str) -> str | None:
    """The country of an E.164 number (ISO 3166); None for a short code or an unassigned calling code."""
    if not number.startswith("+"):
        return None
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.region_code_for_number(parsed) or phonenumbers.region_code_for_country_code(
        parsed.country_code or 0
    )
