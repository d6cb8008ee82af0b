"""The API's intake: single durable POSTs from 16 clients, and batches, over the Unix socket of the real daemon.

The CPU time of the gateway and of the client are printed beside: where both share two cores, it is seen who uses them.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import httpx
from support.processes import Site, site, until

from gsmgw.client.options import no_tls
from tests.bench.gateway import _cpu_s

CLIENTS = 16
SINGLES = 20_000
BATCHES, BATCH = 8, 10_000


def main() -> None:
    """Print texts per second and the 99th percentile of a POST, with the modem disabled and with it sending."""
    for sending in (False, True):
        with tempfile.TemporaryDirectory() as directory, site(Path(directory), 1) as place:
            if not sending:
                place.config.write_text(place.config.read_text() + "enabled = false\n")
            with place.start() as client:
                if sending:
                    until(lambda c=client: c.modems()[0]["state"] == "ready")
                _singles(place, "while a modem sends" if sending else "no modem at work")
                if not sending:
                    _batches(place)


def _singles(place: Site, words: str) -> None:
    spent = Spent(place)
    took, times = asyncio.run(_post_all(str(place.socket), SINGLES))
    times.sort()
    p99_ms, p50_ms = times[int(len(times) * 0.99)] * 1000, times[len(times) // 2] * 1000
    print(
        f"api single POST, {CLIENTS} clients, {words}: {SINGLES / took:.0f}/s, "
        f"median {p50_ms:.1f} ms, p99 {p99_ms:.1f} ms, worst {times[-1] * 1000:.1f} ms; {spent.each(SINGLES)}"
    )


async def _post_all(socket: str, count: int) -> tuple[float, list[float]]:
    numbers = iter(range(count))
    times: list[float] = []

    async def one_client() -> None:
        reader, writer = await asyncio.open_unix_connection(socket)
        for number in numbers:
            body = json.dumps({"to": f"+4915100{number % 5000:05d}", "text": f"single {number}"}).encode()
            began = time.perf_counter()
            writer.write(
                b"POST /v1/messages HTTP/1.1\r\nHost: gsmgw\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 202"), head
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            times.append(time.perf_counter() - began)
        writer.close()
        await writer.wait_closed()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(CLIENTS):
            group.create_task(one_client())
    return time.perf_counter() - began, times


def _batches(place: Site) -> None:
    bodies = [
        json.dumps(
            {"messages": [{"to": f"+4915100{n % 5000:05d}", "text": f"batch {number} text {n}"} for n in range(BATCH)]}
        ).encode()
        for number in range(BATCHES)
    ]
    took, spent = [], Spent(place)
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(place.socket), verify=no_tls()), timeout=60) as client:
        for body in bodies:
            began = time.perf_counter()
            answer = client.post("http://gsmgw/v1/messages/batch", content=body)
            took.append(time.perf_counter() - began)
            assert answer.content.count(b'"status":"queued"') == BATCH
    took.sort()
    print(
        f"api batches of {BATCH}, one client: {BATCH * BATCHES / sum(took):.0f} texts/s, "
        f"best {BATCH / took[0]:.0f}, worst {BATCH / took[-1]:.0f}; {spent.each(BATCH * BATCHES)}"
    )


class Spent:
    """CPU time since it was made: the gateway's, and this process's."""

    def __init__(self, place: Site) -> None:
        self._place = place
        self._gateway_s, self._own_s = _cpu_s(place), time.process_time()

    def each(self, count: int) -> str:
        """In words, for each of so many."""
        gateway_us = (_cpu_s(self._place) - self._gateway_s) / count * 1e6
        own_us = (time.process_time() - self._own_s) / count * 1e6
        return f"{gateway_us:.0f} us of CPU each, the client {own_us:.0f}"
