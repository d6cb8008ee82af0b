"""Speed of the simulator itself: messages per second over 64 modems and over one, CPU of an idle network.

The simulator runs as its own process on pseudo-terminals; the client here is as lean as a client can be.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import sys
import tempfile
import time
import tty
from collections.abc import AsyncIterator
from pathlib import Path

# SUBMIT with a status report request, "hellohello" to +46708251358
PDU = b"0031000B916407281553F80000AA0AE8329BFD4697D9EC37\x1a"
COMMAND = b"AT+CMGS=23\r"


class Pump:
    """Submits ``count`` messages over one tty, one after the other."""

    def __init__(self, path: str, count: int) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd)
        self.left = count
        self.heard = b""
        self.loop = asyncio.get_running_loop()
        self.done: asyncio.Future[None] = self.loop.create_future()
        self.loop.add_reader(self.fd, self.readable)
        self.await_mark = b"OK\r\n"
        self.say = COMMAND
        os.write(self.fd, b"ATE0\r")

    def readable(self) -> None:
        self.heard += os.read(self.fd, 65536)
        if self.await_mark not in self.heard:
            return
        self.heard = b""
        if self.await_mark == b"> ":
            os.write(self.fd, PDU)
            self.await_mark = b"OK\r\n"
            self.left -= 1
        elif self.left:
            os.write(self.fd, COMMAND)
            self.await_mark = b"> "
        else:
            self.loop.remove_reader(self.fd)
            os.close(self.fd)
            self.done.set_result(None)


@contextlib.asynccontextmanager
async def simulator(folder: Path, modems: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """``hw-sim run`` as a process, ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hw_sim", "run", "--modems", str(modems), "--dir", str(folder / "tty"),
        "--control", str(folder / "control"), "--seed", "1", "--log", str(folder / "log"),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    while b"ready" not in await process.stdout.readline():
        pass
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        await process.communicate()


def cpu_s(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def throughput(modems: int, each: int) -> tuple[float, float]:
    """Messages per second, and the simulator's CPU seconds per thousand messages."""
    with tempfile.TemporaryDirectory() as folder:
        async with simulator(Path(folder), modems) as process:
            before, start = cpu_s(process.pid), time.perf_counter()
            pumps = [Pump(f"{folder}/tty/modem{place}", each) for place in range(modems)]
            await asyncio.gather(*(pump.done for pump in pumps))
            taken, spent = time.perf_counter() - start, cpu_s(process.pid) - before
        lines = (Path(folder) / "log").read_bytes().splitlines()
        submitted = sum(line.startswith(b'{"event": "submit"') for line in lines)
        assert submitted == modems * each, f"{submitted} of {modems * each} in the log"
    return modems * each / taken, spent / (modems * each) * 1000


async def _at_rest(pid: int) -> float:
    """Return the processor time of a process once it has stopped to use much of it: the start is over."""
    before, now = -1.0, cpu_s(pid)
    while now - before > 0.02:
        await asyncio.sleep(0.3)  # between two looks
        before, now = now, cpu_s(pid)
    return now


async def idle(modems: int, seconds: float) -> float:
    """Share of one core that an idle network uses, in percent."""
    with tempfile.TemporaryDirectory() as folder:
        async with simulator(Path(folder), modems) as process:
            before = await _at_rest(process.pid)
            await asyncio.sleep(seconds)  # the span that is measured
            return (cpu_s(process.pid) - before) / seconds * 100


def main() -> None:
    """Print the figures."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    rate, cost = asyncio.run(throughput(64, 150))
    print(f"simulator, 64 modems: {rate:.0f} messages/s ({cost:.2f} s CPU per 1000 in the simulator); wanted 2000")
    rate, cost = asyncio.run(throughput(1, 3000))
    print(f"simulator, 1 modem:   {rate:.0f} messages/s ({cost:.2f} s CPU per 1000 in the simulator); wanted 1500")
    print(f"simulator, 64 modems idle: {asyncio.run(idle(64, 5)):.2f} % of one core; wanted below 2")


if __name__ == "__main__":
    main()
