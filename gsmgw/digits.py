"""ASCII digits only. Python's ``isdigit``, ``\\d`` and ``int`` also accept digits of other scripts."""

from __future__ import annotations

import unicodedata

#: Marks that set the direction of writing. They are copied along with numbers from right-to-left texts.
_DIRECTIONS = dict.fromkeys(map(ord, "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"))
_PLUS = {ord("\uff0b"): "+", ord("\ufe62"): "+"}


def is_digits(text: str) -> bool:
    """Return True if a text consists of digits 0 to 9 and is not empty."""
    return text.isascii() and text.isdigit()


def ascii_digits(text: str) -> str:
    """Return a number as written by a person with its digits and plus sign in ASCII, without marks of direction.

    Only decimal digits (Unicode category Nd) are mapped. Anything else stays, for the caller to refuse.
    """
    if text.isascii():
        return text
    text = text.translate(_DIRECTIONS).translate(_PLUS)
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)
