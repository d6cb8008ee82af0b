"""Transcripts: what went over a line, in both directions, recorded from a real port and replayed strictly.

The form is text, one piece a line: seconds since the start, ``>`` (to the modem) or ``<`` (from it), and the octets
as a JSON string of latin-1 characters. Lines that begin with # are comments.
"""

from __future__ import annotations

import asyncio
import json
import os
import termios
import time
import tty
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

HEADER = "# hw-sim transcript 1"


class Piece(NamedTuple):
    """Octets in one direction: ``>`` to the modem, ``<`` from it."""

    at_s: float
    way: str
    data: bytes


class TranscriptError(ValueError):
    """A line of a transcript that cannot be read."""


class Mismatch(Exception):
    """The client wrote something else than was recorded."""

    def __init__(self, place: int, wanted: bytes, got: bytes) -> None:
        super().__init__(f"piece {place}: the transcript has {wanted!r} here, the client wrote {got!r}")
        self.place, self.wanted, self.got = place, wanted, got


def format_piece(piece: Piece) -> str:
    return f"{piece.at_s:.3f} {piece.way} {json.dumps(piece.data.decode('latin-1'))}"


def parse_transcript(text: str) -> list[Piece]:
    """The pieces of a transcript; raises TranscriptError with the line's number."""
    pieces: list[Piece] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            at_s, way, data = line.split(" ", 2)
            if way not in ("<", ">"):
                raise ValueError
            pieces.append(Piece(float(at_s), way, json.loads(data).encode("latin-1")))
        except (ValueError, AttributeError):
            raise TranscriptError(
                f'line {number}: it must be seconds, > or <, and octets as a JSON string, like 0.5 > "AT\\r"; '
                f"not {line[:60]!r}"
            ) from None
    return pieces


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
        """One piece; neighbours in the same direction and moment stay apart, as they were read."""
        piece = Piece(self.now() - self._start, way, data)
        if self.out is None:
            self.pieces.append(piece)
        else:
            self.out(format_piece(piece) + "\n")

    def text(self) -> str:
        return "\n".join([HEADER, *map(format_piece, self.pieces)]) + "\n"


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


def open_serial(path: str, baud: int = 115200) -> int:
    """A serial port, raw, without flow control, not blocking. Raises OSError."""
    fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        tty.setraw(fd)
        speed = getattr(termios, f"B{baud}", None)
        if speed is None:
            raise OSError(f"no line speed {baud}")
        settings = termios.tcgetattr(fd)
        settings[2] |= termios.CLOCAL | termios.CREAD
        settings[4] = settings[5] = speed
        termios.tcsetattr(fd, termios.TCSANOW, settings)
    except termios.error as error:
        os.close(fd)
        raise OSError(f"{path} is no serial port: {error.args[-1]}") from None
    except OSError as error:
        os.close(fd)
        raise OSError(f"{path}: {error}") from None
    return fd


class _Pty:
    """A pseudo-terminal with a link, for record and replay."""

    def __init__(self, link: Path, taken: Callable[[bytes], object]) -> None:
        self.master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self.master, False)
        self._link, self._taken = link, taken
        try:
            link.unlink(missing_ok=True)
            link.symlink_to(os.ttyname(self._slave))
        except OSError:
            os.close(self.master)
            os.close(self._slave)
            raise
        asyncio.get_running_loop().add_reader(self.master, self._readable)

    def _readable(self) -> None:
        data = os.read(self.master, 65536)
        if data:
            self._taken(data)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.master)
        os.close(self.master)
        os.close(self._slave)
        self._link.unlink(missing_ok=True)


async def record(
    port: str,
    link: Path,
    out: Callable[[str], object],
    stop: asyncio.Event,
    ready: Callable[[], object],
    baud: int = 115200,
) -> None:
    """Stand between a client (at ``link``) and a real modem (at ``port``) and write down both, until ``stop``.

    ``ready`` is called when the link is there. Raises OSError for a port that cannot be opened.
    """
    loop = asyncio.get_running_loop()
    recorder = Recorder(out=out)
    modem = open_serial(port, baud)

    def from_client(data: bytes) -> None:
        recorder.add(">", data)
        os.write(modem, data)

    try:
        pty = _Pty(link, from_client)
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

    pty = _Pty(link, taken)
    try:
        os.write(pty.master, player.start())
        ready()
        await stop.wait()
        await asyncio.sleep(0.2 if player.finished else 0)  # the client still reads the last piece
    finally:
        pty.close()
    return found[0] if found else None


def readable(pieces: Iterable[Piece]) -> list[str]:
    """A transcript for people: one line of dialogue a line, its time, who said it; pieces of a line are joined."""
    lines: list[str] = []
    open_: dict[str, tuple[float, bytes]] = {}

    def close(way: str) -> None:
        at_s, data = open_.pop(way, (0.0, b""))
        text = data.decode("latin-1").replace("\r", "").replace("\x1a", "<Ctrl-Z>").replace("\x1b", "<ESC>")
        shown = "".join(char if " " <= char <= "~" else f"<{ord(char):02X}>" for char in text if char != "\n")
        if shown:
            lines.append(f"{at_s:9.3f} {way} {shown}")

    for piece in pieces:
        for part in piece.data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").splitlines(keepends=True):
            at_s, data = open_.get(piece.way, (piece.at_s, b""))
            open_[piece.way] = (at_s, data + part)
            if part.endswith((b"\n", b"\x1a", b"> ")):
                close(piece.way)
    for way in list(open_):
        close(way)
    return lines
