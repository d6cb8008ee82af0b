"""The text form of a transcript: one piece a line, in both directions.

A line has seconds since the start, ``>`` (to the modem) or ``<`` (from it), and the bytes as a JSON string of latin-1
characters. Lines that begin with # are comments.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

HEADER = "# hw-sim transcript 1"


class Piece(NamedTuple):
    """Bytes in one direction: ``>`` to the modem, ``<`` from it."""

    at_s: float
    way: str
    data: bytes


class TranscriptError(ValueError):
    """A line of a transcript that is not valid."""


def format_piece(piece: Piece) -> str:
    return f"{piece.at_s:.3f} {piece.way} {json.dumps(piece.data.decode('latin-1'))}"


def parse_transcript(text: str) -> list[Piece]:
    """Return the pieces of a transcript. Raises TranscriptError with the line's number."""
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
                f"line {number}: {line[:60]!r} is not valid; "
                'use seconds, > or <, and bytes as a JSON string: 0.5 > "AT\\r"'
            ) from None
    return pieces


def readable(pieces: Iterable[Piece]) -> list[str]:
    """Return a transcript for people: each line of the dialogue with its time and direction; its pieces are joined."""
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
