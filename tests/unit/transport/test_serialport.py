"""Serial ports, on real pseudo-terminals."""

from __future__ import annotations

import asyncio
import os
import time
import tty
from pathlib import Path

import pytest

from gsmgw.errors import PortError
from gsmgw.transport import open_port, port_present, same_node


class Receiver:
    def __init__(self) -> None:
        self.data = b""
        self.news = asyncio.Event()
        self.lost: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.news.set()

    def connection_lost(self, cause: Exception | None) -> None:
        self.lost.set_result(cause)


class Pty:
    def __init__(self) -> None:
        self.master, slave = os.openpty()
        tty.setraw(self.master)
        self.name = os.ttyname(slave)
        os.close(slave)

    def hang_up(self) -> None:
        if self.master >= 0:
            os.close(self.master)
            self.master = -1


@pytest.fixture
def pty() -> object:
    pty = Pty()
    yield pty
    pty.hang_up()


async def test_bytes_go_both_ways_unchanged(pty: Pty) -> None:
    receiver = Receiver()
    stream = await open_port(pty.name, receiver)
    every = bytes(range(256))
    stream.write(every)
    got = b""
    while len(got) < 256:
        got += os.read(pty.master, 1000)
    assert got == every
    os.write(pty.master, every)
    while len(receiver.data) < 256:
        receiver.news.clear()
        await asyncio.wait_for(receiver.news.wait(), 5)
    assert receiver.data == every
    await stream.close()
    assert receiver.lost.result() is None


async def test_hang_up_is_told_once_with_its_cause(pty: Pty) -> None:
    receiver = Receiver()
    stream = await open_port(pty.name, receiver)
    pty.hang_up()
    cause = await asyncio.wait_for(receiver.lost, 5)
    assert isinstance(cause, PortError)
    assert pty.name in str(cause)
    stream.write(b"into the void")
    await stream.close()
    await stream.close()


async def test_a_modem_that_reads_nothing_blocks_nobody(pty: Pty) -> None:
    receiver = Receiver()
    stream = await open_port(pty.name, receiver)
    started = time.monotonic()
    for _ in range(50):
        stream.write(b"x" * 10_000)
        await asyncio.sleep(0)
    await stream.close()
    assert time.monotonic() - started < 1.0
    assert receiver.lost.result() is None


async def test_a_port_is_opened_once(pty: Pty) -> None:
    stream = await open_port(pty.name, Receiver())
    with pytest.raises(PortError, match="in use by another"):
        await open_port(pty.name, Receiver())
    await stream.close()
    again = await open_port(pty.name, Receiver())
    await again.close()


async def test_what_is_no_port_is_said(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="does not exist"):
        await open_port(str(tmp_path / "none"), Receiver())
    plain = tmp_path / "plain"
    plain.write_text("")
    with pytest.raises(PortError, match="is not a serial port"):
        await open_port(str(plain), Receiver())
    with pytest.raises(PortError, match="socket://host:port"):
        await open_port("socket://nowhere", Receiver())
    with pytest.raises(PortError, match="cannot be reached"):
        await open_port("socket://127.0.0.1:1", Receiver())


async def test_tcp(tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(100))
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    receiver = Receiver()
    stream = await open_port(f"socket://127.0.0.1:{port}", receiver)
    stream.write(b"AT\r")
    assert isinstance(await asyncio.wait_for(receiver.lost, 5), PortError)
    assert receiver.data == b"AT\r"
    await stream.close()
    server.close()
    await server.wait_closed()


def test_presence(tmp_path: Path, pty: Pty) -> None:
    link = tmp_path / "modem0"
    assert not port_present(str(link))
    assert same_node(str(link)) is None
    link.symlink_to(pty.name)
    assert port_present(str(link))
    before = same_node(str(link))
    other = Pty()
    link.unlink()
    link.symlink_to(other.name)
    assert same_node(str(link)) != before
    other.hang_up()
    assert port_present("socket://127.0.0.1:1")


async def test_a_hundred_openings_leave_nothing(pty: Pty) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(100):
        stream = await open_port(pty.name, Receiver())
        await stream.close()
    assert len(os.listdir("/proc/self/fd")) == before
