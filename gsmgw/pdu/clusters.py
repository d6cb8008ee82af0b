"""Where a text may be cut: between what a reader sees as one character (UAX 29, for what occurs in texts)."""

from __future__ import annotations

import re
from typing import Final
from unicodedata import category, combining

_JOINER: Final = "\u200d"
# Anything below this is never the second half of a character; most texts hold nothing else.
_SIMPLE: Final = re.compile(r"[\x00-\u02ff\u0370-\u0482\u048a-\u0590\u2010-\u20cf\u3041-\u3096\u4e00-\u9fff]*\Z")
_VIRAMAS: Final = frozenset("\u094d\u09cd\u0a4d\u0acd\u0b4d\u0c4d\u0ccd\u0d4d")
"""Signs that bind a consonant to the next one in the Indic scripts."""


def _regional(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _extends(char: str) -> bool:
    """True if ``char`` belongs to what stands before it."""
    if char < "\u0300":
        return False
    return (
        category(char)[0] == "M"
        or combining(char) != 0
        or char in "\u200c\u200d\uff9e\uff9f"
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= char <= "\U000e007f"  # tags, as in the flag of Scotland
    )


def _jamo(before: str, char: str) -> bool:
    """True if two conjoining letters of a Hangul syllable meet: L with L V LV LVT, V with V T, T with T."""
    if "\u1100" <= before <= "\u115f":
        return "\u1100" <= char <= "\u11a7" or "\uac00" <= char <= "\ud7a3"
    syllable = "\uac00" <= before <= "\ud7a3"
    if "\u1160" <= before <= "\u11a7" or (syllable and (ord(before) - 0xAC00) % 28 == 0):
        return "\u1160" <= char <= "\u11ff"
    return ("\u11a8" <= before <= "\u11ff" or syllable) and "\u11a8" <= char <= "\u11ff"


def clusters(text: str) -> list[str]:
    """Return ``text`` cut at every place where a reader would see two characters.

    Kept whole: combining sequences, emoji with variation selectors, skin tones, tags and joiners, flags of two regional
    indicators, Hangul of conjoining letters, consonants that a virama binds in the scripts of India.
    """
    if _SIMPLE.match(text):
        return list(text)
    found: list[str] = []
    flags = 0  # regional indicators in a row
    before = ""
    for char in text:
        joined = before != "" and (
            _extends(char)
            or (before == _JOINER and category(char) in ("So", "Lo", "Sm", "Po"))
            or (before in _VIRAMAS and category(char) == "Lo")
            or (_regional(char) and flags % 2 == 1)
            or _jamo(before, char)
        )
        if joined and before not in "\r\n":
            found[-1] += char
        else:
            found.append(char)
        flags = flags + 1 if _regional(char) else 0
        before = char
    return found
