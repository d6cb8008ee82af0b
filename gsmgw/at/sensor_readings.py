"""Temperature and voltage out of answers that each maker writes in its own way."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?=V|\b)", re.ASCII)
#: What a modem can measure of itself while it works: beyond that a figure is a sensor that is not there, or in tenths.
_COLDEST_C, _HOTTEST_C = -60.0, 130.0
_ABSENT = (255.0, 65535.0, -273.0)
#: A supply between these counts in volts, and one a thousand times as large in millivolts.
_LOWEST_V, _HIGHEST_V = 2.5, 30.0


def _numbers(lines: Sequence[str], prefix: str, field: int) -> list[float]:
    """The figures behind the prefix: all of them, or the one at ``field``, counted from 1."""
    found = []
    for line in lines:
        if line.startswith(prefix):
            values = [float(number) for number in _NUMBER.findall(line[len(prefix) :].replace('"', " "))]
            found += values if field == 0 else values[field - 1 : field]
    return found


def parse_temperature_c(lines: Sequence[str], prefix: str, field: int = 0) -> float | None:
    """The temperature in degrees Celsius, the highest of several; None where none is told.

    Values of more than a modem survives are taken for tenths of degrees.
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
    """The supply's voltage in millivolts, written so or, as ``3.863V``, in volts. None where none is told."""
    for value in reversed(_numbers(lines, prefix, field)):
        if _LOWEST_V <= value <= _HIGHEST_V and value != int(value):
            return round(value * 1000)
        if _LOWEST_V * 1000 <= value <= _HIGHEST_V * 1000:
            return round(value)
    return None
