"""Splits the bytes of a modem into lines.

A line ends with CR, LF or any run of both, because modems differ: ``CR LF`` (V.250 6.2), ``CR CR LF`` (Huawei), a
lone CR (ATV0). Empty lines, NUL bytes and line noise at the ends are dropped. The bytes after the last line end are the
tail: the prompt of TS 27.005 3.5.1 never gets a line end.
"""

from __future__ import annotations

#: The longest line that is kept: a +CLAC response on one line has some 3000 bytes.
LINE_LIMIT_BYTES = 8192

#: Removed at both ends of a line: blanks, and the byte that a UART makes of a level change.
_EDGES = " \t\xff"


class LineLexer:
    """Splits a stream of bytes into lines. Lines that are too long are dropped."""

    __slots__ = ("_pieces", "_size", "_skipping")

    def __init__(self) -> None:
        #: The pieces after the last line end, joined when that line ends: bytes that come one by one cost no more.
        self._pieces: list[str] = []
        self._size = 0
        self._skipping = False

    @property
    def tail(self) -> str:
        """The text after the last line end."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def clear_tail(self) -> None:
        """Forget the tail: it was a prompt."""
        self._pieces.clear()
        self._size = 0

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that ``data`` completes, as Latin-1 text so that no byte is lost."""
        text = data.decode("latin-1")
        if "\0" in text:
            text = text.replace("\0", "")
        first, *rest = text.replace("\r", "\n").split("\n")
        self._add(first)
        if not rest:
            return []
        lines = [] if self._skipping else ["".join(self._pieces)]
        self.clear_tail()
        self._skipping = False
        *whole, last = rest
        self._add(last)
        return [line for raw in (*lines, *whole) if (line := raw.strip(_EDGES)) and len(line) <= LINE_LIMIT_BYTES]

    def _add(self, part: str) -> None:
        """Append a part to the tail, unless the tail is too long for a line already."""
        if self._skipping or not part:
            return
        self._pieces.append(part)
        self._size += len(part)
        if self._size > LINE_LIMIT_BYTES:
            self.clear_tail()
            self._skipping = True
