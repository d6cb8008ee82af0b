"""Transcripts of the conversation on a port: raw for the owner, masked so that they can be shown to others.

A transcript has one row for each line: ``12.345678 > AT+CSQ\\r``, with seconds since the start, ``>`` to and ``<`` from
the modem, and Python's escapes. The rows do not depend on how the bytes were split: a PIN that comes in two pieces is
one. A PIN is masked even in a raw transcript.
"""

from __future__ import annotations

import re

from gsmgw.modem.tap.masking import Masker

_SECRET = re.compile(rb"([+^#*$%!](?:CPIN2?|CLCK|CPWD|CPINE|SPIC)=)[^\r\n]*", re.IGNORECASE)
#: Longer lines are counted and not shown.
LINE_LIMIT_BYTES = 8192
#: A line and its end. To the modem a command ends with CR, a payload with Ctrl-Z, and ESC ends either. A modem ends its
#: lines with CR LF, CR CR LF, LF, or CR alone, which shows by the next byte; it begins them with CR LF, too.
_ENDED = {
    ">": re.compile(rb"[^\r\n\x1a\x1b]*(?:\r\n?|\n|\x1a|\x1b)"),
    # A line is matched only at its beginning, without backtracking: a flood must not cost more than its size.
    "<": re.compile(rb"(?<![^\r\n])\x00*+[^\r\n\x00][^\r\n]*+(?:\r*+\n|\r++(?=[^\r\n]))"),
}
#: CR CR LF.
_MOST_ENDS = 3
_ENDS = b"\r\n\x00\x1a\x1b"


class TranscriptRows:
    """Turns the pieces of one conversation into rows."""

    def __init__(self, *, masked: bool) -> None:
        self._masker = Masker() if masked else None
        self._begun = {">": b"", "<": b""}
        self._lost = {">": 0, "<": 0}
        self._last = ""

    def feed(self, seconds: float, direction: str, data: bytes) -> list[str]:
        """Return the rows that a piece completes; ``seconds`` is the time when it came."""
        rows = []
        if direction != self._last:
            rows = self._turn(seconds, self._last) if self._last else []
            self._last = direction
        text, at = self._begun[direction] + data, 0
        for line in _ENDED[direction].finditer(text):
            rows += self._row(seconds, direction, text[at : line.end()])
            at = line.end()
        self._keep(direction, text[at:])
        return rows

    def end(self, seconds: float) -> list[str]:
        """Return the incomplete lines."""
        return [row for direction, rest in self._begun.items() if rest for row in self._row(seconds, direction, rest)]

    def _turn(self, seconds: float, direction: str) -> list[str]:
        """End the open line when the other side continues: a prompt has no line end, and nothing follows a lone CR."""
        begun = self._begun[direction]
        said = begun.strip(b"\r\n\0 ")
        if said == b">" or (said and begun.endswith(b"\r")):
            self._begun[direction] = b""
            return self._row(seconds, direction, begun)
        return []

    def _keep(self, direction: str, rest: bytes) -> None:
        before, line, after = _parts(rest)
        if self._lost[direction] or len(line) > LINE_LIMIT_BYTES:
            self._lost[direction] += max(0, len(line) - 1)
            line = line[-1:]  # so that its end is recognised
        self._begun[direction] = before + line + after

    def _row(self, seconds: float, direction: str, said: bytes) -> list[str]:
        before, line, after = _parts(said)
        lost, self._lost[direction] = self._lost[direction], 0
        if lost + len(line) > LINE_LIMIT_BYTES:
            return [f"{seconds:.6f} {direction} ({lost + len(line)} bytes in a line)"]
        if self._masker is None or line.strip() == b">":
            line = without_secrets(line)
        elif line:
            line = self._masker.mask(direction, line.decode("latin-1")).encode("latin-1")
        return [f"{seconds:.6f} {direction} {repr(before + line + after)[2:-1]}"]


def _parts(said: bytes) -> tuple[bytes, bytes, bytes]:
    """Split into line ends before the line, the line, and its end; a flood of line ends is shortened."""
    line = said.strip(_ENDS)
    at = said.index(line)
    return said[:at][-_MOST_ENDS:], line, said[at + len(line) :][-_MOST_ENDS:]


def without_secrets(said: bytes) -> bytes:
    """Return a line with PINs and passwords replaced."""
    return _SECRET.sub(rb"\1***", said) if b"=" in said else said
