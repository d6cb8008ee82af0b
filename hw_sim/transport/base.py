"""The interface of all transports."""

from __future__ import annotations

from typing import Protocol


class Transport(Protocol):
    """A connection between a port and the programs that use it. ``path`` is its address."""

    path: str

    def close(self) -> None: ...


def discard(data: bytes) -> None:
    """Drop what a port sends after its transport was closed."""
