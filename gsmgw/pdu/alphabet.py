"""Text to septets or UTF-16 bytes and back: the alphabets of TS 23.038 clause 6.2.

A GSM 7 bit text is written in a locking shift table (0 is the default alphabet) and a single shift table (0 is the
default extension), both numbered by the national language identifiers of TS 23.038 6.2.1.2.4.
"""

from __future__ import annotations

from codecs import charmap_build, charmap_decode, charmap_encode
from enum import StrEnum
from functools import lru_cache
from typing import Final

from gsmgw.pdu.tables import LOCKING, SINGLE, UNDEFINED

ESCAPE: Final = 0x1B
"""The septet that announces a character of the single shift table, TS 23.038 6.2.1."""
_ESCAPE_OCTET: Final = b"\x1b"
_ESCAPED: Final = "\x1b"
REPLACEMENT: Final = "\ufffd"
"""Stands for what has no character: an undefined septet, a lone surrogate."""


class Alphabet(StrEnum):
    """The coding of the bytes of a user data field."""

    GSM7 = "gsm7"
    DATA = "data"
    UCS2 = "ucs2"


class Gsm7:
    """One pair of locking and single shift table, ready to encode and decode. Get one from :func:`gsm7`."""

    __slots__ = ("_decode_locked", "_decode_shifted", "_encode_locked", "_sequences", "locking", "single")

    def __init__(self, locking: int, single: int) -> None:
        self.locking = locking
        self.single = single
        table = LOCKING[locking]
        shifted = SINGLE[single]
        shown = table.replace(UNDEFINED, REPLACEMENT)
        # After the escape: the character of the single shift table, else that of the locking table with the same
        # code; a second escape is shown as a space (TS 23.038 6.2.1.1).
        self._decode_locked = shown.replace(_ESCAPED, " ") + REPLACEMENT * 128
        self._decode_shifted = "".join(shifted.get(code, " " if code == ESCAPE else shown[code]) for code in range(128))
        # The encoder marks every septet with bit 7, for the map that is fast wants NUL, and NUL only, at 0. Packing
        # drops the mark.
        own = table.replace(_ESCAPED, UNDEFINED)
        self._encode_locked = charmap_build("\0" + UNDEFINED * 127 + own)
        self._sequences: dict[str, bytes] = {
            char: bytes((ESCAPE, code)) for code, char in shifted.items() if code != ESCAPE
        }
        self._sequences |= {char: bytes((code,)) for code, char in enumerate(own) if char != UNDEFINED}

    def decode(self, septets: bytes) -> str:
        """Return the text of ``septets``. An escape that ends the run is shown as a space (TS 23.038 6.2.1)."""
        if _ESCAPE_OCTET not in septets:
            return charmap_decode(septets, "strict", self._decode_locked)[0]
        first, *rest = septets.split(_ESCAPE_OCTET)
        text = [charmap_decode(first, "strict", self._decode_locked)[0]]
        shifted = self._decode_shifted
        doubled = False
        for run in rest:
            if doubled:  # the escape before this run was itself the escaped one
                doubled = False
                text.append(charmap_decode(run, "strict", self._decode_locked)[0])
            elif run:
                text.append(shifted[run[0]])
                text.append(charmap_decode(run[1:], "strict", self._decode_locked)[0])
            else:
                text.append(" ")
                doubled = True
        return "".join(text)

    def encode(self, text: str) -> bytes | None:
        """Return the septets of ``text``, or ``None`` when a character is in neither table.

        Bit 7 of a byte carries no meaning and may be set: :func:`gsmgw.pdu.septets.pack` ignores it.
        """
        try:
            septets = charmap_encode(text, "strict", self._encode_locked)[0]
        except UnicodeEncodeError:
            try:
                return b"".join(map(self._sequences.__getitem__, text))
            except KeyError:
                return None
        return None if b"\0" in septets else septets

    def width(self, char: str) -> int:
        """Return how many septets ``char`` takes: 1, 2, or 0 when it is in neither table."""
        return len(self._sequences.get(char, b""))


@lru_cache(maxsize=256)
def gsm7(locking: int, single: int) -> Gsm7:
    """Return the codec of two national language identifiers; one that has no table counts as 0 (6.2.1.2.4)."""
    return Gsm7(locking if locking in LOCKING else 0, single if single in SINGLE else 0)


DEFAULT: Final = gsm7(0, 0)
"""Default alphabet and default extension table."""


def decode_ucs2(octets: bytes) -> str:
    """Return the text of UTF-16BE ``octets``; a lone surrogate becomes U+FFFD, an odd last byte is dropped."""
    if len(octets) & 1:
        octets = octets[:-1]
    return octets.decode("utf-16-be", "replace")


def encode_ucs2(text: str) -> bytes:
    """Return ``text`` as UTF-16 big-endian bytes; a lone surrogate becomes U+FFFD."""
    try:
        return text.encode("utf-16-be")
    except UnicodeEncodeError:
        return "".join(REPLACEMENT if "\ud800" <= char <= "\udfff" else char for char in text).encode("utf-16-be")


def units_ucs2(text: str) -> int:
    """Return how many 16-bit units ``text`` takes."""
    return len(text) + sum(char > "\uffff" for char in text)
