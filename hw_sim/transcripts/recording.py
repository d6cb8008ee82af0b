"""Records the dialogue between a program and a modem."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .format import HEADER, Piece, format_piece
from .terminal import LinkedTerminal, open_serial


@dataclass
class Recorder:
    """Collects pieces, or writes each to ``out`` at once. ``now`` gives seconds."""

    now: Callable[[], float] = time.monotonic
    out: Callable[[str], object] | None = None
    pieces: list[Piece] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._start = self.now()
        if self.out is not None:
            self.out(HEADER + "\n")

    def add(self, way: str, data: bytes) -> None:
        """Add one piece; pieces of the same direction and time stay apart, as they were read."""
        piece = Piece(self.now() - self._start, way, data)
        if self.out is None:
            self.pieces.append(piece)
        else:
            self.out(format_piece(piece) + "\n")

    def text(self) -> str:
        return "\n".join([HEADER, *map(format_piece, self.pieces)]) + "\n"


async def record(
    port: str,
    link: Path,
    out: Callable[[str], object],
    stop: asyncio.Event,
    ready: Callable[[], object],
    baud: int = 115200,
) -> None:
    """Record the dialogue between a program (at ``link``) and a real modem (at ``port``) until ``stop``.

    ``ready`` is called when the link exists. Raises OSError when the port cannot be opened.
    """
    loop = asyncio.get_running_loop()
    recorder = Recorder(out=out)
    modem = open_serial(port, baud)

    def from_client(data: bytes) -> None:
        recorder.add(">", data)
        os.write(modem, data)

    try:
        pty = LinkedTerminal(link, from_client)
    except OSError:
        os.close(modem)
        raise

    def from_modem() -> None:
        try:
            data = os.read(modem, 65536)
        except OSError:
            data = b""
        if not data:
            stop.set()
            return
        recorder.add("<", data)
        os.write(pty.master, data)

    loop.add_reader(modem, from_modem)
    try:
        ready()
        await stop.wait()
    finally:
        loop.remove_reader(modem)
        os.close(modem)
        pty.close()
