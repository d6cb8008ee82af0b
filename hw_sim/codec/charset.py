"""Strings in the character set of +CSCS (27.007 5.5)."""

from __future__ import annotations

from .alphabet import gsm7_decode, gsm7_encode, ucs2_decode, ucs2_encode

CHARSETS = ("GSM", "IRA", "UCS2", "HEX", "8859-1", "UTF-8", "PCCP437")
_PYTHON = {"8859-1": "latin-1", "UTF-8": "utf-8", "PCCP437": "cp437"}


def encode_string(text: str, charset: str) -> str:
    """Return a text as an answer shows it; each character of the result is a byte on the line (latin-1)."""
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
    """Return the text that a program wrote (bytes as latin-1). Invalid hex stands for itself, as modems take it."""
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
