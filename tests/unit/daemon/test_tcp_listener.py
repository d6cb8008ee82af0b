"""A TCP listener that is not possible yet is tried again, and its reason is said once."""

from __future__ import annotations

import asyncio
import logging
import shutil
import socket
from pathlib import Path

import pytest

from gsmgw.clock import VirtualClock
from gsmgw.config.service import ApiSection
from gsmgw.daemon.tcp_listener import TcpListener

PEM = Path(__file__).parents[2] / "support" / "tls" / "receiver.pem"


async def test_a_certificate_that_comes_later(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    pem, clock = tmp_path / "both.pem", VirtualClock()
    door = TcpListener(ApiSection(listen=f"127.0.0.1:{port}", tls_cert=pem, tls_key=pem), clock)
    assert not door.open()
    assert "both.pem cannot be read" in (door.trouble or "")
    waiting = asyncio.create_task(door.wait())
    for _ in range(5):
        await clock.advance(60)
    assert len(caplog.messages) == 1
    pem.write_text("half of it")
    await clock.advance(60)
    assert len(caplog.messages) == 2
    shutil.copy(PEM, pem)
    await clock.advance(60)
    sockets, certificates = await waiting
    assert door.trouble is None
    assert certificates is not None
    assert sockets[0].getsockname()[1] == port
    sockets[0].close()


def test_an_address_that_is_not_up(caplog: pytest.LogCaptureFixture) -> None:
    door = TcpListener(ApiSection(listen="192.0.2.1:8775"), VirtualClock())  # RFC 5737
    assert not door.open()
    assert not door.open()
    assert len([said for said in caplog.messages if "192.0.2.1" in said]) == 1


def test_without_a_listener_nothing_is_missing() -> None:
    door = TcpListener(ApiSection(), VirtualClock())
    assert door.open()
    assert (door.sockets, door.trouble) == ([], None)
