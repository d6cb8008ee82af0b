"""The line between gateways and NATS server: with TLS, and as WebSocket."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

import pytest
from support.fleet import Fleet
from support.nats_server import nats_server

from gsmgw.bridges.fleet.connection import Connection, Server
from gsmgw.bridges.fleet.failures import ConnectionLost

ANNA = "+4915112345678"
CERTIFICATE = Path(__file__).parents[1] / "support" / "tls" / "localhost.pem"
_TLS = f'tls {{ cert_file: "{CERTIFICATE}", key_file: "{CERTIFICATE}" }}'


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _settings(scheme: str, port: int) -> str:
    """The part of the server's configuration that the guide adds for a scheme."""
    if scheme == "tls":
        return _TLS
    return f"websocket {{ listen: 127.0.0.1:{port}, {'no_tls: true' if scheme == 'ws' else _TLS} }}"


@pytest.mark.parametrize("scheme", ["tls", "ws", "wss"])
async def test_a_text_over_each_kind_of_line(tmp_path: Path, scheme: str) -> None:
    port = _free_port()
    with nats_server(tmp_path / "nats", _settings(scheme, port)) as server:
        url = f"{scheme}://localhost:{server.port if scheme == 'tls' else port}"
        fleet = Fleet(tmp_path, server)
        own = {"url": url, **({} if scheme == "ws" else {"ca_file": CERTIFICATE})}
        try:
            await fleet.begin(**own)
            await fleet.join("ulm", **own)
            sent = await fleet.hub.client.send(ANNA, "Hello")
            assert (await fleet.hub.ended(sent["id"]))["status"] == "delivered"
            server.kill()
            server.start()
            sent = await fleet.hub.client.send(ANNA, "Hello again")
            assert (await fleet.hub.ended(sent["id"]))["status"] == "delivered"
        finally:
            await fleet.end()


@pytest.mark.parametrize("scheme", ["tls", "wss"])
async def test_a_server_with_a_certificate_of_nobody_is_refused(tmp_path: Path, scheme: str) -> None:
    port = _free_port()
    with nats_server(tmp_path / "nats", _settings(scheme, port)) as server:
        url = f"{scheme}://localhost:{server.port if scheme == 'tls' else port}"
        connection = Connection(Server([url], "ulm"))
        with pytest.raises(ConnectionLost, match="certificate"):
            await connection.open()
        await connection.close()


async def test_a_port_without_websocket_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with nats_server(tmp_path / "nats") as server:
        connection = Connection(Server([server.url.replace("nats:", "ws:")], "ulm"))
        with caplog.at_level(logging.ERROR), pytest.raises(ConnectionLost, match="does not speak WebSocket"):
            await connection.open()
        await connection.close()
        assert caplog.text == ""
