"""A port as a TCP listener."""

from __future__ import annotations

import asyncio
import socket

from ..at.port import Port
from .base import discard
from .writer import DescriptorWriter


class TcpTransport:
    """A listener on 127.0.0.1 for one program at a time; further connections are closed."""

    def __init__(self, port: Port, host: str = "127.0.0.1", number: int = 0) -> None:
        self._loop = asyncio.get_running_loop()
        self._port = port
        self._listener = socket.create_server((host, number))
        self._listener.setblocking(False)
        self.path = "socket://{}:{}".format(*self._listener.getsockname()[:2])
        self._client: socket.socket | None = None
        self._writer: DescriptorWriter | None = None
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
        self._client, self._writer = client, DescriptorWriter(self._loop, client.fileno())
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
        self._port.send = discard
        self._hang_up()
        if self._listener.fileno() >= 0:
            self._loop.remove_reader(self._listener)
            self._listener.close()
