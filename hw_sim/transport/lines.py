"""How the outside reaches a port: a pseudo-terminal, a TCP listener, or a pair of calls in the same process."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import socket
import termios
import tty
from collections import deque
from pathlib import Path
from typing import Protocol

from ..at.port import Port
from .inotify import CloseWatch

BACKLOG_LIMIT = 1 << 20  # octets kept for a reader that is slow; beyond it they are lost, as on a UART
STALE_S = 2.0  # and after so long without any reading all of it is, so that the next reader does not meet old news


class Line(Protocol):
    """A connection between a port and the outside."""

    path: str

    def close(self) -> None: ...


class _Writer:
    """Octets out of a descriptor: at once when it takes them, else when it is ready."""

    def __init__(self, loop: asyncio.AbstractEventLoop, fd: int) -> None:
        self._loop, self._fd = loop, fd
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._progress = 0.0

    def write(self, data: bytes) -> None:
        if self._waiting and self._loop.time() - self._progress > STALE_S:
            self._waiting.clear()
            self._size = 0
        if not self._waiting:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:
                pass
            except OSError:
                return
            if not data:
                return
            self._progress = self._loop.time()
            self._loop.add_writer(self._fd, self._drain)
        if self._size + len(data) <= BACKLOG_LIMIT:
            self._waiting.append(data)
            self._size += len(data)

    def _drain(self) -> None:
        while self._waiting:
            data = self._waiting[0]
            try:
                done = os.write(self._fd, data)
            except BlockingIOError:
                return
            except OSError:
                self._waiting.clear()
                break
            self._size -= done
            self._progress = self._loop.time()
            if done < len(data):
                self._waiting[0] = data[done:]
                return
            self._waiting.popleft()
        self._size = 0
        self._loop.remove_writer(self._fd)

    def close(self) -> None:
        self._loop.remove_writer(self._fd)
        self._waiting.clear()


class PtyLine:
    """A pseudo-terminal whose slave is linked at ``path``.

    The slave is held open here too, so that clients may come and go; ``close`` hangs up on them (they read
    EIO or the end) and takes the link away.
    """

    def __init__(self, port: Port, path: Path, watch: CloseWatch | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._port = port
        self.path = str(path)
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.device = os.ttyname(self._slave)
        self._writer = _Writer(self._loop, self._master)
        self._open = True
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(self.device)
        fresh.replace(path)
        self._loop.add_reader(self._master, self._readable)
        port.send = self._writer.write
        self._watch = watch
        self._watched = watch.add(self.device, self._unlock) if watch is not None else 0

    def _unlock(self) -> None:
        """A client closed the terminal; an exclusive lock goes with it (see ``closing``)."""
        fcntl.ioctl(self._slave, termios.TIOCNXCL)

    def _readable(self) -> None:
        try:
            data = os.read(self._master, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._port.receive(data)

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        self._port.send = _gone
        if self._watch is not None:
            self._watch.remove(self._watched)
        self._loop.remove_reader(self._master)
        self._writer.close()
        path = Path(self.path)
        with contextlib.suppress(OSError):
            if os.readlink(path) == self.device:
                path.unlink()
            if path.parent.name == "aux":
                path.parent.rmdir()
        os.close(self._master)
        os.close(self._slave)


class TcpLine:
    """A listener on 127.0.0.1; one client at a time talks to the port, another one is turned away."""

    def __init__(self, port: Port, host: str = "127.0.0.1", number: int = 0) -> None:
        self._loop = asyncio.get_running_loop()
        self._port = port
        self._listener = socket.create_server((host, number))
        self._listener.setblocking(False)
        self.path = "socket://{}:{}".format(*self._listener.getsockname()[:2])
        self._client: socket.socket | None = None
        self._writer: _Writer | None = None
        self._loop.add_reader(self._listener, self._accept)
        port.send = self._send

    def _send(self, data: bytes) -> None:
        if self._writer is not None:
            self._writer.write(data)

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        if self._client is not None:
            client.close()
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client, self._writer = client, _Writer(self._loop, client.fileno())
        self._loop.add_reader(client, self._readable)

    def _readable(self) -> None:
        assert self._client is not None
        try:
            data = self._client.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._port.receive(data)
        else:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._client is not None and self._writer is not None:
            self._loop.remove_reader(self._client)
            self._writer.close()
            self._client.close()
            self._client = self._writer = None

    def close(self) -> None:
        self._port.send = _gone
        self._hang_up()
        if self._listener.fileno() >= 0:
            self._loop.remove_reader(self._listener)
            self._listener.close()


class MemoryLine:
    """A connection inside the process: ``write`` to the modem, ``read`` what it said."""

    def __init__(self, port: Port) -> None:
        self.path = ""
        self._port = port
        self._said = bytearray()
        self._arrived = asyncio.Event()
        port.send = self._take

    def _take(self, data: bytes) -> None:
        self._said += data
        self._arrived.set()

    def write(self, data: bytes) -> None:
        """Octets to the modem."""
        self._port.receive(data)

    def read(self) -> bytes:
        """Everything the modem said since the last look."""
        said = bytes(self._said)
        self._said.clear()
        self._arrived.clear()
        return said

    async def read_until(self, end: bytes, timeout: float = 5.0) -> bytes:
        """Everything up to and with ``end``; TimeoutError when it does not come (what came stays)."""
        async with asyncio.timeout(timeout):
            while (at := self._said.find(end)) < 0:
                self._arrived.clear()
                await self._arrived.wait()
        said = bytes(self._said[: at + len(end)])
        del self._said[: at + len(end)]
        return said

    def close(self) -> None:
        self._port.send = _gone


def _gone(data: bytes) -> None:
    """The line is closed."""
