"""Replays a transcript strictly."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from .format import Piece
from .terminal import LinkedTerminal


class Mismatch(Exception):
    """The client wrote something else than was recorded."""

    def __init__(self, place: int, wanted: bytes, got: bytes) -> None:
        super().__init__(f"piece {place}: the transcript has {wanted!r} here, the client wrote {got!r}")
        self.place, self.wanted, self.got = place, wanted, got


class Replay:
    """A modem that knows one conversation: each piece of it is said when the client has written what led to it.

    The client's octets may come in other portions than recorded, not in another order or content (``Mismatch``).
    """

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self._pieces = list(pieces)
        self._at = 0
        self._got = b""

    @property
    def finished(self) -> bool:
        """Everything was said and heard."""
        return self._at >= len(self._pieces)

    def start(self) -> bytes:
        """What the modem says before anything is written."""
        return self._said()

    def feed(self, data: bytes) -> bytes:
        """Octets from the client; what the modem says to them. Raises Mismatch."""
        self._got += data
        out = b""
        while self._got:
            if self.finished:
                raise Mismatch(self._at, b"", self._got)
            wanted = self._pieces[self._at].data
            size = min(len(wanted), len(self._got))
            if wanted[:size] != self._got[:size]:
                raise Mismatch(self._at, wanted, self._got)
            if len(self._got) < len(wanted):
                break
            self._got = self._got[len(wanted) :]
            self._at += 1
            out += self._said()
        return out

    def _said(self) -> bytes:
        out = b""
        while not self.finished and self._pieces[self._at].way == "<":
            out += self._pieces[self._at].data
            self._at += 1
        return out


async def replay(
    pieces: Iterable[Piece], link: Path, stop: asyncio.Event, ready: Callable[[], object]
) -> Mismatch | None:
    """Serve a transcript at ``link`` until ``stop``, its end, or a mismatch, which is returned."""
    player = Replay(pieces)
    found: list[Mismatch] = []

    def taken(data: bytes) -> None:
        try:
            os.write(pty.master, player.feed(data))
        except Mismatch as mismatch:
            found.append(mismatch)
            stop.set()
        if player.finished:
            stop.set()

    pty = LinkedTerminal(link, taken)
    try:
        os.write(pty.master, player.start())
        ready()
        await stop.wait()
        await asyncio.sleep(0.2 if player.finished else 0)  # the client still reads the last piece
    finally:
        pty.close()
    return found[0] if found else None
