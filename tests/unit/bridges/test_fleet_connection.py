"""The connection to a NATS server: a server that is too old is refused, with its version."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gsmgw.bridges.fleet.connection import Connection, Server, read_credentials
from gsmgw.bridges.fleet.failures import ConnectionLost


@asynccontextmanager
async def server_of(version: str) -> AsyncIterator[str]:
    """A server that says its version and answers pings."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        info = {"server_id": "x", "version": version, "headers": True, "max_payload": 1 << 20, "jetstream": True}
        writer.write(b"INFO " + json.dumps(info).encode() + b"\r\n")
        async for line in reader:
            if line.startswith(b"PING"):
                writer.write(b"PONG\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"nats://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("version", ["2.9.25", "2.10.4", "2.10.22"])
async def test_a_server_that_is_too_old(version: str) -> None:
    async with server_of(version) as url:
        connection = Connection(Server([url], "ulm"))
        with pytest.raises(ConnectionLost, match=f"the NATS server is {version}; at least 2.10.23 is needed"):
            await connection.open()


@pytest.mark.parametrize("version", ["2.10.23", "2.10.27", "2.11.0", "3.0.0"])
async def test_a_server_that_is_new_enough(version: str) -> None:
    async with server_of(version) as url:
        connection = Connection(Server([url], "ulm"))
        await connection.open()
        await connection.close()
        assert connection.lost.done()


def test_credentials(tmp_path: Path) -> None:
    assert read_credentials(None) == (None, None)
    file = tmp_path / "ulm.json"
    with pytest.raises(ConnectionLost, match="No such file"):
        read_credentials(file)
    for content in ("", "[]", '{"user": "ulm"}', "\x00"):
        file.write_text(content)
        with pytest.raises(ConnectionLost, match="is not a file that `gsmgw fleet add` has printed"):
            read_credentials(file)
    file.write_text('{"user": "ulm", "password": "secret"}')
    assert read_credentials(file) == ("ulm", "secret")
