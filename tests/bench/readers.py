"""Readers of the event stream, idle ones and slow ones: what they cost sending, and how much memory.

The crowd is a process of its own, and its share of the cores is printed: over modems without latency an event for each
step of thousands of texts a second goes to each reader, which is more than the gateway and its readers have cores for.
Over modems as fast as real ones are, it is seen whether sending is disturbed.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.processes import Site, site, until

from gsmgw.client import Client
from tests.bench.gateway import QUARTER, _cpu_s, _memory_mb

IDLE, SLOW = 500, 200
#: What truly idle readers are subscribed to: modems that do not change.
NOTHING = "modem.*"
URGENT_TO = "+49151999"


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who reads along."""

    idle: int = 0
    slow: int = 0
    types: str = ""

    def __str__(self) -> str:
        words = f"{self.idle} idle{' for ' + self.types if self.types else ''}, {self.slow} slow"
        return words if self.idle + self.slow else "none"


CROWDS = (Crowd(), Crowd(IDLE, 0, NOTHING), Crowd(IDLE), Crowd(0, SLOW), Crowd(IDLE, SLOW))


@dataclass(slots=True)
class Seen:
    """Results of one run."""

    rate: float
    memory_mb: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    crowd_words: str = ""


def main() -> None:
    """Print throughput, memory, CPU and the delay of urgent texts, without readers and with them."""
    _compare("2 modems without latency", 2, 6000, 0.02, ())
    with tempfile.TemporaryDirectory() as directory:
        profile = Path(directory) / "quarter.toml"
        profile.write_text(QUARTER)
        _compare("8 modems at 0.25 s", 8, 400, 0.2, ("--timing", "real", "--profile", str(profile)))


def _compare(words: str, modems: int, count: int, pause_s: float, simulator: tuple[str, ...]) -> None:
    alone = 0.0
    for crowd in CROWDS:
        with (
            tempfile.TemporaryDirectory() as directory,
            site(Path(directory), modems, simulator=simulator) as place,
            place.start() as client,
        ):
            until(lambda c=client: all(modem["state"] == "ready" for modem in c.modems()))
            with _reading(place, crowd) as ended:
                seen = _send(place, client, count, pause_s)
            seen.crowd_words = "".join(ended)
        alone = alone or seen.rate
        print(
            f"readers {crowd}, {words}: {seen.rate:.0f} texts/s ({seen.rate / alone:.2f}), {seen.cpu_us:.0f} us of CPU "
            f"each, {seen.memory_mb:.0f} MB, urgent POST to network p50 {seen.p50_ms:.0f} p99 {seen.p99_ms:.0f} ms"
            f"{seen.crowd_words}",
            flush=True,
        )


@contextlib.contextmanager
def _reading(place: Site, crowd: Crowd) -> Iterator[list[str]]:
    """A crowd that reads; what there is to say of it comes into the list when it has ended."""
    words: list[str] = []
    if not crowd.idle + crowd.slow:
        yield words
        return
    command = [sys.executable, "-m", "tests.bench._crowd", str(place.socket), str(crowd.idle), str(crowd.slow)]
    before = _memory_mb(place)
    with subprocess.Popen([*command, crowd.types], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        each_kb = (_memory_mb(place) - before) * 1000 / (crowd.idle + crowd.slow)
        began = time.perf_counter()
        yield words
        span_s = time.perf_counter() - began
        child.stdin.close()
        told = json.loads(child.stdout.read())
    words.append(
        f"; {each_kb:.0f} kB for each reader, who got {told['octets'] / 1e6:.0f} MB in {span_s:.1f} s for "
        f"{told['cpu_s']:.1f} s of CPU, {told['cut_off']} cut off"
    )


def _whole(log: IO[bytes]) -> Iterator[bytes]:
    """The whole lines that came since."""
    while line := log.readline():
        if not line.endswith(b"\n"):
            log.seek(-len(line), 1)
            return
        yield line


def _send(place: Site, client: Client, count: int, pause_s: float) -> Seen:
    """A backlog of texts, and urgent ones in between, each so long after the one before."""
    cpu_s, began = _cpu_s(place), time.perf_counter()
    posted: dict[str, float] = {}
    stop = threading.Event()

    def be_urgent() -> None:
        with Client(place.socket) as other:
            while not stop.wait(pause_s):
                text = f"urgent {len(posted)}"
                posted[text] = time.time()
                other.send(f"{URGENT_TO}{len(posted):04d}", text, priority="urgent")

    urgent = threading.Thread(target=be_urgent)
    urgent.start()
    client.send_many([{"to": f"+4915100{n % 500:05d}", "text": f"text {n}"} for n in range(count)])
    with place.sim_log.open("rb") as log:
        left = count
        while left:
            left -= sum(b'"event": "submit"' in line and b'"text": "text ' in line for line in _whole(log))
            time.sleep(0.1)  # seldom: the looking is not to be measured
    took_s = time.perf_counter() - began
    stop.set()
    urgent.join()
    until(lambda: posted.keys() <= place.copies().keys(), 60)
    cpu_us = (_cpu_s(place) - cpu_s) / (count + len(posted)) * 1e6
    delays = sorted((entry["t"] - posted[entry["text"]]) * 1000 for entry in place.submits() if entry["text"] in posted)
    p50_ms, p99_ms = delays[len(delays) // 2], delays[int(len(delays) * 0.99)]
    return Seen((count + len(posted)) / took_s, _memory_mb(place), cpu_us, p50_ms, p99_ms)
