"""Lines of a stream: they end at CR, LF or CRLF (WHATWG HTML 9.2.6), and at no other Unicode line separator."""

from __future__ import annotations

from collections.abc import Iterator


class Lines:
    """Splits chunks of bytes into lines."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._skip_feed = False

    def feed(self, octets: bytes) -> Iterator[str]:
        """Return the lines that end in these bytes."""
        if self._skip_feed and octets:  # the second half of a CRLF whose first half ended the line
            octets = octets.removeprefix(b"\n")
            self._skip_feed = False
        if not octets:
            return
        self._skip_feed = octets.endswith(b"\r")
        *whole, rest = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for piece in whole:
            yield b"".join((*self._rest, piece)).decode("utf-8", "replace")
            self._rest.clear()
        if rest:
            self._rest.append(rest)

    def end(self) -> Iterator[str]:
        """Return the rest when the stream has ended."""
        if self._rest:
            yield b"".join(self._rest).decode("utf-8", "replace")
            self._rest.clear()
