"""Splits the bytes of a modem into lines.

A line ends with CR, LF or any run of both, because modems differ: ``CR LF`` (V.250 6.2), ``CR CR LF`` (Huawei), a
lone CR (ATV0). A run of them with several LF, or with several CR alone, has empty lines in it, which may be part of a
text. Line noise at the ends is dropped, and so are NUL bytes, but for those between the quotation marks of a text from
the network, where they are the ``@`` of the GSM alphabet. The bytes after the last line end are the tail: the prompt of
TS 27.005 3.5.1 never gets a line end.
"""

from __future__ import annotations

import re

#: The longest line that is kept: a +CLAC response on one line has some 3000 bytes.
LINE_LIMIT_BYTES = 8192

#: Removed at both ends of a line: blanks, and the byte that a UART makes of a level change.
_EDGES = " \t\xff"
#: A run of line ends, or what stands between two of them.
_PARTS = re.compile(r"[\r\n]+|[^\r\n]+")
#: The most empty lines in a row that are told.
_EMPTY_LINES = 10
#: Responses and URCs whose strings come from the network or SIM: operator names, USSD texts, phonebook entries.
TEXTS = ("+CUSD:", "+COPS:", "+COPN:", "+CNUM:", "+CPBR:", "+CPBF:", "+CUSATP:")


class LineLexer:
    """Splits a stream of bytes into lines. Lines that are too long are dropped."""

    __slots__ = ("_crs", "_empty", "_lfs", "_pieces", "_quoted", "_size", "_skipping")

    def __init__(self) -> None:
        #: The pieces after the last line end, joined when that line ends: bytes that come one by one cost no more.
        self._pieces: list[str] = []
        self._size = 0
        self._skipping = False
        #: True if a piece has a quotation mark.
        self._quoted = False
        #: The line ends since the last line, and how many empty lines they are.
        self._crs = self._lfs = self._empty = 0

    @property
    def tail(self) -> str:
        """The text after the last line end."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def clear_tail(self) -> None:
        """Forget the tail: it was a prompt."""
        self._pieces.clear()
        self._quoted = False
        self._size = self._crs = self._lfs = 0

    def feed(self, data: bytes, *, in_text: bool = True) -> list[str]:
        """Return the lines that ``data`` completes, as Latin-1 text so that no byte is lost.

        Empty lines come with the line that follows them. Without ``in_text``, when no text from the network is open,
        those are left out that cannot be part of one.
        """
        text = data.decode("latin-1")
        if not (in_text or self._quoted or self._skipping or '"' in text):
            return self._feed_plain(text)
        lines: list[str] = []
        for part in _PARTS.findall(text):
            if part[0] not in "\r\n":
                if not self._pieces:
                    self._empty = min((self._lfs or self._crs or 1) - 1, _EMPTY_LINES)
                self._add(part)
                continue
            if self._pieces:
                if self._empty:
                    lines += [""] * self._empty
                lines.append(_clean(self.tail))
                self.clear_tail()
            elif self._skipping:
                self.clear_tail()
                self._skipping = False
            self._crs += part.count("\r")
            self._lfs += part.count("\n")
        return lines

    def _feed_plain(self, text: str) -> list[str]:
        """Return the lines of bytes without a quotation mark: the most common case."""
        first, *others = text.replace("\r", "\n").split("\n")
        if not others:
            self._empty = 0
            self._add(first)
            return []
        whole = [self.tail + first, *others[:-1]]
        self.clear_tail()
        ends = text[len(text.rstrip("\r\n")) :]
        self._crs, self._lfs, self._empty = ends.count("\r"), ends.count("\n"), 0
        self._add(others[-1])
        return [line for raw in whole if len(raw) <= LINE_LIMIT_BYTES and (line := _clean(raw))]

    def _add(self, part: str) -> None:
        """Append a part to the tail, unless the tail is too long for a line already."""
        if self._skipping or not part:
            return
        self._pieces.append(part)
        self._quoted = self._quoted or '"' in part
        self._size += len(part)
        if self._size > LINE_LIMIT_BYTES:
            self.clear_tail()
            self._skipping = True


def _clean(line: str) -> str:
    """Return a line without noise at its ends, and without NUL but where it is part of a text."""
    line = line.strip(_EDGES)
    if "\0" not in line:
        return line
    line = line.strip("\0" + _EDGES)
    head, quote, rest = line.partition('"')
    if not quote or not line.startswith(TEXTS):
        return line
    string, closing, tail = rest.rpartition('"')
    if not closing:
        string, tail = rest, ""
    return head.replace("\0", "") + quote + string + closing + tail.replace("\0", "")
