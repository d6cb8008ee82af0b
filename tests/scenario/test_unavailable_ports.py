"""A port that is there and cannot be opened: told apart from an absent one, reported once, with what helps."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import itertools
import json
import logging
import os
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import pytest
from support.modems import ScriptedPort, Sink
from support.modems import running as in_service
from support.rig import make_config, running

from gsmgw.clock import VirtualClock
from gsmgw.config import ModemSection
from gsmgw.errors import PortError, PortUnavailable
from gsmgw.model import ModemState
from gsmgw.modem import Modem
from gsmgw.modem.reconnect import UNAVAILABLE_PAUSES_S
from gsmgw.ports import ByteReceiver, ByteStream
from gsmgw.transport import open_port
from gsmgw.transport.opening_errors import opening_error
from hw_sim import Simulation

#: Another program that locks a port, as pyserial, picocom and gsmgw itself do, until its input ends.
HOLDER = """
import fcntl, os, sys
fcntl.flock(os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY), fcntl.LOCK_EX | fcntl.LOCK_NB)
print("locked", flush=True)
sys.stdin.read()
"""


class Receiver:
    """A receiver for a port that is never used."""

    def data_received(self, data: bytes) -> None:
        raise AssertionError

    def connection_lost(self, cause: Exception | None) -> None:
        """It was closed."""


@contextmanager
def held(path: Path) -> Iterator[int]:
    """A port that another program holds, whose PID is given."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        yield holder.pid


def opened(path: Path | str) -> list[str]:
    """Return the result of opening a port: the kind of the error, reason and cure; nothing when it could be opened."""

    async def attempt() -> list[str]:
        try:
            stream = await open_port(str(path), Receiver())
        except PortError as exc:
            return [type(exc).__name__, exc.title, getattr(exc, "cure", "")]
        await stream.close()
        return []

    return asyncio.run(attempt())


