"""A crowd of event-stream readers as a process of its own: ``python -m tests.bench._crowd SOCKET IDLE SLOW [TYPES]``.

Idle ones read all that comes, slow ones 100 octets a second. It prints a line when all are served; when its standard
input ends, it prints its CPU seconds and how much came, as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import time

SLOW_OCTETS = 100
#: Small, so that a slow reader is the gateway's concern and not the kernel's.
RECEIVE_OCTETS = 4096


class _Reader(asyncio.Protocol):
    """As little work for each as can be: the crowd shares the cores with the gateway."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self.greeted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._crowd.request)

    def data_received(self, data: bytes) -> None:
        self._crowd.octets += len(data)
        if b": gsmgw" in data and not self.greeted.done():
            self.greeted.set_result(None)


class Crowd:
    """Connections to the event stream."""

    def __init__(self, types: str) -> None:
        query = f"?types={types}" if types else ""
        self.request = f"GET /v1/events{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        self.octets = 0
        self.cut_off = 0

    async def run(self, path: str, idle: int, slow: int) -> None:
        """Connect, and read until the standard input ends."""
        loop = asyncio.get_running_loop()
        for _ in range(idle):
            _, reader = await loop.create_unix_connection(lambda: _Reader(self), path)
            await reader.greeted
        sockets = []
        for _ in range(slow):
            channel = socket.socket(socket.AF_UNIX)
            channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_OCTETS)
            channel.setblocking(False)
            await loop.sock_connect(channel, path)
            await loop.sock_sendall(channel, self.request)
            await loop.sock_recv(channel, SLOW_OCTETS)
            sockets.append(channel)
        tasks = [asyncio.create_task(self._sip(channel)) for channel in sockets]
        print("here", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        for task in tasks:
            task.cancel()
        print(json.dumps({"cpu_s": time.process_time(), "octets": self.octets, "cut_off": self.cut_off}))

    async def _sip(self, channel: socket.socket) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                piece = await asyncio.get_running_loop().sock_recv(channel, SLOW_OCTETS)
                if not piece:
                    break
                self.octets += len(piece)
                await asyncio.sleep(1)  # that is what makes it a slow reader
        self.cut_off += 1


if __name__ == "__main__":
    where, idle, slow, *types = sys.argv[1:]
    asyncio.run(Crowd(",".join(types)).run(where, int(idle), int(slow)))
