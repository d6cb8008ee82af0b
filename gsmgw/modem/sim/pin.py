"""The PIN of the SIM: a PIN that was refused is never tried again."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Protocol

from gsmgw.errors import ModemError

_PIN = re.compile(r"[0-9]{4,8}")


class PinGuard(Protocol):
    """Remembers across restarts which SIM refused which PIN. Stores fingerprints only."""

    async def is_refused(self, sim: str, fingerprint: str) -> bool:
        """Return whether that PIN was tried with that SIM and not accepted."""

    async def failed(self, sim: str, fingerprint: str) -> None:
        """Note that the PIN is about to be tried; called before, so that a power cut cannot lose it."""

    async def accepted(self, sim: str, fingerprint: str) -> None:
        """Forget the note: the PIN was right."""


class MemoryPinGuard:
    """Remembers until the process ends."""

    def __init__(self) -> None:
        self._refused: set[tuple[str, str]] = set()

    async def is_refused(self, sim: str, fingerprint: str) -> bool:
        return (sim, fingerprint) in self._refused

    async def failed(self, sim: str, fingerprint: str) -> None:
        self._refused.add((sim, fingerprint))

    async def accepted(self, sim: str, fingerprint: str) -> None:
        self._refused.discard((sim, fingerprint))


class AcceptedPins:
    """The PINs that SIMs accepted since the gateway started, by SIM. Kept in memory only, and never shown."""

    __slots__ = ("_pins",)

    def __init__(self) -> None:
        self._pins: dict[str, str] = {}

    def note(self, sim: str, pin: str) -> None:
        """Note that a SIM accepted a PIN."""
        self._pins[sim] = pin

    def of(self, sim: str) -> str | None:
        """Return the PIN that a SIM accepted; None where none is known."""
        return self._pins.get(sim)

    def forget(self, sim: str) -> None:
        """Forget the PIN of a SIM: it was changed."""
        self._pins.pop(sim, None)


def fingerprint(sim: str, pin: str) -> str:
    """Return the fingerprint of a PIN with its SIM: a slow hash, so that it is not easily reversed."""
    return hashlib.pbkdf2_hmac("sha256", pin.encode(), f"gsmgw:{sim}".encode(), 20_000).hex()[:32]


def valid_pin(pin: str) -> bool:
    """Return whether a PIN has 4 to 8 digits (TS 11.11 11.3)."""
    return _PIN.fullmatch(pin) is not None


def read_pin_file(path: Path) -> str:
    """Return the PIN in a file. Raises :class:`ModemError`, which does not show the content."""
    try:
        pin = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "not plain text"
        raise ModemError(f"the PIN file {path} cannot be read: {reason}") from None
    if not valid_pin(pin):
        raise ModemError(f"the PIN file {path} must contain a PIN of 4 to 8 digits")
    return pin
