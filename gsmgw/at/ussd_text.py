"""USSD texts of several lines: where they end (TS 27.007 7.15)."""

from __future__ import annotations

import re

from gsmgw.at.fields import after_prefix
from gsmgw.at.result_codes import parse_final_result
from gsmgw.at.urcs import UrcKind, is_whole_urc, kind_of

#: The longest USSD text with line ends inside its quotes: TS 22.090 allows 182 characters.
LIMIT_CHARS = 1200
#: Lines that end an exchange, whatever is open.
_NEVER_TEXT = ("+CME ERROR", "+CMS ERROR", "+CMGS:", "+CMSS:")
#: URCs that count although a text did not end before them.
_NEVER_LOST = (UrcKind.RESET, UrcKind.BOOT, UrcKind.FULL)
#: The end of a quoted text, with or without DCS.
_END = re.compile(r'"\s*(?:,\s*\d*\s*)?$', re.ASCII)


def is_open(line: str) -> bool:
    """Return whether a +CUSD has an opening quotation mark and no closing one, with or without a DCS after it."""
    _, _, text = after_prefix(line).partition(",")
    text = text.lstrip()
    return text.startswith('"') and _END.search(text, 1) is None


def is_no_text(line: str, prefixes: tuple[str, ...]) -> bool:
    """Return whether a line is not part of an open text: it is a URC, ends an exchange, or answers the command."""
    return is_whole_urc(line) or line.startswith(_NEVER_TEXT) or (bool(prefixes) and line.startswith(prefixes))


class OpenText:
    """The lines of a USSD text whose closing quotation mark has not come."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        #: Empty while no text is open.
        self.lines: list[str] = []

    def begin(self, line: str) -> None:
        """Begin a text."""
        self.lines = [line]

    def add(self, line: str) -> str | None:
        """Add a line; return the text if it ends with it."""
        self.lines.append(line)
        if line == "" or is_open("\n".join(self.lines)):
            return None
        return self.take_text()

    def take_text(self, count: int | None = None) -> str:
        """Return the text of the first ``count`` lines, and forget all."""
        lines, self.lines = self.lines[:count], []
        return "\n".join(lines).rstrip("\n")

    def end(self, *, awaits_result: bool) -> tuple[str, list[str]]:
        """Give up waiting for the end; return the text, and the lines that are not part of it.

        One response can be awaited, so that the last final result is that of the command in flight. Those before it,
        like OK, are part of the text, and so is what looks like a call.
        """
        lines = self.lines
        finals = [at for at, line in enumerate(lines) if at and parse_final_result(line) is not None]
        starts = [at for at, line in enumerate(lines) if at and kind_of(line) in _NEVER_LOST]
        rest = min([*starts, *(finals[-1:] if awaits_result else [])], default=len(lines))
        return self.take_text(rest), lines[rest:]

    @property
    def is_too_long(self) -> bool:
        """True if this cannot be a USSD text any more."""
        return sum(map(len, self.lines)) > LIMIT_CHARS
