"""Time zones by country, from the system's tz database or the package tzdata."""

from __future__ import annotations

import zoneinfo
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers

from gsmgw.digits import is_digits


def _table() -> str:
    for place in zoneinfo.TZPATH:
        path = Path(place) / "zone.tab"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")


#: Time zone of numbers without a country.
LOCAL_ZONE = ZoneInfo("UTC")


@cache
def zones_of_country(country: str) -> tuple[ZoneInfo, ...]:
    """Return the time zones of a country (ISO 3166); UTC if it has none."""
    names = [
        fields[2]
        for line in _table().splitlines()
        if not line.startswith("#") and len(fields := line.split("\t")) >= 3 and fields[0] == country
    ]
    return tuple(ZoneInfo(name) for name in names) or (ZoneInfo("UTC"),)


def _only_region(number: str) -> str | None:
    """Return the country of a calling code that has one only, as most do: the rest of the number tells nothing more."""
    for length in (1, 2, 3):
        code = number[1 : 1 + length]
        if is_digits(code) and (regions := phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code))) is not None:
            return str(regions[0]) if len(regions) == 1 else None
    return None


@lru_cache(maxsize=20_000)
def country_of_number(number: str) -> str | None:
    """Return the country of an E.164 number (ISO 3166), or None for a short code or an unassigned calling code."""
    if not number.startswith("+"):
        return None
    if (only := _only_region(number)) is not None:
        return only
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    return phonenumbers.region_code_for_number(parsed) or phonenumbers.region_code_for_country_code(
        parsed.country_code or 0
    )


@lru_cache(maxsize=1000)
def is_zone(name: str) -> bool:
    """Return True if the tz database has a zone of this name."""
    if name.startswith(("posix/", "right/")) or name in ("posixrules", "localtime", ""):
        return False  # the same zones once more, with leap seconds or by another name
    try:
        ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return False
    return True
