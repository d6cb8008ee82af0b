"""The whole gateway as a process of its own, over simulated modems without latency in another process."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.processes import Site, site, until

from gsmgw.client import Client

PAGE = os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Print throughput over 1 and 4 modems, latencies while idle, and what idling costs."""
    sync_ms = _sync_ms()
    print(f"gateway disk: one fdatasync takes {sync_ms:.2f} ms (median)")
    for modems, count in ((1, 1000), (4, 3000)):
        with tempfile.TemporaryDirectory() as directory, site(Path(directory), modems) as place:
            _throughput(place, modems, count)
    with tempfile.TemporaryDirectory() as directory, site(Path(directory), 1) as place:
        _latency(place)


def _sync_ms() -> float:
    with tempfile.NamedTemporaryFile() as file:
        times = []
        for number in range(100):
            began = time.perf_counter()
            os.pwrite(file.fileno(), b"x" * 4096, number * 4096)
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def _ready(client: Client, modems: int) -> None:
    until(lambda: sum(modem["state"] == "ready" for modem in client.modems()) == modems)


def _throughput(place: Site, modems: int, count: int) -> None:
    with place.start() as client:
        _ready(client, modems)
        began = time.perf_counter()
        client.send_many([{"to": f"+4915100{n % 200:05d}", "text": f"text {n}"} for n in range(count)])
        accepted = time.perf_counter()
        last = sent = 0
        for event in client.events(0, types=["message.sent", "message.delivered"]):
            if event["type"] == "message.sent":
                sent += 1
                if sent == count:
                    last = time.perf_counter()
            if sent == count and client.stats()["messages"].get("queued", 0) == 0:
                break
        copies = place.copies()
        twice = sum(copies.values()) - len(copies)
        cpu = _cpu_s(place)
        print(f"gateway accept in one batch: {count / (accepted - began):.0f} texts/s")
        print(
            f"gateway send over {modems} modem(s): {count / (last - began):.0f} texts/s, "
            f"{len(copies)} of {count} sent, {twice} twice, "
            f"{cpu / count * 1e6:.0f} us of CPU each, {_memory_mb(place):.0f} MB"
        )


def _latency(place: Site) -> None:
    with place.start() as client:
        _ready(client, 1)
        times = []
        for number in range(30):
            time.sleep(0.05)
            began = time.time()
            client.send("+4915112345678", f"idle {number}")
            until(lambda n=number: len(place.submits()) > n)
            times.append((place.submits()[-1]["t"] - began) * 1000)
        print(f"gateway POST to the network, idle: median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms")
        before = _cpu_s(place)
        time.sleep(5)
        print(f"gateway idle: {(_cpu_s(place) - before) / 5 * 100:.2f} % of one core, {_memory_mb(place):.0f} MB")


def _pid(place: Site) -> int:
    assert place.gateway is not None
    return place.gateway.child.pid


def _cpu_s(place: Site) -> float:
    fields = Path(f"/proc/{_pid(place)}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(place: Site) -> float:
    return int(Path(f"/proc/{_pid(place)}/statm").read_text().split()[1]) * PAGE / 1e6
