"""Texts from the network in information lines: USSD strings and operator names, in all encodings that modems use."""

from __future__ import annotations

import re
import unicodedata

from gsmgw.digits import is_digits
from gsmgw.pdu.alphabet import DEFAULT, decode_ucs2
from gsmgw.pdu.septets import unpack

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){2,}")
_CR = 0x0D
#: Character sets of AT+CSCS that Python knows (TS 27.007 5.5).
_CODE_PAGES = {"8859-1": "latin-1", "PCCP437": "cp437", "PCDN": "cp865", "8859-2": "iso8859-2", "8859-5": "iso8859-5"}
#: Scripts that are used together, by the first word of their characters' names.
_EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "FULLWIDTH", "HALFWIDTH"})
#: The least share of letters, digits and common signs in packed septets that are a text.
_PLAIN_SHARE = 0.8
#: The least number of letters by which digits are taken for UCS-2.
_LETTERS = 3
_PLAIN = re.compile(r"[A-Za-z0-9 .,:;/*#+%!?()'\"\r\n-]")


def decode_text(text: str, dcs: int | None = None, *, charset: str = "") -> str:
    """Return the readable text of a string.

    ``charset`` is the character set that the modem has selected (AT+CSCS, TS 27.007 5.5), or empty where it does not
    tell. A string that is not hexadecimal is in that set. For a hexadecimal one the set tells the encoding, or the DCS,
    where it is UCS-2 or 8-bit data; many modems give the default DCS with everything. Otherwise the encoding is
    recognised by its result: UCS-2 of one script, or packed septets. Decimal digits are the text themselves, unless
    they are digits in UCS-2.
    """
    hexadecimal = text.strip()
    if not _HEX.fullmatch(hexadecimal):
        return _from_charset(text, charset)
    if charset == "UCS2" and len(hexadecimal) % 4 == 0:
        return _ucs2(bytes.fromhex(hexadecimal))
    if charset == "HEX":
        return DEFAULT.decode(bytes.fromhex(hexadecimal))
    found = _from_hex(hexadecimal, dcs)
    return text if found is None else found


def is_printable(text: str) -> bool:
    """Return whether a text has only printable characters, tabs and line ends."""
    return all(char.isprintable() or char in "\r\n\t" for char in text)


def _from_charset(text: str, charset: str) -> str:
    raw = text.encode("latin-1", "replace")
    if charset == "GSM" and max(raw, default=0) < 0x80:
        return DEFAULT.decode(raw)
    if charset in _CODE_PAGES:
        return raw.decode(_CODE_PAGES[charset], "replace")
    try:
        found = raw.decode("utf-8")  # some modems ignore the character set that they accepted
    except UnicodeDecodeError:
        found = text
    return found.replace("\0", "@")  # only the GSM alphabet has a character there


def _from_hex(hexadecimal: str, dcs: int | None) -> str | None:
    """Decode a hexadecimal string; None for one that is the text itself."""
    raw = bytes.fromhex(hexadecimal)
    if dcs is not None and _is_ucs2(dcs):
        return _ucs2(raw)
    if dcs is not None and _is_data(dcs):
        return _from_data(raw)
    wide = len(raw) % 2 == 0
    if is_digits(hexadecimal):
        return _ucs2(raw) if wide and _is_certainly_ucs2(raw) else None
    evidence = _ucs2_evidence(raw) if wide else 0
    if evidence == 2:
        return _ucs2(raw)
    packed = _packed(raw) if len(raw) >= 4 else None
    if evidence and (packed is None or _plain_share(packed) < _PLAIN_SHARE):
        return _ucs2(raw)
    return packed


def _is_ucs2(dcs: int) -> bool:
    """Return whether a DCS means UCS-2 (TS 23.038 5): 0x11, and the general groups with bits 3..2 = 10."""
    return dcs == 0x11 or (dcs & 0xC0 == 0x40 and dcs & 0x0C == 0x08)


def _is_data(dcs: int) -> bool:
    """Return whether a DCS means 8-bit data (TS 23.038 5)."""
    return (dcs & 0xC0 == 0x40 and dcs & 0x0C == 0x04) or dcs & 0xF4 == 0xF4


def _from_data(raw: bytes) -> str | None:
    """Decode 8-bit data that is a text in UTF-8 or Latin-1."""
    for encoding in ("utf-8", "latin-1"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if is_printable(text):
            return text
    return None


def _ucs2(raw: bytes) -> str:
    """Decode UCS-2 without the FFFF that some firmware appends (Telit HE910)."""
    return decode_ucs2(raw[: len(raw) // 2 * 2]).rstrip("\uffff\0\r")


def _is_certainly_ucs2(raw: bytes) -> bool:
    """Return True if bytes whose hexadecimal form is decimal digits are UCS-2 all the same, and not a number.

    They are ASCII characters, or at least three letters of one script with nothing but signs and blanks between.
    """
    text, rows = _ucs2(raw), set(raw[::2])
    if not is_printable(text) or len(rows - {0}) > 1:
        return False
    if rows == {0}:
        return True
    letters = [char for char in text if char >= "\x80"]
    others = [char for char in text if char < "\x80"]
    return (
        len(letters) >= _LETTERS
        and all(char.isalpha() for char in letters)
        and len({_script(char) for char in letters}) == 1
        and not any(char.isalnum() for char in others)
    )


def _ucs2_evidence(raw: bytes) -> int:
    """Return how well bytes read as UCS-2: 0 not, 1 as one script, 2 as a certain text."""
    text = _ucs2(raw)
    if not text or not is_printable(text):
        return 0
    has_ascii = any(char < "\x80" for char in text)
    if len(text) == 1 and not has_ascii:
        return 0  # four hexadecimal digits may be a word
    others = {_script(char) for char in text if char.isalpha()} - {"LATIN"}
    if len(others) > 1:
        return 0
    rows = {ord(char) >> 8 for char in text}
    return 2 if has_ascii or len(rows) <= 2 else 1


def _script(char: str) -> str:
    if char < "\u0100":
        return "LATIN"
    script = unicodedata.name(char, "").partition(" ")[0]
    return "EAST ASIAN" if script in _EAST_ASIAN else script


def _plain_share(text: str) -> float:
    return len(_PLAIN.findall(text)) / len(text) if text else 0.0


def _packed(raw: bytes) -> str | None:
    """Decode packed septets (TS 23.038 6.1.2.3); None when that is not a text."""
    septets = unpack(raw, len(raw) * 8 // 7)
    if len(septets) % 8 == 0 and septets[-1:] in (bytes((_CR,)), b"\0"):
        septets = septets[:-1]
    if any(0x10 <= septet <= 0x1A for septet in septets):
        return None  # Greek capitals: this was never packed
    text = DEFAULT.decode(septets)
    return text if is_printable(text) else None
