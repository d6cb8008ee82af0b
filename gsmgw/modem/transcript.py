"""Transcripts of what is said on a port: raw for the owner's eyes, masked to be shown to others.

One line for each piece: ``12.345678 > AT+CSQ\\r``, with seconds since the start, ``>`` to and ``<`` from the modem, and
Python's escapes. A PIN is masked even in a raw transcript.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import IO

from gsmgw.ports import Clock

_SECRET = re.compile(rb"(\+(?:CPIN|CLCK|CPWD)=)[^\r\n]*", re.IGNORECASE)
_PDU = re.compile(r"\b[0-9A-Fa-f]{16,}\b")
_NUMBER = re.compile(r"\+?\d{5,}")
_QUOTED = re.compile(r'(\+(?:CUSD|CMT|CMGL|CMGR|CLIP|CNUM|COPS|CPBR)[^"]*)"([^"]*)"')
#: Commands and answers whose digits say nothing about anybody.
_HARMLESS = re.compile(r"\^BOOT|\+CLAC|\+CPMS|\+CNMI|\+CSQ")


class Transcript:
    """Writes a raw transcript with mode 0600. Use as a tap of a modem: ``modem.tap(transcript.note)``."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._started = clock.monotonic()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        os.fchmod(descriptor, 0o600)
        self._file: IO[str] = os.fdopen(descriptor, "a", encoding="ascii")

    def note(self, direction: str, data: bytes) -> None:
        """A piece went in ``direction``, ``>`` or ``<``."""
        self._file.write(f"{format_piece(self._clock.monotonic() - self._started, direction, data)}\n")
        self._file.flush()

    def close(self) -> None:
        """End it."""
        self._file.close()


def format_piece(seconds: float, direction: str, data: bytes) -> str:
    """One line of a transcript, without a PIN."""
    return f"{seconds:.6f} {direction} {repr(without_secrets(data))[2:-1]}"


def without_secrets(data: bytes) -> bytes:
    """A piece with PINs and passwords replaced."""
    return _SECRET.sub(rb"\1***\r", data) if b"=" in data else data


def mask(text: str) -> str:
    """A transcript that may be shown: numbers, texts, PDUs, IMSI, IMEI and ICCID keep their length and nothing else."""
    return "\n".join(_mask_line(line) for line in text.split("\n"))


def _mask_line(line: str) -> str:
    stamp, arrow, said = _split(line)
    if _HARMLESS.search(said) and not _PDU.search(said):
        return line
    said = _PDU.sub(lambda match: "X" * len(match[0]), said)
    said = _QUOTED.sub(lambda match: f'{match[1]}"{"x" * len(match[2])}"', said)
    said = _NUMBER.sub(lambda match: ("+" if match[0][0] == "+" else "") + "9" * len(match[0].lstrip("+")), said)
    return f"{stamp}{arrow}{said}"


def _split(line: str) -> tuple[str, str, str]:
    """Time stamp, direction and what was said; a line of another form is all said."""
    for arrow in (" > ", " < "):
        stamp, found, said = line.partition(arrow)
        if found and stamp.replace(".", "").isdigit():
            return stamp, found, said
    return "", "", line
