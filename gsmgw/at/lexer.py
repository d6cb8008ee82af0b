"""Bytes from a modem -> lines.

A line ends with CR, LF or any run of both, as modems differ: ``CR LF`` (V.250 6.2), ``CR CR LF`` (Huawei), a lone CR
(ATV0). Empty lines, NUL bytes and line noise at the ends are dropped. What has no line end yet is the tail: the
prompt of TS 27.005 3.5.1 never gets one.
"""

from __future__ import annotations

#: The longest line of a modem that is kept: a +CLAC answer on one line has some 3000 octets.
LINE_LIMIT_OCTETS = 8192

#: Removed at both ends of a line: blanks, and what a UART makes of a level change.
_EDGES = " \t\xff"


class LineLexer:
    """Splits a stream of bytes into lines. ``overflows`` counts lines that were too long and dropped."""

    __slots__ = ("_skipping", "_tail", "overflows")

    def __init__(self) -> None:
        self._tail = ""
        self._skipping = False
        self.overflows = 0

    @property
    def tail(self) -> str:
        """What came after the last line end."""
        return self._tail

    def clear_tail(self) -> None:
        """Forget the tail: it was taken for a prompt."""
        self._tail = ""

    def feed(self, data: bytes) -> list[str]:
        """The lines that ``data`` completes, as Latin-1 text so that no octet is lost."""
        text = self._tail + data.decode("latin-1")
        if "\0" in text:
            text = text.replace("\0", "")
        *lines, self._tail = text.replace("\r", "\n").split("\n")
        if self._skipping and lines:
            del lines[0]  # the end of the line that was too long
            self._skipping = False
        if len(self._tail) > LINE_LIMIT_OCTETS:
            self._tail = ""
            if not self._skipping:
                self.overflows += 1
            self._skipping = True
        elif self._skipping:
            self._tail = ""
        return [line for raw in lines if (line := raw.strip(_EDGES)) and len(line) <= LINE_LIMIT_OCTETS]
