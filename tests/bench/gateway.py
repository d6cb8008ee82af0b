"""The whole gateway as a process of its own, over simulated modems without latency in another process."""

from __future__ import annotations

import json
import os
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.processes import Site, site, until

from gsmgw.client import Client

PAGE = os.sysconf("SC_PAGE_SIZE")


#: A modem whose submissions take a quarter of a second each, to see what the gateway adds.
QUARTER = """
[profile]
name = "quarter"
base = "generic"
description = "generic, with a radio that takes a quarter of a second"
sources = ["chosen here"]
[timing]
source = "chosen here"
submit_s = [0.25, 0.25]
submit_held_s = [0.25, 0.25]
"""


def main() -> None:
    """Print throughput, the share of the ideal, latencies while idle, and what idling costs."""
    print(f"gateway disk: one fdatasync takes {sync_ms():.2f} ms (median)")
    for modems, count in ((1, 2000), (4, 4000)):
        with tempfile.TemporaryDirectory() as directory, site(Path(directory), modems) as place:
            _throughput(place, modems, count)
    for modems in (1, 4, 16):
        with tempfile.TemporaryDirectory() as directory:
            profile = Path(directory) / "quarter.toml"
            profile.write_text(QUARTER)
            slow = ("--timing", "real", "--profile", str(profile))
            with site(Path(directory), modems, simulator=slow) as place:
                _share(place, modems, modems * 40)
    with tempfile.TemporaryDirectory() as directory, site(Path(directory), 1) as place:
        _latency(place)


def _until_sent(place: Site, count: int) -> None:
    while place.sim_log.read_bytes().count(b'"event": "submit"') < count:
        time.sleep(0.1)  # seldom: the looking is not to be measured


def _share(place: Site, modems: int, count: int) -> None:
    """How near the modems are to being always busy, from the first submission to the last."""
    with place.start() as client:
        _ready(client, modems)
        client.send_many([{"to": f"+4915100{n:05d}", "text": f"text {n}"} for n in range(count)])
        _until_sent(place, count)
        times = sorted(entry["t"] for entry in place.submits())
        ideal_s = 0.25 * (count / modems - 1)
        print(f"gateway share of the ideal, {modems} modem(s) at 0.25 s: {ideal_s / (times[-1] - times[0]):.3f}")


def sync_ms() -> float:
    """Return the time of an fdatasync, median."""
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
        _until_sent(place, count)
        last = max(entry["t"] for entry in place.submits()) - time.time() + time.perf_counter()
        until(lambda: not client.stats()["messages"], 60)
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
            time.sleep(0.05)  # each finds an idle gateway
            began = time.time()
            client.send("+4915112345678", f"idle {number}")
            until(lambda n=number: len(place.submits()) > n)
            times.append((place.submits()[-1]["t"] - began) * 1000)
        print(f"gateway POST to the network, idle: median {statistics.median(times):.1f} ms, worst {max(times):.1f} ms")
        waits = []
        for number in range(30):
            cursor = client.stats()["last_event"]
            stream = client.events(cursor, types=["message.received"])
            began = time.perf_counter()
            _inject(place, f"answer {number}")
            next(stream)
            waits.append((time.perf_counter() - began) * 1000)
            stream.close()
        print(
            f"gateway phone to event, idle: median {statistics.median(waits):.1f} ms, worst {max(waits):.1f} ms "
            "(with the simulator's part and the opening of the stream)"
        )
        before = _cpu_s(place)
        time.sleep(5)  # the span that is measured
        print(f"gateway idle: {(_cpu_s(place) - before) / 5 * 100:.2f} % of one core, {_memory_mb(place):.0f} MB")


def _inject(place: Site, text: str) -> None:
    """Let a phone text the modem."""
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(place.control))
        request = {"op": "send", "from": "+4915112345678", "to": "modem0", "text": text}
        control.sendall(json.dumps(request).encode() + b"\n")
        control.recv(1000)


def _pid(place: Site) -> int:
    assert place.gateway is not None
    return place.gateway.child.pid


def _cpu_s(place: Site) -> float:
    return cpu_s(_pid(place))


def cpu_s(pid: int) -> float:
    """CPU seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(place: Site) -> float:
    return memory_mb(_pid(place))


def memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / 1e6
