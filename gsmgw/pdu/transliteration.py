"""Typographic characters and what stands for them in the default alphabet. Opt-in: a text is sent as it was written."""

from __future__ import annotations

from typing import Final
from unicodedata import normalize

from gsmgw.pdu.alphabet import Gsm7

TYPOGRAPHIC: Final[dict[str, str]] = {
    # quotation marks, primes and accents that stand alone
    **dict.fromkeys(
        "\u2018\u2019\u201a\u201b\u2032\u2035\u2039\u203a\u00b4`\u02b9\u02bb\u02bc\u02bd\u02c8\u02ca\u02cb", "'"
    ),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\u2036\u02ba\u301d\u301e\u301f", '"'),
    # dashes
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63\uff0d", "-"),
    # spaces; those of no width go
    **dict.fromkeys(
        "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", " "
    ),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0e\ufe0f", ""),
    # bullets, dots
    **dict.fromkeys("\u2022\u2023\u2219\u25cf\u25aa\u00b7\u30fb", "*"),
    "\u2026": "...",
    "\u2025": "..",
    "\u2024": ".",
    # signs
    "\u00a9": "(C)",
    "\u00ae": "(R)",
    "\u2122": "(TM)",
    "\u00d7": "x",
    "\u00f7": "/",
    "\u2044": "/",
    "\u2215": "/",
    "\u00bc": "1/4",
    "\u00bd": "1/2",
    "\u00be": "3/4",
    "\u00b9": "1",
    "\u00b2": "2",
    "\u00b3": "3",
    "\u00a6": "|",
    "\u02c6": "^",
    "\u02dc": "~",
    "\u223c": "~",
    "\u2126": "\u03a9",
    "\u2206": "\u0394",
    "\u2264": "<=",
    "\u2265": ">=",
    "\u2190": "<-",
    "\u2192": "->",
    # ligatures
    "\ufb00": "ff",
    "\ufb01": "fi",
    "\ufb02": "fl",
    "\ufb03": "ffi",
    "\ufb04": "ffl",
    "\u2028": "\n",
    "\u2029": "\n",
}
"""Character -> replacement; every replacement is in the default alphabet or its extension."""


def transliterate(text: str, codec: Gsm7) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return ``text`` with what ``codec`` cannot write replaced, and the pairs that were replaced, each once.

    Letters with a combining mark are composed first where Unicode has a letter for the two. Characters without a
    replacement stay.
    """
    pairs: dict[str, str] = {}
    composed = normalize("NFC", text)
    if composed != text:
        for char in dict.fromkeys(normalize("NFD", composed)):
            if char not in composed and char in text and codec.width(char) == 0:
                pairs[char] = ""
    written = []
    for char in composed:
        if codec.width(char) == 0 and char in TYPOGRAPHIC:
            pairs[char] = TYPOGRAPHIC[char]
            written.append(TYPOGRAPHIC[char])
        else:
            written.append(char)
    return "".join(written), tuple(pairs.items())
