"""The dashboard as a process, for the tests in a browser and for the pictures of the documentation."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

from support.processes import Process, Site, until

SECRET = "correct horse battery"
SIZES = {"phone": (390, 844), "desktop": (1280, 800)}


def free_port() -> int:
    """A port of this machine at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


@contextlib.contextmanager
def page_of(place: Site, directory: Path, prefix: str = "") -> Iterator[str]:
    """Run the dashboard of a gateway; its address."""
    with page_process(place, directory, prefix) as (_, base):
        yield base


@contextlib.contextmanager
def page_process(place: Site, directory: Path, prefix: str = "") -> Iterator[tuple[Process, str]]:
    """Run the dashboard of a gateway; its process and its address."""
    port = free_port()
    simulator = ("--simulator", str(place.control))
    arguments = ["--listen", f"127.0.0.1:{port}", *simulator, *(("--prefix", prefix) if prefix else ())]
    web = Process(directory / "web.out", "gsmgw", "--socket", str(place.socket), "web", *arguments)

    def answers() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    try:
        until(answers)
        yield web, f"http://127.0.0.1:{port}{prefix}"
    finally:
        web.end()
