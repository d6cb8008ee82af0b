"""Cost of a text for the SD card: bytes written and flushes, from acceptance to delivery, and growth of the WAL."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.processes import Site, site, until

from gsmgw.client import Client


def main() -> None:
    """Print octets and flushes per text: one at a time, in a stream, in a batch; and the largest WAL."""
    for name, count, spread in (
        ("one at a time", 200, "single"),
        ("in a stream", 2000, "stream"),
        ("a batch", 4000, "batch"),
    ):
        with tempfile.TemporaryDirectory() as directory, site(Path(directory), 1) as place:
            _measure(place, name, count, spread)
    with tempfile.TemporaryDirectory() as directory, site(Path(directory), 4) as place:
        _wal(place, 20_000)


def _measure(place: Site, name: str, count: int, spread: str) -> None:
    with place.start() as client:
        until(lambda: client.modems()[0]["state"] == "ready")
        _await_calm(place)
        flushes = _Flushes(place)
        before = _written(place)
        if spread == "batch":
            client.send_many([_message(n) for n in range(count)])
        for number in range(count if spread != "batch" else 0):
            client.send(**_message(number))
            if spread == "single":
                until(lambda n=number: len(place.submits()) > n)
                time.sleep(0.02)  # one by one: the next must not share a commit with what follows this one
        until(lambda: not client.stats()["messages"], 120)
        until(lambda: next(iter(client.messages(q=f"table {count - 1} ready")), None) is not None)  # the index follows
        octets = _written(place) - before
        size = (place.directory / "state" / "gsmgw.db").stat().st_size
        print(
            f"writes {name}: {octets / count / 1024:.1f} KiB per text written to disk, "
            f"{flushes.stop() / count:.2f} flushes per text, "
            f"{size / count / 1024:.2f} KiB per text kept in the database",
            flush=True,
        )


def _message(number: int) -> dict[str, str]:
    return {"to": f"+4915100{number % 500:05d}", "text": f"Your table for {number} is ready, please come in."}


def _wal(place: Site, count: int) -> None:
    wal = place.directory / "state" / "gsmgw.db-wal"
    largest = 0
    with place.start() as client:
        until(lambda: all(modem["state"] == "ready" for modem in client.modems()))
        for start in range(0, count, 1000):
            client.send_many([_message(n) for n in range(start, start + 1000)])
            largest = max(largest, wal.stat().st_size)
        with Client(place.socket) as other:
            while other.stats()["messages"]:
                largest = max(largest, wal.stat().st_size)
                time.sleep(0.1)  # seldom: the asking writes nothing, but takes its time from the sending
        print(f"writes WAL under a load of {count} texts: at most {largest / 1048576:.1f} MiB")


def _is_traced(place: Site) -> bool:
    """Return True if a tracer is attached to the gateway's main thread (proc_pid_status(5))."""
    return "TracerPid:\t0\n" not in Path(f"/proc/{_pid(place)}/status").read_text()


class _Flushes:
    """Counts fsync and fdatasync of the gateway with strace, where there is one."""

    def __init__(self, place: Site) -> None:
        self._tracer: subprocess.Popen[bytes] | None = None
        self._log = place.directory / "strace"
        if shutil.which("strace"):
            command = ["strace", "-f", "-e", "trace=fsync,fdatasync", "-o", str(self._log), "-p", str(_pid(place))]
            self._tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL)
            until(lambda: _is_traced(place))

    def stop(self) -> float:
        """How many there were; not a number without strace."""
        if self._tracer is None:
            return float("nan")
        self._tracer.terminate()
        self._tracer.wait()
        return len(re.findall(r"\b(?:fsync|fdatasync)\(", self._log.read_text()))


def _pid(place: Site) -> int:
    assert place.gateway is not None
    return place.gateway.child.pid


def _await_calm(place: Site) -> None:
    """Wait until the start is over: nothing is written between two looks."""
    before = -1
    while (now := _written(place)) != before:
        before = now
        time.sleep(0.3)  # between two looks


def _written(place: Site) -> int:
    """Octets that the process caused to be sent to the disk (proc(5), write_bytes); all of the file system, once."""
    os.sync()
    text = Path(f"/proc/{_pid(place)}/io").read_text()
    return int(re.search(r"^write_bytes: (\d+)", text, re.MULTILINE)[1])  # type: ignore[index]
