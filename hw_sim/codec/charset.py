"""Strings in the TE's character set (27.007 5.5, +CSCS)."""

from __future__ import annotations

from .alphabet import gsm7_decode, gsm7_encode, ucs2_decode, ucs2_encode

CHARSETS = ("GSM", "IRA", "UCS2", "HEX", "8859-1", "UTF-8", "PCCP437")
_PYTHON = {"8859-1": "latin-1", "UTF-8": "utf-8", "PCCP437": "cp437"}


def encode_string(text: str, charset: str) -> str:
    """Text as it stands in an answer; the result's characters are the octets on the line (latin-1)."""
    if charset == "UCS2":
        return ucs2_encode(text).hex().upper()
    if charset == "HEX":
        return gsm7_encode(text).hex().upper()
    if charset == "GSM":
        return gsm7_encode(text).decode("latin-1")
    if charset == "IRA":
        return text.encode("ascii", "replace").decode("latin-1")
    return text.encode(_PYTHON[charset], "replace").decode("latin-1")


def decode_string(raw: str, charset: str) -> str:
    """What the TE wrote (octets as latin-1) as text. Hex that is none stands for itself, as modems take it."""
    if charset in ("UCS2", "HEX"):
        try:
            octets = bytes.fromhex(raw)
        except ValueError:
            return raw
        return ucs2_decode(octets) if charset == "UCS2" else gsm7_decode(octets)
    if charset == "GSM":
        return gsm7_decode(raw.encode("latin-1", "replace").replace(b"\r\n", b"\n"))
    if charset == "IRA":
        return raw
    return raw.encode("latin-1", "replace").decode(_PYTHON[charset], "replace")
