"""The control socket of the modem simulator: one JSON object per line (docs/reference/simulator-control.md)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

#: The simulator answers at once; seconds.
TIMEOUT_S = 10.0
#: The longest answer: a phone with many texts; bytes.
MAX_BYTES = 16 * 1024 * 1024


class SimulatorGone(Exception):
    """The simulator does not run, or does not answer."""


class SimulatorRefused(Exception):
    """The simulator refused a request; the message says why."""


class Simulator:
    """Asks the simulator. Each request has a connection of its own."""

    def __init__(self, path: str) -> None:
        self.path = path

    async def ask(self, op: str, **fields: object) -> dict[str, Any]:
        """Send a request and return its answer. Raises :class:`SimulatorGone` or :class:`SimulatorRefused`."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                line = await self._exchange(json.dumps({"op": op, **fields}).encode() + b"\n")
            answer: dict[str, Any] = json.loads(line)
        except (OSError, ValueError) as exc:  # a timeout is an OSError, and no JSON a ValueError
            raise SimulatorGone(str(exc) or "it does not answer") from exc
        if not answer.get("ok"):
            raise SimulatorRefused(str(answer.get("error") or "the request failed"))
        return answer

    async def _exchange(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_unix_connection(self.path, limit=MAX_BYTES)
        try:
            writer.write(request)
            await writer.drain()
            return await reader.readline()
        finally:
            writer.close()
