"""A port as calls in the same process."""

from __future__ import annotations

import asyncio

from ..at.port import Port
from .base import discard


class MemoryTransport:
    """A connection inside the process: ``write`` to the modem, ``read`` what it wrote."""

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
        """Write bytes to the modem."""
        self._port.receive(data)

    def read(self) -> bytes:
        """Return all that the modem wrote since the last call."""
        said = bytes(self._said)
        self._said.clear()
        self._arrived.clear()
        return said

    async def read_until(self, end: bytes, timeout: float = 5.0) -> bytes:
        """Return the output up to and with ``end``. Raises TimeoutError; the output so far stays."""
        async with asyncio.timeout(timeout):
            while (at := self._said.find(end)) < 0:
                self._arrived.clear()
                await self._arrived.wait()
        said = bytes(self._said[: at + len(end)])
        del self._said[: at + len(end)]
        return said

    def close(self) -> None:
        self._port.send = discard
