"""USSD texts of several lines: where they end (TS 27.007 7.15)."""

from __future__ import annotations

import re

from gsmgw.at.fields import after_prefix

#: The longest USSD text with line ends inside its quotes: TS 22.090 allows 182 characters.
LIMIT_CHARS = 1200
#: The end of a quoted text, with or without DCS.
_END = re.compile(r'"\s*(?:,\s*\d*\s*)?$', re.ASCII)


def is_open(line: str) -> bool:
    """Return whether a +CUSD has an opening quotation mark and no closing one, with or without a DCS after it."""
    _, _, text = after_prefix(line).partition(",")
    text = text.lstrip()
    return text.startswith('"') and _END.search(text, 1) is None


class OpenText:
    """The lines of a USSD text whose closing quotation mark has not come."""

    __slots__ = ("_lines",)

    def __init__(self) -> None:
        self._lines: list[str] = []

    def __bool__(self) -> bool:
        return bool(self._lines)

    def begin(self, line: str) -> None:
        """Begin a text."""
        self._lines = [line]

    def add(self, line: str) -> str | None:
        """Add a line; return the text if it ends with it."""
        self._lines.append(line)
        text = "\n".join(self._lines)
        if is_open(text):
            return None
        self._lines = []
        return text

    @property
    def is_too_long(self) -> bool:
        """True if this cannot be a USSD text any more."""
        return sum(map(len, self._lines)) > LIMIT_CHARS

    def take(self) -> list[str]:
        """Return the lines, and forget them."""
        lines, self._lines = self._lines, []
        return lines
