"""Temperature and voltage, from responses that each vendor writes in its own way."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?=V|\b)", re.ASCII)
#: The temperatures of a working modem: a figure beyond them is in tenths of degrees, or the sensor does not exist.
_COLDEST_C, _HOTTEST_C = -60.0, 130.0
_ABSENT = (255.0, 65535.0, -273.0)
#: The voltages of a supply: a figure between them is in volts, one a thousand times as large in millivolts.
_LOWEST_V, _HIGHEST_V = 2.5, 30.0


def _numbers(lines: Sequence[str], prefix: str, field: int) -> list[float]:
    """Return the figures after the prefix: all of them, or the one at ``field``, counted from 1."""
    found = []
    for line in lines:
        if line.startswith(prefix):
            values = [float(number) for number in _NUMBER.findall(line[len(prefix) :].replace('"', " "))]
            found += values if field == 0 else values[field - 1 : field]
    return found


def parse_temperature_c(lines: Sequence[str], prefix: str, field: int = 0) -> float | None:
    """Parse the temperature in degrees Celsius, the highest of several; None where there is none.

    Values that no modem survives are read as tenths of degrees.
    """
    known = []
    for value in _numbers(lines, prefix, field):
        if value in _ABSENT:
            continue
        degrees = value if value <= _HOTTEST_C else value / 10
        if _COLDEST_C <= degrees <= _HOTTEST_C:
            known.append(degrees)
    return max(known, default=None)


def parse_voltage_mv(lines: Sequence[str], prefix: str, field: int = 0) -> int | None:
    """Parse the supply voltage in millivolts, given in millivolts or volts (``3.863V``); None where there is none."""
    for value in reversed(_numbers(lines, prefix, field)):
        if _LOWEST_V <= value <= _HIGHEST_V and value != int(value):
            return round(value * 1000)
        if _LOWEST_V * 1000 <= value <= _HIGHEST_V * 1000:
            return round(value)
    return None
