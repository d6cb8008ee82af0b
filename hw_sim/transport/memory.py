"""A port as calls in the same process."""

from __future__ import annotations

import asyncio

from ..at.port import Port
from .base import discard


class MemoryTransport:
    """A connection inside the process: ``write`` to the modem, ``read`` what it said."""

    def __init__(self, port: Port) -> None:
        self.path = ""
        self._port = port
        self._said = bytearray()
        self._arrived = asyncio.Event()
        port.send = self._take

    def _take(self, data: bytes) -> None:
        self._said += data
        self._arrived.set()

    def write(self, data: bytes) -> None:
        """Octets to the modem."""
        self._port.receive(data)

    def read(self) -> bytes:
        """Everything the modem said since the last look."""
        said = bytes(self._said)
        self._said.clear()
        self._arrived.clear()
        return said

    async def read_until(self, end: bytes, timeout: float = 5.0) -> bytes:
        """Everything up to and with ``end``; TimeoutError when it does not come (what came stays)."""
        async with asyncio.timeout(timeout):
            while (at := self._said.find(end)) < 0:
                self._arrived.clear()
                await self._arrived.wait()
        said = bytes(self._said[: at + len(end)])
        del self._said[: at + len(end)]
        return said

    def close(self) -> None:
        self._port.send = discard
