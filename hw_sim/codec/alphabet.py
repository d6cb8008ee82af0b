"""The alphabets of TS 23.038: the 7-bit default alphabet, its extension, the packing of septets."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any

ESCAPE = 0x1B

# TS 23.038 6.2.1, row by row; the escape stands as U+001B.
_DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
# TS 23.038 6.2.1.1
_EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

_SEPTETS = {char: bytes((code,)) for code, char in enumerate(_DEFAULT) if code != ESCAPE} | {
    char: bytes((ESCAPE, code)) for code, char in _EXTENSION.items()
}


def gsm7_septets(char: str) -> bytes | None:
    """Return the one or two septets of a character, None when the default alphabet lacks it."""
    return _SEPTETS.get(char)


def gsm7_fits(text: str) -> bool:
    """Return True when the default alphabet with its extension has all characters of the text."""
    return all(char in _SEPTETS for char in text)


def gsm7_encode(text: str, replacement: bytes = b"?") -> bytes:
    """Return the septets of a text, one byte each; a character that the alphabet lacks becomes ``replacement``."""
    return b"".join([_SEPTETS.get(char, replacement) for char in text])


@cache
def _national() -> dict[str, dict[str, Any]]:
    text = (resources.files("hw_sim.codec") / "national.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def gsm7_decode(septets: bytes, languages: tuple[int, int] = (0, 0)) -> str:
    """Return the text of septets; an unknown extension is the main table's character (23.038 6.2.1.1, note 1).

    ``languages`` are the national language identifiers of the locking and the single shift, 0 for the default.
    """
    table, extension = _DEFAULT, _EXTENSION
    if languages != (0, 0):
        table = _national()["locking"].get(str(languages[0]), _DEFAULT)
        single: dict[str, str] = _national()["single"].get(str(languages[1]), {})
        extension = {int(code, 16): char for code, char in single.items()} or _EXTENSION
    if ESCAPE not in septets:
        return "".join([table[code & 0x7F] for code in septets])
    out: list[str] = []
    escaped = False
    for code in septets:
        if escaped:
            out.append(extension.get(code) or (" " if code == ESCAPE else table[code & 0x7F]))
            escaped = False
        elif code == ESCAPE:
            escaped = True
        else:
            out.append(table[code & 0x7F])
    if escaped:
        out.append(" ")
    return "".join(out)


def pack(septets: bytes, fill_bits: int = 0) -> bytes:
    """Return septets packed into bytes after ``fill_bits`` zero bits (TS 23.038 6.1.2.1), septet 0 lowest."""
    stream = 0
    for place in range(len(septets) - 1, -1, -1):
        stream = stream << 7 | septets[place]
    bits = len(septets) * 7 + fill_bits
    return (stream << fill_bits).to_bytes((bits + 7) // 8, "little")


def unpack(octets: bytes, count: int, fill_bits: int = 0) -> bytes:
    """Return ``count`` septets out of bytes, after ``fill_bits`` bits. Raises ValueError for too few bytes."""
    if fill_bits:
        octets = (int.from_bytes(octets, "little") >> fill_bits).to_bytes(len(octets), "little")
    out = bytearray()
    for start in range(0, len(octets), 7):
        chunk = int.from_bytes(octets[start : start + 7], "little")
        for _ in range(8):
            out.append(chunk & 0x7F)
            chunk >>= 7
    if len(octets) * 8 // 7 < count:
        raise ValueError(f"{count} septets do not fit in {len(octets)} bytes")
    return bytes(out[:count])


def ucs2_decode(octets: bytes) -> str:
    """Return the text of UTF-16BE; half a surrogate pair becomes U+FFFD, an odd last byte is dropped."""
    return octets[: len(octets) & ~1].decode("utf-16-be", "replace")


def ucs2_encode(text: str) -> bytes:
    """Return a text as UTF-16BE."""
    return text.encode("utf-16-be", "replace")
