"""The daemon and the simulator as processes of their own, to be killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from gsmgw.client import Client

START_TIMEOUT_S = 60.0
#: Runs a gateway whose clock is wrong.
APART = Path(__file__).with_name("apart.py")


class Process:
    """A child process of this Python with its output in a file."""

    def __init__(self, log: Path, *arguments: str, script: bool = False, environ: dict[str, str] | None = None) -> None:
        self._output = log.open("ab")
        self.child = subprocess.Popen(
            [sys.executable, *(() if script else ("-m",)), *arguments],
            stdout=self._output,
            stderr=self._output,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(environ or {})},
        )

    def signal(self, number: int) -> int:
        """Send a signal, wait for the end; the exit code."""
        self.child.send_signal(number)
        code = self.child.wait(START_TIMEOUT_S)
        self._output.close()
        return code

    def end(self) -> None:
        """Make sure that it is gone."""
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        self._output.close()


class Site:
    """A simulator that runs on, and a gateway over it that comes and goes."""

    def __init__(
        self,
        directory: Path,
        modems: int,
        gateway: str = "",
        simulator: tuple[str, ...] = (),
        modem: str = "",
        names: Sequence[str] = (),
        more: str = "",
        hours_apart: int = 0,
    ) -> None:
        self.directory = directory
        #: The gateway's clock differs by so much from that of this machine.
        self._hours_apart = hours_apart
        self.socket = directory / "gsmgw.sock"
        self.control = directory / "sim.sock"
        self.sim_log = directory / "sim.jsonl"
        self.config = directory / "gsmgw.toml"
        ports = "\n".join(
            f'[[modem]]\nname = "{name}"\nport = "{directory}/tty/modem{n}"\n{modem}'
            for n, name in enumerate(names or [f"m{n}" for n in range(modems)])
        )
        self.config.write_text(
            f'[gateway]\nstate_dir = "{directory}/state"\nsocket = "{self.socket}"\n{gateway}\n'
            f"[modems]\ndiscover = false\n{ports}\n{more}\n"
        )
        sim = ["hw_sim", "run", "--modems", str(modems), "--dir", f"{directory}/tty", "--control", str(self.control)]
        self.simulator: Process | None = None
        if modems:
            self.simulator = Process(directory / "sim.out", *sim, "--log", str(self.sim_log), *simulator)
            until((directory / "tty" / f"modem{modems - 1}").exists)
        self.gateway: Process | None = None

    def start(self) -> Client:
        """Start the gateway; a client of it once it answers."""
        program = (str(APART), str(self._hours_apart)) if self._hours_apart else ("gsmgw",)
        log, arguments = self.directory / "gateway.out", ("run", "--config", str(self.config))
        self.gateway = Process(log, *program, *arguments, script=bool(self._hours_apart))
        client = Client(self.socket)

        def answers() -> bool:
            assert self.gateway is not None
            assert self.gateway.child.poll() is None, (self.directory / "gateway.out").read_text()
            with socket.socket(socket.AF_UNIX) as probe:
                return probe.connect_ex(str(self.socket)) == 0

        until(answers)
        return client

    def send_until_death(self, messages: list[dict[str, Any]]) -> list[str]:
        """Send messages to a gateway that is about to die; the texts of those that it accepted."""
        accepted = self.send_until_cut(messages, None)
        assert self.gateway is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.gateway.child.wait(3)
        self.gateway.end()
        return accepted

    def send_until_cut(self, messages: list[dict[str, Any]], within_s: float | None) -> list[str]:
        """Send messages one by one until the gateway is gone or the time is over; the texts that it accepted."""
        assert self.gateway is not None
        child = self.gateway.child
        accepted = []

        def serves() -> bool:
            with socket.socket(socket.AF_UNIX) as probe:
                return child.poll() is not None or probe.connect_ex(str(self.socket)) == 0

        until(serves)
        deadline = None if within_s is None else time.monotonic() + within_s
        for message in messages:
            if deadline is not None and time.monotonic() > deadline and accepted:
                break
            with socket.socket(socket.AF_UNIX) as channel:
                channel.settimeout(60)
                try:
                    channel.connect(str(self.socket))
                    channel.sendall(_post(message))
                    if b" 202 " in channel.recv(65536).split(b"\r\n", 1)[0]:
                        accepted.append(str(message["text"]))
                except OSError:
                    break
        return accepted

    def fault(self, modem: str, kind: str, *options: str) -> None:
        """Inject a fault into a modem of the simulator."""
        command = [sys.executable, "-m", "hw_sim", "fault", "--control", str(self.control), modem, kind, *options]
        subprocess.run(command, check=True, capture_output=True)

    def inject(self, modem: str, sender: str, text: str) -> None:
        """Have a phone of the simulator send a text."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self.control))
            request = {"op": "send", "from": sender, "to": modem, "text": text}
            control.sendall(json.dumps(request).encode() + b"\n")
            control.recv(1000)

    def kill(self) -> None:
        """kill -9."""
        assert self.gateway is not None
        self.gateway.signal(signal.SIGKILL)

    def close(self) -> None:
        """End both."""
        if self.gateway is not None:
            self.gateway.end()
        if self.simulator is not None:
            self.simulator.end()

    def submits(self) -> list[dict[str, Any]]:
        """Return the submissions that the network took so far."""
        if not self.sim_log.exists():
            return []
        lines = self.sim_log.read_text().splitlines()
        return [entry for line in lines if line.endswith("}") and (entry := json.loads(line))["event"] == "submit"]

    def copies(self) -> Counter[str]:
        """How often the network took each text."""
        return Counter(entry["text"] for entry in self.submits())


def _post(body: dict[str, Any]) -> bytes:
    content = json.dumps(body).encode()
    head = (
        f"POST /v1/messages HTTP/1.1\r\nHost: gsmgw\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
    )
    return head.encode() + b"\r\nConnection: close\r\n\r\n" + content


@contextlib.contextmanager
def site(directory: Path, modems: int = 2, **options: Any) -> Iterator[Site]:
    """A site that leaves nothing behind."""
    place = Site(directory, modems, **options)
    try:
        yield place
    finally:
        place.close()


def until(condition: Callable[[], bool], timeout_s: float = START_TIMEOUT_S) -> None:
    """Wait until something is true of another process."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def listens(path: Path) -> bool:
    """Return True once a process listens at a Unix socket; its file is there a moment before (unix(7))."""
    rows = (line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:])
    accepting = 0x10000  # __SO_ACCEPTCON
    return any(int(row[3], 16) & accepting and row[-1] == str(path) for row in rows)


def first_events(client: Client, most: int) -> list[dict[str, Any]]:
    """The event log from its beginning to its present end."""
    last = client.stats()["last_event"]
    found = []
    for event in client.events(0):
        found.append(event)
        if event["id"] >= last or len(found) >= most:
            break
    return found


def open_files(pid: int) -> int:
    """How many descriptors a process has."""
    return len(os.listdir(f"/proc/{pid}/fd"))
