"""A real NATS server, which comes and goes; what it has acknowledged is on disk."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.processes import until

_BESIDE = Path(sys.executable).with_name("nats-server")


def require_nats_server() -> str:
    """The program. Skips without it, except in CI."""
    found = str(_BESIDE) if _BESIDE.exists() else shutil.which("nats-server")
    if found is None:
        assert os.environ.get("CI") != "true", "nats-server is missing: make setup"
        pytest.skip("nats-server is not installed: make setup")
    return found


class NatsServer:
    """A server with JetStream."""

    def __init__(self, directory: Path, settings: str = "") -> None:
        self._program = require_nats_server()
        directory.mkdir(parents=True, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.file = directory / "nats.conf"
        self.file.write_text(
            f"listen: 127.0.0.1:{self.port}\n"
            f'jetstream {{ store_dir: "{directory}/jetstream", sync_interval: always }}\n{settings}\n'
        )
        self._log = (directory / "nats.log").open("ab")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(
            [self._program, "-c", str(self.file)], stdout=self._log, stderr=subprocess.STDOUT
        )

        def answers() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        until(answers)

    def reload(self) -> None:
        """Let it read its configuration again. This takes a moment."""
        assert self._process is not None
        self._process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End it."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._log.close()


@contextlib.contextmanager
def nats_server(directory: Path, settings: str = "") -> Iterator[NatsServer]:
    """A running server."""
    found = NatsServer(directory, settings)
    found.start()
    try:
        yield found
    finally:
        found.close()
