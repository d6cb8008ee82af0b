"""The parameters of a ``sendsms`` request, and its character sets."""

from __future__ import annotations

import codecs
from urllib.parse import parse_qsl

from gsmgw.digits import is_digits

#: Names that Python accepts as encodings and that are not a character set.
_NOT_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape"})
#: Names that Python does not know. UCS-2 alone does not tell its byte order, and converters disagree about it.
_CHARSETS = {"ucs-2be": "utf-16-be", "ucs-2le": "utf-16-le", "gsm": "", "ucs-2": "", "ucs2": "", "iso-10646-ucs-2": ""}


class Rejected(Exception):
    """The request is not accepted. ``words`` is the response."""

    def __init__(self, words: str, status: int = 400) -> None:
        self.words = words
        self.status = status
        super().__init__(words)


class Fields:
    """The parameters of a request. Some have two spellings. Values are still bytes, one character each."""

    def __init__(self, query: bytes, form: bytes) -> None:
        pairs = [pair for raw in (query, form) for pair in parse_qsl(raw.decode("latin-1"), True, encoding="latin-1")]
        self._known = dict(pairs)

    def get(self, *names: str) -> str:
        """Return the first of these parameters that is given, as UTF-8; empty if there is none."""
        return self._bytes(*names).decode("utf-8", "replace").strip()

    def number(self, *names: str) -> int | None:
        """Return a number; None if it is not given."""
        text = self.get(*names)
        if not text:
            return None
        if not is_digits(text) or len(text) > 9:
            raise Rejected(f"{names[0]} is not a valid number, rejected")
        return int(text)

    def text(self, name: str, charset: str, default: str) -> str:
        """Return a text in a character set; without one in ``default``, or Windows-1252 if it is not valid UTF-8."""
        raw = self._bytes(name)
        try:
            return raw.decode(_codec(charset or default))
        except LookupError:  # for example a codec from bytes to bytes
            raise _unknown(charset) from None
        except UnicodeDecodeError:
            if charset or default != "UTF-8":
                raise Rejected(f"Text is not in the charset {charset or default}, rejected") from None
            return raw.decode("windows-1252", "replace")

    def _bytes(self, *names: str) -> bytes:
        return next((self._known[name] for name in names if name in self._known), "").encode("latin-1")


def _codec(charset: str) -> str:
    """Return Python's name of a character set."""
    known = _CHARSETS.get(charset.lower(), charset)
    if not known:
        raise Rejected(f"Charset {charset} is not supported, use UTF-8, UTF-16BE or UTF-16LE, rejected")
    try:
        name = codecs.lookup(known).name
    except (LookupError, ValueError):
        raise _unknown(charset) from None
    if name.replace("-", "_") in _NOT_CHARSETS:
        raise _unknown(charset)
    return name


def _unknown(charset: str) -> Rejected:
    return Rejected(f"Charset {ascii(charset)[1:-1]} is not known, rejected")
