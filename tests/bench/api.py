"""The API's intake: single durable POSTs from 16 clients, and batches, over the Unix socket of the real daemon."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.processes import Site, site, until

from gsmgw.client import Client

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
                    _batches(client)


def _singles(place: Site, words: str) -> None:
    took, times = asyncio.run(_post_all(str(place.socket), SINGLES))
    times.sort()
    p99_ms, p50_ms = times[int(len(times) * 0.99)] * 1000, times[len(times) // 2] * 1000
    print(
        f"api single POST, {CLIENTS} clients, {words}: {SINGLES / took:.0f}/s, "
        f"median {p50_ms:.1f} ms, p99 {p99_ms:.1f} ms, worst {times[-1] * 1000:.1f} ms"
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


def _batches(client: Client) -> None:
    bodies = [
        [{"to": f"+4915100{n % 5000:05d}", "text": f"batch {number} text {n}"} for n in range(BATCH)]
        for number in range(BATCHES)
    ]
    took = []
    for body in bodies:
        began = time.perf_counter()
        answers = client.send_many(body)
        took.append(time.perf_counter() - began)
        assert all("id" in answer for answer in answers)
    took.sort()
    print(
        f"api batches of {BATCH}, one client with its own JSON: {BATCH * BATCHES / sum(took):.0f} texts/s, "
        f"best {BATCH / took[0]:.0f}, worst {BATCH / took[-1]:.0f}"
    )
