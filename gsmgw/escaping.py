"""Escape external text for output to terminals and logs: control characters and line breaks."""

from __future__ import annotations

import re

#: C0 and C1 controls, line and paragraph separators, directional formatting characters (UAX #9), and surrogates
#: (bytes that are not UTF-8).
STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    """Return a text with control characters and line breaks escaped."""
    return STEERING.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return _NAMED.get(match[0]) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def one_line(raw: bytes) -> bytes:
    """Return JSON with U+2028, U+2029 and U+0085 escaped: many programs take them for line breaks.

    In JSON they stand in strings only, and in UTF-8 these bytes stand for nothing else.
    """
    if b"\xe2\x80" in raw:
        raw = raw.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return raw.replace(b"\xc2\x85", b"\\u0085") if b"\xc2\x85" in raw else raw
