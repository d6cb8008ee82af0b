"""Decimal numbers as text: the digits 0 to 9 and nothing else, and check digits."""

from __future__ import annotations


def is_decimal(text: str) -> bool:
    """Return True for one or more digits 0 to 9. ``isdigit``, ``\\d`` and ``int`` also take those of other scripts."""
    return text.isascii() and text.isdigit()


def with_check_digit(digits: str) -> str:
    """Return digits with their Luhn check digit (ISO/IEC 7812-1), as IMEI and ICCID end."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)
