"""Replays a transcript strictly."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from .format import Piece
from .terminal import LinkedTerminal


class Mismatch(Exception):
    """The program wrote something else than was recorded."""

    def __init__(self, place: int, wanted: bytes, got: bytes) -> None:
        super().__init__(f"piece {place}: the transcript has {wanted!r}, the program wrote {got!r}")
        self.place, self.wanted, self.got = place, wanted, got


class Replay:
    """A modem that knows one dialogue: it writes each piece when the program has written what came before it.

    The program's bytes may come in other portions than recorded. Other contents or another order raise Mismatch.
    """

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self._pieces = list(pieces)
        self._at = 0
        self._got = b""

    @property
    def finished(self) -> bool:
        """The whole transcript was replayed."""
        return self._at >= len(self._pieces)

    def start(self) -> bytes:
        """Return what the modem writes first."""
        return self._said()

    def feed(self, data: bytes) -> bytes:
        """Take bytes from the program; return what the modem writes then. Raises Mismatch."""
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
    """Serve a transcript at ``link`` until ``stop``, its end, or a mismatch; return the mismatch."""
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
        await asyncio.sleep(0.2 if player.finished else 0)  # the program still reads the last piece
    finally:
        pty.close()
    return found[0] if found else None
