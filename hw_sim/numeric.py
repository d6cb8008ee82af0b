"""Digits: 0 to 9 and nothing else. Python's ``isdigit``, ``\\d`` and ``int`` also know those of other scripts."""

from __future__ import annotations


def is_digits(text: str) -> bool:
    """Return whether a text has digits 0 to 9 only, and at least one."""
    return text.isascii() and text.isdigit()