def opened_by_a_stranger(path: str) -> list[str]:
    """The same for a user without rights."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.closerange(3, writing)
            os.closerange(writing + 1, 1000)
            if os.geteuid() == 0:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
            os.write(writing, "|".join(opened(path)).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with open(reading, encoding="utf-8") as found:
        said = found.read()
    assert os.waitpid(child, 0)[1] == 0
    return said.split("|") if said else []


async def test_a_port_that_another_program_holds(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gsmgw")
    async with Simulation(seed=1, directory=tmp_path / "tty") as simulation:
        path = Path((await simulation.add_modem("modem0")).path)
        async with AsyncExitStack() as stack:
            pid = stack.enter_context(held(path))
            rig = await stack.enter_async_context(running(make_config(tmp_path, {"modem0": str(path)})))
            await rig.modem_is("modem0", "unavailable")
            detail = (await rig.client.modem("modem0"))["detail"]
            assert f"{path} is in use by another program: " in detail
            assert f"(PID {pid})" in detail
            assert "Stop that program" in detail
            assert "It is tried again at least every 60 s" in detail
            await asyncio.sleep(3)  # some more attempts
            assert (await rig.client.modem("modem0"))["detail"] == detail
            query = "SELECT data FROM events WHERE type = 'modem.state_changed' ORDER BY id"
            rows = await rig.gateway.store.read(lambda db: db.execute(query).fetchall())
            assert [json.loads(row[0])["state"] for row in rows] == ["probing", "unavailable"]
            warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
            assert len(warnings) == 1
            assert detail in warnings[0]
        async with running(make_config(tmp_path, {"modem0": str(path)})) as rig:
            await rig.modem_is("modem0", "ready")


async def test_a_port_is_used_soon_after_the_other_program_has_ended(tmp_path: Path) -> None:
    async with Simulation(seed=1, directory=tmp_path / "tty") as simulation:
        path = Path((await simulation.add_modem("modem0")).path)
        async with AsyncExitStack() as stack:
            with held(path):
                config = make_config(tmp_path, {"modem0": str(path)})
                rig = await stack.enter_async_context(running(config))
                await rig.modem_is("modem0", "unavailable")
            answer = await rig.client.modem("modem0", "reset")
            assert answer["state"] == "ready"


async def test_pauses_grow_to_a_minute_and_a_change_is_noticed_at_once(tmp_path: Path) -> None:
    node = tmp_path / "ttyUSB0"
    node.touch(mode=0o600)
    clock, sink = VirtualClock(settling_turns=60), Sink()
    tries: list[float] = []

    async def refuse(receiver: ByteReceiver) -> ByteStream:
        tries.append(clock.monotonic())
        raise PortUnavailable(f"no permission to open {node}", "Run: sudo adduser gsmgw dialout, then restart gsmgw.")

    modem = Modem(ModemSection(name="office", port=str(node)), sink, clock, make_opener=lambda port: refuse)
    async with in_service(modem):
        while clock.monotonic() < 400:
            await clock.advance(0.25)
        pauses = [round(later - sooner) for sooner, later in itertools.pairwise(tries)]
        assert pauses[-3:] == [60, 60, 60]
        assert len(tries) <= len(UNAVAILABLE_PAUSES_S) + 6
        assert [state for state, _ in sink.states] == [ModemState.PROBING, ModemState.UNAVAILABLE]
        assert sink.status is not None
        assert "no permission" in sink.status.detail
        assert "sudo adduser gsmgw dialout" in sink.status.detail
        before = len(tries)
        node.chmod(0o660)
        for _ in range(4):
            await clock.advance(0.25)
        assert len(tries) == before + 1
        node.unlink()
        for _ in range(8):
            await clock.advance(0.25)
        assert sink.status.state is ModemState.ABSENT


async def test_a_port_that_is_freed_within_a_moment_is_no_news(tmp_path: Path) -> None:
    """A port has no permissions for a moment after it is plugged in; ModemManager may look at it."""
    node = tmp_path / "ttyUSB0"
    node.touch()
    clock, sink, left = VirtualClock(settling_turns=60), Sink(), [PortUnavailable("no permission", "Wait.")] * 2
    port = ScriptedPort({"AT": "OK"})

    async def opener(receiver: ByteReceiver) -> ByteStream:
        if left:
            raise left.pop()
        return await port.open(receiver)

    async with in_service(Modem(ModemSection(name="a", port=str(node)), sink, clock, make_opener=lambda name: opener)):
        for _ in range(8):
            await clock.advance(0.25)
        assert port.opened == 1
        assert ModemState.UNAVAILABLE not in {state for state, _ in sink.states}


@pytest.mark.parametrize("what", ["file", "directory", "/dev/null"])
def test_what_is_not_a_serial_port(what: str, tmp_path: Path) -> None:
    path = {"file": tmp_path / "file", "directory": tmp_path, "/dev/null": Path("/dev/null")}[what]
    (tmp_path / "file").touch()
    kind, title, cure = opened(path)
    assert (kind, title) == ("PortUnavailable", f"{path} is not a serial port")
    assert "[[modem]]" in cure


def test_a_port_that_does_not_exist(tmp_path: Path) -> None:
    assert opened(tmp_path / "none")[:2] == ["PortError", f"{tmp_path / 'none'} does not exist"]


def test_a_port_without_permission() -> None:
    master, slave = os.openpty()
    try:
        name = os.ttyname(slave)
        os.chmod(name, 0o000)
        kind, title, cure = opened_by_a_stranger(name)
        assert (kind, title) == ("PortUnavailable", f"no permission to open {name}")
        assert f"sudo chmod g+rw {name}" in cure
        if os.geteuid() == 0:
            os.chmod(name, 0o660)
            assert "sudo adduser" in opened_by_a_stranger(name)[2]
    finally:
        os.close(master)
        os.close(slave)


def test_a_port_that_is_open_exclusively() -> None:
    """TIOCEXCL (ioctl_tty(2)): root is let in nevertheless, so another user tries."""
    master, slave = os.openpty()
    try:
        name = os.ttyname(slave)
        os.chmod(name, 0o666)
        fcntl.ioctl(slave, termios.TIOCEXCL)
        kind, title, cure = opened_by_a_stranger(name)
        assert kind == "PortUnavailable"
        assert title.startswith(f"{name} is in use by another program")
        assert cure
    finally:
        os.close(master)
        os.close(slave)


def test_errors_that_only_hardware_gives() -> None:
    titles = {code: opening_error("/dev/ttyX", OSError(code, os.strerror(code))) for code in (errno.EIO, errno.ENXIO)}
    assert "without a device" in titles[errno.EIO].title
    assert not isinstance(titles[errno.ENXIO], PortUnavailable)
    assert isinstance(opening_error("/dev/ttyX", OSError(errno.EPERM, "")), PortUnavailable)
    assert isinstance(opening_error("/dev/ttyX", OSError(errno.EMFILE, "Too many open files")), PortUnavailable)
