"""The daemon as a service: passed sockets, the watchdog, and life without any systemd."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.processes import listens, until
from support.rig import make_config, running
from support.waiting import GENEROUS_S

from gsmgw.client import Client


def write_config(directory: Path, name: str = "gsmgw.sock") -> Path:
    path = directory / "gsmgw.toml"
    path.write_text(
        f'[gateway]\nstate_dir = "{directory}/state"\nsocket = "{directory}/{name}"\n[modems]\ndiscover = false\n'
    )
    return path


def listening(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen()
    return listener


#: Does what systemd does for gsmgw.socket: the sockets are descriptors 3 and up, the variables name the process.
ACTIVATE = """
import os, sys
count, first = int(sys.argv[1]), int(sys.argv[2])
for number in range(count):
    os.dup2(first + number, 3 + number)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(count), LISTEN_FDNAMES="gsmgw.socket")
os.execv(sys.executable, [sys.executable, "-m", "gsmgw", "run", "--config", sys.argv[3]])
"""


@contextmanager
def activated(config: Path, listener: socket.socket) -> Iterator[subprocess.Popen[bytes]]:
    log = config.with_suffix(".log").open("wb")
    child = subprocess.Popen(
        [sys.executable, "-c", ACTIVATE, "1", str(listener.fileno()), str(config)],
        pass_fds=[listener.fileno()],
        stderr=log,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        log.close()


def test_it_serves_the_socket_that_it_is_passed_and_leaves_it_behind(tmp_path: Path) -> None:
    config, path = write_config(tmp_path), tmp_path / "gsmgw.sock"
    with listening(path) as listener, socket.socket(socket.AF_UNIX) as waiting:
        waiting.connect(str(path))  # before there is a daemon: it waits in the queue, and is answered
        waiting.sendall(b"GET /health/live HTTP/1.1\r\nHost: gsmgw\r\nConnection: close\r\n\r\n")
        with activated(config, listener) as child:
            waiting.settimeout(GENEROUS_S)
            assert b"200 OK" in waiting.recv(4096)
            child.send_signal(signal.SIGTERM)
            assert child.wait(GENEROUS_S) == 0
        assert path.is_socket()


def test_a_socket_of_another_place_does_not_replace_the_configured_one(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    with listening(tmp_path / "passed.sock") as listener, activated(config, listener):
        until(lambda: listens(tmp_path / "gsmgw.sock"))
        for name in ("passed.sock", "gsmgw.sock"):
            with Client(tmp_path / name) as client:
                until(lambda c=client: bool(c.stats()["version"]))  # type: ignore[misc]


def test_a_socket_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    with socket.socket(socket.AF_INET) as stranger, activated(config, stranger) as child:
        assert child.wait(GENEROUS_S) == 2
    assert "not a listening Unix stream socket" in config.with_suffix(".log").read_text()


@pytest.mark.skipif(shutil.which("systemd-socket-activate") is None, reason="systemd-socket-activate is not installed")
def test_a_first_client_starts_it(tmp_path: Path) -> None:
    config, path = write_config(tmp_path), tmp_path / "gsmgw.sock"
    command = ["systemd-socket-activate", f"--listen={path}", sys.executable, "-m", "gsmgw", "run"]
    with (tmp_path / "log").open("wb") as log:
        child = subprocess.Popen([*command, "--config", str(config)], stdout=log, stderr=log)
        try:
            until(lambda: listens(path))
            with Client(path) as client:
                assert client.stats()["version"]
        finally:
            child.terminate()
            assert child.wait(GENEROUS_S) == 0


def test_without_systemd_it_runs_in_the_foreground_and_ends_on_sigterm(tmp_path: Path) -> None:
    config, path = write_config(tmp_path), tmp_path / "gsmgw.sock"
    environment = {name: value for name, value in os.environ.items() if name not in ("NOTIFY_SOCKET", "JOURNAL_STREAM")}
    with (tmp_path / "log").open("wb") as log:
        command = [sys.executable, "-m", "gsmgw", "run", "--config", str(config)]
        child = subprocess.Popen(command, stderr=log, env=environment, start_new_session=True)
        try:
            until(lambda: listens(path))
            second = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)
            assert second.returncode == 75
            assert "another gsmgw uses" in second.stderr
            child.send_signal(signal.SIGTERM)
            assert child.wait(GENEROUS_S) == 0
        finally:
            child.kill()
            child.wait()
    assert not path.exists()
    assert not (tmp_path / "state" / "gsmgw.db-wal").exists()
    assert "stopped" in (tmp_path / "log").read_text()


def test_what_it_keeps_is_for_its_user_alone_whatever_was_there_before(tmp_path: Path) -> None:
    config, path, state = write_config(tmp_path), tmp_path / "gsmgw.sock", tmp_path / "state"
    state.mkdir()
    state.chmod(0o750)
    (state / "gsmgw.lock").touch()
    (state / "gsmgw.lock").chmod(0o644)
    with (tmp_path / "log").open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "gsmgw", "run", "--config", str(config)], stderr=log, umask=0o022
        )
        try:
            until(lambda: listens(path))
            assert state.stat().st_mode & 0o777 == 0o700
            found = {entry.name: entry.stat().st_mode & 0o777 for entry in state.iterdir()}
            assert {"gsmgw.db", "gsmgw.db-wal", "gsmgw.db-shm", "gsmgw.lock"} <= set(found)
            assert set(found.values()) == {0o600}
            assert path.stat().st_mode & 0o777 == 0o660
        finally:
            child.terminate()
            assert child.wait(GENEROUS_S) == 0
    assert "permissions of group and others removed" in (tmp_path / "log").read_text()


@contextmanager
def started(config: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A gateway in the foreground, which answers on its socket."""
    with config.with_suffix(".log").open("wb") as log:
        child = subprocess.Popen([sys.executable, "-m", "gsmgw", "run", "--config", str(config)], stderr=log)
        try:
            until(lambda: listens(config.parent / "gsmgw.sock"))
            yield child
        finally:
            child.terminate()
            assert child.wait(GENEROUS_S) == 0


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ('socket_group = "nobodies"', "gateway.socket_group: the group 'nobodies' does not exist"),
        ('country = "Germany"', "gateway.country: must be a two-letter country code"),
        ('[[modem]]\nname = "a"\nport = "COM3"', "modem.port: 'COM3' is not valid: must be a path such as"),
        ('[webhooks]\nca_file = "/nowhere.pem"', "webhooks.ca_file: /nowhere.pem does not exist"),
    ],
)
def test_config_check_and_run_refuse_the_same_with_the_same_words(tmp_path: Path, lines: str, expected: str) -> None:
    config = tmp_path / "gsmgw.toml"
    config.write_text(f'[gateway]\nstate_dir = "{tmp_path}/state"\nsocket = "{tmp_path}/s"\n{lines}\n')
    said = []
    for words in (("config", "check"), ("run",)):
        command = [sys.executable, "-m", "gsmgw", *words, "--config", str(config)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 2, done
        said.append(done.stderr)
    assert said[0] == said[1]
    assert f"{config}: line " in said[0]
    assert expected in said[0]


def test_it_starts_with_a_warning_when_a_program_is_missing_that_may_come_later(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    config.write_text(config.read_text() + '\n[[hook]]\nname = "a"\ncommand = ["/no/such/program"]\n')
    command = [sys.executable, "-m", "gsmgw", "config", "check", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    problem = "hook.command: /no/such/program does not exist. Create it, or correct the path"
    assert (done.returncode, done.stdout) == (1, "")
    assert problem in done.stderr
    with started(config):
        assert problem in config.with_suffix(".log").read_text()


def test_signals_that_mean_nothing_here_do_not_end_it(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    with started(config) as child, Client(tmp_path / "gsmgw.sock") as client:
        for name in ("SIGUSR1", "SIGUSR2"):
            child.send_signal(signal.Signals[name])
            until(lambda name=name: f"signal ignored signal={name}" in config.with_suffix(".log").read_text())  # type: ignore[misc]
        assert client.stats()["version"]


def test_the_socket_is_served_while_a_port_is_in_use_and_the_port_once_it_is_free(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        config.write_text(config.read_text() + f'[api]\nlisten = "127.0.0.1:{port}"\n')
        with started(config), Client(tmp_path / "gsmgw.sock") as client:
            assert client.stats()["version"]
            until(lambda: "TCP listener not available" in config.with_suffix(".log").read_text())
            other.close()

            def answers() -> bool:
                with socket.socket() as probe:
                    return probe.connect_ex(("127.0.0.1", port)) == 0

            until(answers)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, 75),
        ("[gatway]\n", 2),
        ('[gateway]\nstate_dir = "{directory}/file/state"\n', 75),
        ('[gateway]\nstate_dir = "{directory}/state"\nsocket = "{directory}/file/sock"\n', 75),
        ('[gateway]\nstate_dir = "{directory}/state"\nsocket = "{directory}/' + "x" * 200 + '"\n', 2),
        ('[gateway]\nstate_dir = "{directory}/state"\n[modems]\nprofiles = "{directory}/not-mounted.toml"\n', 75),
    ],
    ids=["no file", "unknown key", "no state directory", "no place for the socket", "impossible socket", "no profiles"],
)
def test_2_is_for_what_the_file_says_and_75_for_what_may_pass(tmp_path: Path, text: str | None, code: int) -> None:
    (tmp_path / "file").touch()
    config = tmp_path / "gsmgw.toml"
    if text is not None:
        config.write_text(text.replace("{directory}", str(tmp_path)))
    command = [sys.executable, "-m", "gsmgw", "run", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr


class Notified:
    """The socket of a service manager, and what it was told."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)

    async def word(self, text: str) -> None:
        """Wait until it is told that."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(60):
            while text not in (await loop.sock_recv(self.socket, 4096)).decode().split("\n"):
                pass

    def drain(self) -> int:
        """How much was said and not yet heard."""
        count = 0
        try:
            while self.socket.recv(4096):
                count += 1
        except BlockingIOError:
            return count
        return count


@pytest.fixture
def notified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notified]:
    """A service manager that wants a sign of life each 0.4 s."""
    manager = Notified(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "400000")
    yield manager
    manager.socket.close()


async def silence(notified: Notified, rounds: int = 5) -> None:
    """Nothing is said for several times the interval, once what is under way has been said."""
    await asyncio.sleep(0.4)  # two intervals
    notified.drain()
    for _ in range(rounds):
        await asyncio.sleep(0.2)  # one interval
        assert notified.drain() == 0


async def test_the_watchdog_is_not_fed_while_the_writer_is_stuck(tmp_path: Path, notified: Notified) -> None:
    async with running(make_config(tmp_path, {})) as rig:
        await notified.word("WATCHDOG=1")
        gate = threading.Event()
        stuck = rig.gateway.store.write(lambda tx: gate.wait(GENEROUS_S))
        try:
            await silence(notified)
        finally:
            gate.set()
        await stuck
        await notified.word("WATCHDOG=1")


async def test_the_watchdog_is_not_fed_while_the_queue_is_stuck(
    tmp_path: Path, notified: Notified, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(make_config(tmp_path, {})) as rig:
        await notified.word("WATCHDOG=1")
        gate = asyncio.Event()
        read = rig.gateway.store.read_for_queue

        async def held(operation: Any) -> Any:
            await gate.wait()
            return await read(operation)

        monkeypatch.setattr(rig.gateway.store, "read_for_queue", held)
        try:
            await silence(notified)
        finally:
            gate.set()
        await notified.word("WATCHDOG=1")
