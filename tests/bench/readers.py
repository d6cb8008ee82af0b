"""Readers of the event stream, idle ones and slow ones: what they cost sending, and how much memory."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.processes import Site, site, until

from gsmgw.client import Client
from tests.bench.gateway import _memory_mb

IDLE, SLOW = 500, 200
COUNT = 3000


class Crowd:
    """Connections to the event stream in a thread of their own: idle ones read all, slow ones 100 octets a second."""

    def __init__(self, socket: str, idle: int, slow: int) -> None:
        self._socket, self._idle, self._slow = socket, idle, slow
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._here = threading.Event()
        self.octets = 0

    def __enter__(self) -> Crowd:
        self._thread.start()
        self._here.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        opened = [await asyncio.open_unix_connection(self._socket, limit=4096) for _ in range(self._idle + self._slow)]
        tasks = []
        for number, (reader, writer) in enumerate(opened):
            writer.write(b"GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
            await writer.drain()
            tasks.append(asyncio.create_task(self._read(reader, slow=number >= self._idle)))
        self._here.set()
        await self._stop.wait()
        for task in tasks:
            task.cancel()
        for _, writer in opened:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, *, slow: bool) -> None:
        try:
            while piece := await reader.read(100 if slow else 65536):
                self.octets += len(piece)
                if slow:
                    await asyncio.sleep(1)
        except ConnectionError:
            return  # cut off


def main() -> None:
    """Print throughput and memory without readers and with them."""
    alone, memory = _measure(0, 0)
    print(f"readers none: {alone:.0f} texts/s sent, {memory:.0f} MB")
    for idle, slow in ((IDLE, 0), (0, SLOW), (IDLE, SLOW)):
        rate, memory = _measure(idle, slow)
        print(f"readers {idle} idle, {slow} slow: {rate:.0f} texts/s sent ({rate / alone:.2f}), {memory:.0f} MB")


def _measure(idle: int, slow: int) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as directory, site(Path(directory), 2) as place, place.start() as client:
        until(lambda: all(modem["state"] == "ready" for modem in client.modems()))
        if not idle + slow:
            return _send(place, client), _memory_mb(place)
        with Crowd(str(place.socket), idle, slow):
            rate = _send(place, client)
            return rate, _memory_mb(place)


def _send(place: Site, client: Client) -> float:
    began = time.perf_counter()
    client.send_many([{"to": f"+4915100{n % 500:05d}", "text": f"text {n}"} for n in range(COUNT)])
    while place.sim_log.read_bytes().count(b'"event": "submit"') < COUNT:
        time.sleep(0.1)
    return COUNT / (time.perf_counter() - began)
